from __future__ import annotations

import itertools
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from ptrack.opens.arguments import Argument, default_argument, seen_arguments
from ptrack.opens.columns import Column, columns_of, humanize_number, is_of_kind
from ptrack.opens.commands import quiet_on_broken_pipe
from ptrack.opens.conditions import Condition
from ptrack.opens.csv_files import report_lines
from ptrack.opens.notes import notes_of
from ptrack.opens.rates import RANGE_EXPLANATION
from ptrack.opens.report import Report, make_report
from ptrack.opens.window import DEFAULT_DAYS, MAX_DAYS, Window
from ptrack.opens.words import printable, to_table

# A longer one would push the numbers off the terminal. CSV has them whole.
_MAX_LABEL = 80


class Command(BaseCommand):
    help = "Prints what the stored hits add up to, for each value of one of the tag's arguments."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--by",
            help="the name of a keyword argument, or the position of a positional one (default: the first with a name)",
        )
        parser.add_argument(
            "--where", action="append", help="count only the hits with one value of an argument, such as campaign=9"
        )
        parser.add_argument("--days", type=int, help=f"the number of days up to today (default: {DEFAULT_DAYS})")
        parser.add_argument("--since", type=_to_date, help="the first day, such as 2026-11-01")
        parser.add_argument("--until", type=_to_date, help="the last day (default: today)")
        parser.add_argument("--csv", action="store_true", help="print CSV, with times in seconds and rates in percent")

    def handle(
        self,
        *args: Any,
        by: str | None,
        where: list[str] | None,
        days: int | None,
        since: date | None,
        until: date | None,
        csv: bool,
        **options: Any,
    ) -> None:
        report = make_report(_to_window(days, since, until), _to_argument(by), _to_condition(where))
        with quiet_on_broken_pipe():
            if csv:
                for line in report_lines(report):
                    self.stdout.write(line, ending="")
                for note in _notes(report):
                    self.stderr.write(note)
            else:
                for line in _lines(report):
                    self.stdout.write(line)


def _to_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date: write it like 2026-11-01") from None


def _to_window(days: int | None, since: date | None, until: date | None) -> Window:
    if days is not None and (since or until):
        raise CommandError("--days does not go together with --since or --until: pass one or the other.")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise CommandError(f"--days is {days}: pass a number from 1 to {MAX_DAYS}.")
    try:
        return Window.choose(since, until, days)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _to_argument(by: str | None) -> Argument | None:
    arguments = seen_arguments()
    if by is None:
        return default_argument(arguments)
    for argument in arguments:
        if by in (argument.name, argument.slug):
            return argument
    names = ", ".join(argument.name for argument in arguments)
    raise CommandError(f"No stored hit has an argument {by!r}. Choose one of these: {names or 'none'}.")


def _to_condition(where: list[str] | None) -> Condition | None:
    if where is None:
        return None
    if len(where) > 1:
        raise CommandError(f"--where is given {len(where)} times: a report takes one condition.")
    try:
        return Condition.parse(where[0])
    except ValueError as error:
        raise CommandError(f"--where: {error}") from None


def _lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report for people."""
    days = {"since": report.window.since, "until": report.window.until}
    if report.by_rendering:
        yield _("Hits of emails rendered from %(since)s to %(until)s, whenever they arrived") % days
    else:
        yield _("Hits that arrived from %(since)s to %(until)s") % days
    if report.where is not None:
        yield _("Only hits with %s") % printable(str(report.where))
    columns = columns_of(report)
    for part in (itertools.filterfalse(is_of_kind, columns), filter(is_of_kind, columns)):
        yield ""
        yield from to_table(_rows(report, [*part]))
    if report.links:
        yield ""
        head = [_("clicks by destination"), _("emails clicked"), _("perhaps clicked"), _("clicks")]
        rows = [[_shorten(printable(url)), *map(str, numbers)] for url, *numbers in report.links]
        yield from to_table([head, *rows])
    for note in _notes(report):
        yield ""
        yield note


def _notes(report: Report) -> Iterator[str]:
    """Yield what must be known to read the numbers."""
    if report.has_more:
        yield (
            _("Only the %d groups with the most unique opens are listed; the totals count them all.")
            % len(report.groups)
        )
    yield from notes_of(report)
    if any(group.open_rate for group in report.groups):
        yield str(RANGE_EXPLANATION)
    yield from report.problems


def _rows(report: Report, columns: Sequence[Column]) -> Iterator[list[str]]:
    yield [str(report.by or ""), *(str(column.heading) for column in columns)]
    for group in (*report.groups, report.total):
        yield [_shorten(group.label), *(humanize_number(column.of(group)) for column in columns)]


def _shorten(label: str) -> str:
    return Truncator(label).chars(_MAX_LABEL, truncate="...")
