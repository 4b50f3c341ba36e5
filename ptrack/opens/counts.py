"""Counts the hits of pixels."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Max, Min, Q, QuerySet, Value, When

from ptrack.hits import HitKind

from .ages import Ages, Histogram
from .aggregates import BY_VALUE, MANY, count_all, count_with_totals, with_value
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
    return count_all(hits, COUNTS)


def count_by_value(
    hits: QuerySet[Any], by: Argument, limit: int
) -> tuple[dict[str | None, dict[str, int]], dict[str, int]]:
    """Return the counts of the values of an argument with the most unique opens, and those of all hits.

    Values are given as they are stored.
    """
    rows = list(count_with_totals(with_value(hits, by), COUNTS).order_by("-opens", "-possible_opens", BY_VALUE)[:limit])
    total = {name: rows[0][f"total_{name}"] for name in COUNTS} if rows else NOTHING
    return {row["value"]: row for row in rows}, total


def count_ages(hits: QuerySet[Any]) -> Histogram:
    """Return the ages of the first opens among hits."""
    return _histograms(hits).get((), {})


def count_ages_by_value(hits: QuerySet[Any], by: Argument, values: Collection[str | None]) -> dict[Any, Histogram]:
    """Return the ages of the first opens among hits by values of an argument, which are as they are stored."""
    is_listed = Q(value__in=[value for value in values if value is not None])
    if None in values:
        # SQL's IN never finds NULL.
        is_listed |= Q(value=None)
    histograms = _histograms(with_value(hits, by).filter(is_listed), "value")
    return {value: histogram for (value,), histogram in histograms.items()}


def first_opens(hits: QuerySet[Any]) -> Any:
    """Return the first open of each pixel among hits."""
    return hits.annotate(is_first=_IS_FIRST).filter(is_first=True)


def _histograms(hits: QuerySet[Any], *by: str) -> dict[tuple[Any, ...], Histogram]:
    firsts: Any = first_opens(hits).filter(age_bucket__isnull=False)
    rows = firsts.values_list(*by, "age_bucket").annotate(
        number=Count("pk"), least=Min(F("age")), greatest=Max(F("age"))
    )
    histograms: dict[tuple[Any, ...], Histogram] = {}
    for *values, bucket, number, least, greatest in rows[:MANY]:
        histograms.setdefault(tuple(values), {})[bucket] = Ages(number, least, greatest)
    return histograms
