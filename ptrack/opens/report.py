"""Counts the hits of a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import models
from django.db.models import Count, Func, IntegerField, Max, Min, Q
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from ptrack.hits import HitKind

from .ages import Ages, median_of
from .arguments import Argument
from .fields import unescape
from .models import PixelHit
from .texts import ArgumentText
from .window import Window
from .words import printable

#: The number of groups that a report lists at most.
MAX_GROUPS = 100

#: The heading of the median time to open.
AGE_HEADING = "median time to open"

#: The headings of the cells of a group, without the heading of its label.
HEADINGS = ["unique opens", AGE_HEADING, *(kind.value for kind in HitKind), "all hits"]

# A chart has a bar per day up to this number of days, then a bar per week, and beyond the
# second number a bar per month. So it has about a hundred bars at most.
_MAX_DAILY, _MAX_WEEKLY = 100, 700


@dataclass(frozen=True)
class Group:
    """What the hits with one value of an argument add up to, or all hits."""

    label: str
    #: The number of pixels whose first open is in the window.
    opens: int
    #: The time from rendering to first open, or None if no pixel says when it was rendered.
    median_age: timedelta | None
    #: The number of hits of each kind.
    hits: dict[HitKind, int]

    @property
    def all_hits(self) -> int:
        """The number of hits of all kinds."""
        return sum(self.hits.values())

    @property
    def cells(self) -> list[Any]:
        """What stands under ``HEADINGS``: ints, but for the median, which is a ``timedelta`` or None."""
        return [self.opens, self.median_age, *self.hits.values(), self.all_hits]


@dataclass(frozen=True)
class Report:
    """What the admin page, the command and the CSV file show."""

    window: Window
    #: The argument that hits are grouped by, or None.
    by: Argument | None
    #: The groups with the most unique opens, at most ``MAX_GROUPS``.
    groups: list[Group]
    #: Whether there are more groups than those listed.
    has_more: bool
    #: All hits of the window.
    total: Group
    #: The number of unique opens by the first day of each day, week or month.
    opens_by_date: dict[date, int]


def hits_in(window: Window) -> models.QuerySet[PixelHit]:
    """Return the hits of a window, in no particular order."""
    begin, end = window.bounds()
    return PixelHit.objects.filter(at__gte=begin, at__lt=end).order_by()


def make_report(window: Window, by: Argument | None) -> Report:
    """Return the report on a window, grouped by an argument or, for None, not grouped.

    The number of queries does not depend on the number of hits and groups.
    """
    groups, has_more, counts = _count_by_value(window, by) if by else ([], False, hits_in(window).aggregate(**_COUNTS))
    return Report(
        window=window,
        by=by,
        groups=groups,
        has_more=has_more,
        total=_to_group("All", counts, _median_age(window)),
        opens_by_date=_count_by_date(window),
    )


class _SumOverGroups(Func):
    """The sum of an aggregate over all groups, also over those that LIMIT leaves out.

    SQL allows it, but Django's ``Window(Sum(...))`` refuses the sum of an aggregate.
    """

    template = "SUM(%(expressions)s) OVER ()"
    output_field = IntegerField()


# These count "kind" because an index holds it, so that a database need not read the rows.
_COUNTS: dict[str, Any] = {
    "opens": Count("first_open_of"),
    **{kind.value: Count("kind", filter=Q(kind=kind.value)) for kind in HitKind},
}
_TOTALS = {f"total_{name}": _SumOverGroups(name) for name in _COUNTS}


def _count_by_value(window: Window, by: Argument) -> tuple[list[Group], bool, dict[str, int]]:
    """Return the groups to list, whether there are more of them, and the counts of all hits."""
    hits: Any = hits_in(window).annotate(value=ArgumentText(by.key))
    counted = hits.values("value").annotate(**_COUNTS).annotate(**_TOTALS).order_by("-opens", "value")
    rows = list(counted[: MAX_GROUPS + 1])
    listed, has_more = rows[:MAX_GROUPS], len(rows) > MAX_GROUPS
    counts = {name: rows[0][f"total_{name}"] if rows else 0 for name in _COUNTS}
    firsts = hits.filter(first_open_of__isnull=False)
    if has_more:
        # SQL's IN never finds NULL.
        firsts = firsts.filter(Q(value__in=[row["value"] for row in listed]) | Q(value__isnull=True))
    medians = _median_ages(firsts, "value")
    groups = [_to_group(_to_label(row["value"]), row, medians.get((row["value"],))) for row in listed]
    return groups, has_more, counts


def _median_ages(firsts: Any, *by: str) -> dict[tuple[Any, ...], timedelta | None]:
    """Return the median ages of hits by the values of some columns."""
    rows = firsts.filter(age_bucket__isnull=False).values_list(*by, "age_bucket").order_by(*by, "age_bucket")
    buckets: dict[tuple[Any, ...], list[Ages]] = {}
    for *values, _, number, least, greatest in rows.annotate(number=Count("*"), least=Min("age"), greatest=Max("age")):
        buckets.setdefault(tuple(values), []).append(Ages(number, least, greatest))
    return {values: median_of(ages) for values, ages in buckets.items()}


def _median_age(window: Window) -> timedelta | None:
    return _median_ages(hits_in(window).filter(first_open_of__isnull=False)).get(())


def _count_by_date(window: Window) -> dict[date, int]:
    if window.days <= _MAX_DAILY:
        unit: Any = TruncDay
    elif window.days <= _MAX_WEEKLY:
        unit = TruncWeek
    else:
        unit = TruncMonth
    firsts = hits_in(window).filter(first_open_of__isnull=False)
    rows = firsts.annotate(begin=unit("at")).values("begin").annotate(opens=Count("*"))
    opens_by_date = dict.fromkeys(_begins(window, unit), 0)
    return opens_by_date | {row["begin"].date(): row["opens"] for row in rows}


def _begins(window: Window, unit: Any) -> Iterator[date]:
    """Yield for each day of a window the first day of its unit."""
    for number in range(window.days):
        day = window.since + timedelta(days=number)
        if unit is TruncWeek:
            yield day - timedelta(days=day.weekday())
        elif unit is TruncMonth:
            yield day.replace(day=1)
        else:
            yield day


def _to_group(label: str, counts: dict[str, int], median_age: timedelta | None) -> Group:
    return Group(label, counts["opens"], median_age, {kind: counts[kind.value] for kind in HitKind})


def _to_label(value: str | None) -> str:
    return "(none)" if value is None else printable(unescape(value))
