"""Counts unique opens over time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField
from django.db.models.functions import Trunc

from .models import PixelHit
from .selection import Selection
from .window import Unit, Window


def count_by_date(selection: Selection) -> dict[date, int] | None:
    """Return the numbers of unique opens by the first day of each unit of a window, all units included.

    Returns None if the database does not know the current time zone.
    """
    unit = selection.window.unit
    # Not filtered by "first_open_of": MariaDB would then read the index of that column, which knows no times.
    begin = Trunc(selection.time, unit, output_field=DateField())
    rows: Any = selection.of(PixelHit).annotate(begin=begin).values_list("begin").annotate(opens=Count("first_open_of"))
    counted = dict(rows)
    if None in counted:
        return None
    return dict.fromkeys(_begins(selection.window, unit), 0) | counted


def _begins(window: Window, unit: Unit) -> Iterator[date]:
    """Yield for each day of a window the first day of its unit."""
    for number in range(window.days):
        day = window.since + timedelta(days=number)
        if unit == "week":
            yield day - timedelta(days=day.weekday())
        elif unit == "day":
            yield day
        else:
            yield day.replace(day=1, month=1 if unit == "year" else day.month)
