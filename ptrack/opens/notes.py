"""What must be known to read the numbers of a report."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext, ngettext

from .arguments import seen_arguments
from .conditions import Condition
from .report import Report
from .words import printable


def notes_of(report: Report) -> Iterator[str]:
    """Yield what is not among the numbers of a report, for people to read."""
    if report.where and not report.total.all_hits and (unknown := _unknown_argument(report.where)):
        yield unknown
        return
    if report.untimed:
        yield (
            ngettext(
                "%d hit that arrived on these days is left out: its email does not say when it was rendered.",
                "%d hits that arrived on these days are left out: their emails do not say when they were rendered.",
                report.untimed,
            )
            % report.untimed
        )
    if report.kept_since:
        yield (
            gettext("Hits of emails that were rendered before %s are deleted, as PTRACK_OPENS_KEEP_DAYS says.")
            % report.kept_since
        )
    if report.why_no_rates:
        yield report.why_no_rates


def _unknown_argument(condition: Condition) -> str | None:
    """Return what is said of a condition on an argument that no stored hit has, or None if one has it."""
    arguments = seen_arguments()
    if condition.argument in arguments:
        return None
    return gettext("No stored hit has an argument '%(name)s'. Begin the filter with one of these: %(names)s.") % {
        "name": printable(condition.argument.name),
        "names": ", ".join(argument.name for argument in arguments) or gettext("none"),
    }
