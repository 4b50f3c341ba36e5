"""The report on the hits of a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext

from .ages import median_of, merge
from .arguments import Argument
from .clicks import Clicks, LinkGroup, count_clicks, count_clicks_by_link, count_clicks_by_value
from .conditions import Condition
from .counts import NOTHING, count, count_ages, count_ages_by_value, count_by_value
from .fields import unescape
from .groups import Group, make_group, to_label
from .models import LinkHit, PixelHit
from .rates import add_rates, why_no_rates
from .selection import Selection
from .timeline import count_by_date
from .window import Unit, Window
from .words import natural_key

#: The number of groups that a report lists at most.
MAX_GROUPS = 100


@dataclass(frozen=True)
class Report:
    """What the admin page, the command and the CSV file show."""

    window: Window
    #: The argument that hits are grouped by, or None.
    by: Argument | None
    #: The condition that all hits meet, or None.
    where: Condition | None
    #: Whether the hits are those of emails that were rendered in the window, not those that arrived in it.
    by_rendering: bool
    #: The number of hits that arrived in the window and were left out, for it is not known when they were rendered.
    untimed: int
    #: The first day whose hits are all kept, if the window begins before it, or None.
    kept_since: date | None
    #: The groups with the most unique opens, at most ``MAX_GROUPS``.
    groups: list[Group]
    #: Whether there are more groups than those listed.
    has_more: bool
    #: All hits.
    total: Group
    #: The number of unique opens by the first day of each unit, or None if the database knows no time zones.
    opens_by_date: dict[date, int] | None
    #: What a bar of the chart stands for.
    unit: Unit
    #: Why the groups have no rates, for people to read; empty if they have, or if nobody asked for them.
    why_no_rates: str
    #: What the callable of ``PTRACK_OPENS_SENT`` got wrong, for people to read.
    problems: list[str]
    #: Clicks by destination, those with the most emails first, at most ``MAX_LINKS``.
    links: list[LinkGroup]

    @property
    def has_rates(self) -> bool:
        """Whether the groups may have rates."""
        return self.by_rendering and not self.why_no_rates


def make_report(window: Window, by: Argument | None, where: Condition | None = None) -> Report:
    """Return the report on a window, grouped by an argument or, for None, not grouped.

    Takes also the condition that all hits must meet. The number of queries does not depend on the
    number of hits and groups.
    """
    selection = Selection(window, where)
    hits, clicks = selection.of(PixelHit), selection.of(LinkHit)
    groups: list[Group] = []
    problems: list[str] = []
    if by is None:
        total = make_group(gettext("All"), None, count(hits), count_clicks(clicks), median_of(count_ages(hits)))
    else:
        groups, total = _count_groups(hits, clicks, by)
    groups, has_more = _sorted(groups)[:MAX_GROUPS], len(groups) > MAX_GROUPS
    reason = why_no_rates(selection, by) if selection.by_rendering else ""
    if by is not None and selection.by_rendering and not reason:
        # If there are more groups than those listed, nobody knows which other values have no hits.
        rated = add_rates(selection, by, groups, 0 if has_more else MAX_GROUPS - len(groups))
        groups, problems, has_more = _sorted(rated.groups), rated.problems, has_more or rated.has_more
        reason = rated.why_no_rates
    return Report(
        window=window,
        by=by,
        where=where,
        by_rendering=selection.by_rendering,
        untimed=selection.count_untimed(),
        kept_since=window.kept_since(),
        groups=groups,
        has_more=has_more,
        total=total,
        opens_by_date=count_by_date(selection),
        unit=window.unit,
        why_no_rates=reason,
        problems=problems,
        links=count_clicks_by_link(clicks),
    )


def _count_groups(hits: QuerySet[Any], clicks: QuerySet[Any], by: Argument) -> tuple[list[Group], Group]:
    """Return the groups to list and one more, if there are more of them, and that of all hits."""
    counts, total = count_by_value(hits, by, MAX_GROUPS + 1)
    clicks_by_value, total_clicks = count_clicks_by_value(clicks, by, [*counts], MAX_GROUPS + 1)
    ages = count_ages_by_value(hits, by, counts)
    all_ages = merge(ages.values()) if len(counts) <= MAX_GROUPS else count_ages(hits)
    # A reader whose email client shows no images may click, too.
    values = list(dict.fromkeys([*counts, *clicks_by_value]))[: MAX_GROUPS + 1]
    groups = []
    for value in values:
        text = None if value is None else unescape(value)
        found = counts.get(value, NOTHING), clicks_by_value.get(value, Clicks()), median_of(ages.get(value, {}))
        groups.append(make_group(to_label(text), text, *found))
    return groups, make_group(gettext("All"), None, total, total_clicks, median_of(all_ages))


def _sorted(groups: list[Group]) -> list[Group]:
    # The order is that of ``count_by_value``, but 9 comes before 10.
    return sorted(groups, key=lambda it: (-it.opens, -it.possible_opens, it.value is None, natural_key(it.value or "")))
