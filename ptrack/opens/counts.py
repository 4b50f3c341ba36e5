"""Counts the hits of pixels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Max, Min, Q, QuerySet, Value, When

from ptrack.hits import HitKind

from .ages import Ages, median_of
from .aggregates import BY_VALUE, count_with_totals, with_value
from .arguments import Argument

#: What is counted of hits.
COUNTS: dict[str, Any] = {
    "opens": Count("first_open_of"),
    "possible_opens": Count("first_possible_open_of"),
    **{kind.value: Count("kind", filter=Q(kind=kind.value)) for kind in HitKind},
}
NOTHING = dict.fromkeys(COUNTS, 0)

# MariaDB reads the index of the marker, and with it the whole table, for a filter that it can find there.
_IS_FIRST = Case(When(first_open_of=None, then=Value(False)), default=Value(True), output_field=BooleanField())


def count(hits: QuerySet[Any]) -> dict[str, int]:
    """Return the counts of hits."""
    return hits.aggregate(**COUNTS)


def count_by_value(
    hits: QuerySet[Any], by: Argument, limit: int
) -> tuple[dict[str | None, dict[str, int]], dict[str, int]]:
    """Return the counts of the values of an argument with the most unique opens, and those of all hits.

    Values are given as they are stored.
    """
    rows = list(count_with_totals(with_value(hits, by), COUNTS).order_by("-opens", BY_VALUE)[:limit])
    total = {name: rows[0][f"total_{name}"] for name in COUNTS} if rows else NOTHING
    return {row["value"]: row for row in rows}, total


def median_age(hits: QuerySet[Any]) -> timedelta | None:
    """Return the median age of the first opens among hits."""
    return _to_medians(_histogram(hits)).get(())


def median_ages(hits: QuerySet[Any], by: Argument, values: Iterable[str | None]) -> dict[Any, timedelta | None]:
    """Return the median ages of the first opens among hits by values of an argument, which are as they are stored."""
    values = list(values)
    is_listed = Q(value__in=[value for value in values if value is not None])
    if None in values:
        # SQL's IN never finds NULL.
        is_listed |= Q(value=None)
    medians = _to_medians(_histogram(with_value(hits, by).filter(is_listed), "value"))
    return {value: median for (value,), median in medians.items()}


def _histogram(hits: Any, *by: str) -> Any:
    """Return rows of values, and for each bucket of ages their number, the least and the greatest."""
    firsts = hits.annotate(is_first=_IS_FIRST).filter(is_first=True, age_bucket__isnull=False)
    return (
        firsts.values_list(*by, "age_bucket")
        .annotate(number=Count("pk"), least=Min(F("age")), greatest=Max(F("age")))
        .order_by(*by, "age_bucket")
    )


def _to_medians(histogram: Any) -> dict[tuple[Any, ...], timedelta | None]:
    buckets: dict[tuple[Any, ...], list[Ages]] = {}
    for *values, _, number, least, greatest in histogram:
        buckets.setdefault(tuple(values), []).append(Ages(number, least, greatest))
    return {values: median_of(ages) for values, ages in buckets.items()}
