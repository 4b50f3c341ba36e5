from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ptrack.opens.arguments import Argument, seen_arguments
from ptrack.opens.csv_files import report_lines
from ptrack.opens.report import HEADINGS, Report, make_report
from ptrack.opens.window import DEFAULT_DAYS, FIRST_DATE, LAST_DATE, Window, today
from ptrack.opens.words import humanize_duration


class Command(BaseCommand):
    help = "Prints what the stored hits add up to, for each value of one of the tag's arguments."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--by", help="the name of a keyword argument, or the position of a positional one (default: the first)"
        )
        parser.add_argument("--days", type=int, help=f"the number of days up to today (default: {DEFAULT_DAYS})")
        parser.add_argument("--since", type=_to_date, help="the first day, such as 2026-11-01")
        parser.add_argument("--until", type=_to_date, help="the last day (default: today)")
        parser.add_argument("--csv", action="store_true", help="print CSV, with times in seconds")

    def handle(
        self,
        *args: Any,
        by: str | None,
        days: int | None,
        since: date | None,
        until: date | None,
        csv: bool,
        **options: Any,
    ) -> None:
        report = make_report(_to_window(days, since, until), _to_argument(by))
        for line in report_lines(report) if csv else _table_lines(report):
            self.stdout.write(line, ending="" if csv else "\n")


def _to_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date: write it like 2026-11-01") from None


def _to_window(days: int | None, since: date | None, until: date | None) -> Window:
    if days is not None and (since or until):
        raise CommandError("--days does not go together with --since or --until: pass one or the other.")
    if days is not None and days < 1:
        raise CommandError(f"--days is {days}: pass a number of at least 1.")
    until = until or today()
    try:
        return Window.between(since or until - timedelta(days=(days or DEFAULT_DAYS) - 1), until)
    except OverflowError:
        problem = f"--until is {until}" if days is None else f"--days is {days}"
        raise CommandError(f"{problem}: pass days from {FIRST_DATE} to {LAST_DATE}.") from None
    except ValueError as error:
        raise CommandError(str(error)) from None


def _to_argument(by: str | None) -> Argument | None:
    arguments = seen_arguments()
    if by is None:
        return arguments[0] if arguments else None
    for argument in arguments:
        if by in (argument.name, argument.slug):
            return argument
    names = ", ".join(argument.name for argument in arguments)
    raise CommandError(f"No stored hit has an argument {by!r}. Choose one of these: {names or 'none'}.")


def _table_lines(report: Report) -> Iterator[str]:
    rows = [[str(report.by or ""), *HEADINGS]]
    for group in (*report.groups, report.total):
        opens, median_age, *hits = group.cells
        rows.append([group.label, str(opens), humanize_duration(median_age), *map(str, hits)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    yield f"Hits from {report.window.since} to {report.window.until}"
    yield ""
    for label, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([label.ljust(widths[0]), *aligned]).rstrip()
    if report.has_more:
        yield ""
        yield f"Only the {len(report.groups)} groups with the most unique opens are listed; the totals count them all."
