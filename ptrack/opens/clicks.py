"""Counts clicks: for a report, emails with a click matter more than clicks."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Value, When

from ptrack.hits import HitKind

from .aggregates import BY_VALUE, count_all, count_with_totals, with_value
from .arguments import Argument
from .texts import ExactText

#: The number of destinations that a report lists at most.
MAX_LINKS = 100

_BY_PERSON = Q(kind=HitKind.PERSON.value)
_PERHAPS_BY_PERSON = Q(kind__in=[HitKind.PERSON.value, HitKind.UNKNOWN.value])

_EMAILS = {
    "surely": Count("email_id", distinct=True, filter=_BY_PERSON),
    "perhaps": Count("email_id", distinct=True),
}


class Clicks(NamedTuple):
    """The number of emails with clicks."""

    #: With a click by a person.
    emails_clicked: int = 0
    #: With a click by somebody unknown, and none by a person.
    perhaps_clicked: int = 0

    @classmethod
    def of(cls, counts: dict[str, int], prefix: str = "") -> Clicks:
        """Take a row of counts, and what its names begin with."""
        surely = counts[f"{prefix}surely"]
        return cls(surely, counts[f"{prefix}perhaps"] - surely)


class LinkGroup(NamedTuple):
    """What the clicks on one link add up to. Those by machines are left out."""

    #: The destination.
    url: str
    #: The number of emails with a click by a person.
    emails_clicked: int
    #: The number of emails with a click by somebody unknown, and none by a person.
    perhaps_clicked: int
    #: The number of clicks by persons.
    clicks: int


def count_clicks(hits: QuerySet[Any]) -> Clicks:
    """Return what the clicks among hits add up to."""
    return Clicks.of(count_all(hits.filter(_PERHAPS_BY_PERSON), _EMAILS))


def count_clicks_by_value(
    hits: QuerySet[Any], by: Argument, listed: list[str | None], limit: int
) -> tuple[dict[str | None, Clicks], Clicks]:
    """Return the clicks by values of an argument, and those of all values.

    The values that are listed already come first, then those with the most clicks; ``limit`` is
    the number of all of them at most. Values are taken and given as they are stored.
    """
    known = Q(value__in=[value for value in listed if value is not None])
    if None in listed:
        known |= Q(value=None)
    order = Case(When(known, then=Value(0)), default=Value(1), output_field=IntegerField())
    # An email has one value, so its emails are counted by value and added up.
    counted = count_with_totals(with_value(hits.filter(_PERHAPS_BY_PERSON), by), _EMAILS)
    rows = list(counted.order_by(order, "-surely", "-perhaps", BY_VALUE)[:limit])
    total = Clicks.of(rows[0], prefix="total_") if rows else Clicks()
    return {row["value"]: Clicks.of(row) for row in rows}, total


def count_clicks_by_link(hits: QuerySet[Any]) -> list[LinkGroup]:
    """Return the destinations that were clicked in the most emails."""
    counted: Any = hits.filter(_PERHAPS_BY_PERSON).annotate(destination=ExactText(F("url"))).values("destination")
    counted = counted.annotate(clicks=Count("pk", filter=_BY_PERSON), **_EMAILS)
    rows = counted.order_by("-surely", "-perhaps", "-clicks", "destination")[:MAX_LINKS]
    return [LinkGroup(row["destination"], *Clicks.of(row), row["clicks"]) for row in rows]
