"""Expressions that count groups of hits."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet

from .arguments import Argument
from .fields import escape
from .texts import ArgumentText


class SumOverGroups(Func):
    """The sum of an aggregate over all groups, also over those that LIMIT leaves out.

    SQL allows it, but Django's ``Window(Sum(...))`` refuses the sum of an aggregate.
    """

    template = "SUM(%(expressions)s) OVER ()"
    output_field = IntegerField()


#: The order of groups with as many opens, or clicks: by value, hits without the argument last.
BY_VALUE = F("value").asc(nulls_last=True)


def with_value(hits: QuerySet[Any], by: Argument) -> Any:
    """Return hits whose ``value`` is that of an argument."""
    return hits.annotate(value=ArgumentText(escape(by.key) if isinstance(by.key, str) else by.key))


def count_with_totals(hits: Any, counts: dict[str, Any]) -> Any:
    """Return the counts of each value of hits, and as ``total_...`` those of all hits."""
    return hits.values("value").annotate(**counts).annotate(**{f"total_{name}": SumOverGroups(name) for name in counts})
