"""Expressions that count groups of hits."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet, Value

from .arguments import Argument
from .texts import ArgumentText


class SumOverGroups(Func):
    """The sum of an aggregate over all groups, also over those that LIMIT leaves out.

    SQL allows it, but Django's ``Window(Sum(...))`` refuses the sum of an aggregate.
    """

    template = "SUM(%(expressions)s) OVER ()"
    output_field = IntegerField()


#: More rows than any of these queries has: a century has less than 600 buckets of ages. For a window MariaDB would read
#: the whole table; with a LIMIT below the number of its rows it takes the index.
MANY = 100_000

#: The order of groups with as many opens, or clicks: by value, hits without the argument last.
BY_VALUE = F("value").asc(nulls_last=True)


def with_value(hits: QuerySet[Any], by: Argument) -> Any:
    """Return hits whose ``value`` is that of an argument."""
    return hits.annotate(value=ArgumentText(by.key))


def count_with_totals(hits: Any, counts: dict[str, Any]) -> Any:
    """Return the counts of each value of hits, and as ``total_...`` those of all hits."""
    return hits.values("value").annotate(**counts).annotate(**{f"total_{name}": SumOverGroups(name) for name in counts})


def count_all(hits: QuerySet[Any], counts: dict[str, Any]) -> dict[str, int]:
    """Return the counts of all hits, like ``aggregate``, but with a LIMIT."""
    rows: Any = hits.annotate(all=Value(1)).values("all").annotate(**counts)[:1]
    return next(iter(rows), dict.fromkeys(counts, 0))
