"""The columns of a report, for the page, the command and the CSV file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext_lazy as _

from ptrack.hits import HitKind

from .groups import Group
from .report import Report
from .words import KINDS, humanize_duration, humanize_percents


class Column(NamedTuple):
    """One number of each group."""

    #: What identifies the column in URLs.
    key: str
    heading: Any
    #: Returns the number of a group: an int, a ``timedelta``, a rate from 0 to 1, a tuple of two rates, or None.
    of: Callable[[Group], Any]


def _kind(kind: HitKind) -> Column:
    return Column(kind.value, KINDS[kind], lambda group: group.hits[kind])


_RATES = (
    Column("sent", _("sent"), lambda group: group.sent),
    Column("open_rate", _("open rate"), lambda group: group.open_rate),
    Column("click_rate", _("click rate"), lambda group: group.click_rate),
)
_COUNTS = (
    Column("opens", _("unique opens"), lambda group: group.opens),
    Column("possible_opens", _("possible opens"), lambda group: group.possible_opens),
    Column("emails_clicked", _("emails clicked"), lambda group: group.emails_clicked),
    Column("perhaps_clicked", _("perhaps clicked"), lambda group: group.perhaps_clicked),
    Column("median_age", _("median time to open"), lambda group: group.median_age),
    *map(_kind, HitKind),
    Column("all_hits", _("hits of pixels"), lambda group: group.all_hits),
)


def columns_of(report: Report) -> tuple[Column, ...]:
    """Return the columns of a report, without that of its labels."""
    return (*_RATES, *_COUNTS) if report.has_rates else _COUNTS


def is_of_kind(column: Column) -> bool:
    """Return whether a column counts hits of one kind, which a table of its own shows."""
    return column.key in [*HitKind]


def humanize_number(value: Any) -> str:
    """Return a number of a group as people read it, or ``-`` for None."""
    if value is None or isinstance(value, timedelta):
        return humanize_duration(value)
    if isinstance(value, (float, tuple)):
        return humanize_percents(value)
    return floatformat(value, "0g")
