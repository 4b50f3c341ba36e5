from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ptrack.opens.csv_files import report_lines
from ptrack.opens.report import (
    DEFAULT_DAYS,
    FIRST_DATE,
    HEADINGS,
    LAST_DATE,
    MAX_GROUPS,
    Argument,
    Report,
    Window,
    make_report,
    seen_arguments,
    to_row,
    to_words,
)


class Command(BaseCommand):
    help = "Prints how many mails were opened, by the values of an argument of the tag."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", help="the name of the argument, or its number if it has none (default: the first)")
        parser.add_argument("--days", type=int, help=f"the days up to today (default: {DEFAULT_DAYS})")
        parser.add_argument("--since", type=_to_day, help="the first day, as in 2026-11-01")
        parser.add_argument("--until", type=_to_day, help="the last day (default: today)")
        parser.add_argument("--csv", action="store_true", help="print CSV, with times in seconds")

    def handle(self, *args: Any, by: str | None, csv: bool, **options: Any) -> None:
        report = make_report(_to_window(**options), _choose(by))
        for line in report_lines(report) if csv else _table_lines(report):
            self.stdout.write(line, ending="" if csv else "\n")


def _to_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day: write it as in 2026-11-01") from None


def _to_window(days: int | None, since: date | None, until: date | None, **options: Any) -> Window:
    if days is not None and (since or until):
        raise CommandError("--days goes without --since and --until: pass either.")
    if days is not None and days < 1:
        raise CommandError(f"--days is {days}: pass a number of at least 1.")
    until = until or Window.of_days(1).until
    try:
        return Window.between(since or until - timedelta(days=(days or DEFAULT_DAYS) - 1), until)
    except OverflowError:
        fault = f"--until is {until}" if days is None else f"--days is {days}"
        raise CommandError(f"{fault}: pass days from {FIRST_DATE} to {LAST_DATE}.") from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def _choose(by: str | None) -> Argument | None:
    arguments = seen_arguments()
    if by is None:
        return arguments[0] if arguments else None
    for argument in arguments:
        if by in (argument.name, argument.slug):
            return argument
    seen = ", ".join(argument.name for argument in arguments)
    raise CommandError(f"No hit has an argument {by!r}. There are: {seen or 'none'}.")


def _table_lines(report: Report) -> Iterator[str]:
    rows = [[str(report.by or ""), *HEADINGS]]
    for group in (*report.groups, report.total):
        label, opens, age, *hits = to_row(group)
        rows.append([label, str(opens), to_words(age), *map(str, hits)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield f"Opens from {report.window.since} to {report.window.until}"
    yield ""
    for label, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([label.ljust(widths[0]), *aligned]).rstrip()
    if report.has_more:
        yield ""
        yield f"The {MAX_GROUPS} with the most opens are listed; all of them are counted."
