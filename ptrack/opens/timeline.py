"""Counts unique opens over time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField
from django.db.models.functions import TruncDay

from .aggregates import MANY
from .counts import first_opens
from .models import PixelHit
from .selection import Selection
from .window import Unit


def count_by_date(selection: Selection) -> dict[date, int] | None:
    """Return the numbers of unique opens by the first day of each unit of a window, all units included.

    Returns None if the database does not know the current time zone.
    """
    day = TruncDay(selection.time, output_field=DateField())
    rows: Any = first_opens(selection.of(PixelHit)).annotate(day=day).values_list("day").annotate(opens=Count("pk"))
    # Days are added up here, for databases take long to tell the weeks of a million hits.
    opens_by_day = dict(rows[:MANY])
    if None in opens_by_day:
        return None
    window = selection.window
    opens_by_date: dict[date, int] = {}
    for number in range(window.days):
        day_of_window = window.since + timedelta(days=number)
        begin = _begin_of(day_of_window, window.unit)
        opens_by_date[begin] = opens_by_date.get(begin, 0) + opens_by_day.get(day_of_window, 0)
    return opens_by_date


def _begin_of(day: date, unit: Unit) -> date:
    match unit:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)
    return day
