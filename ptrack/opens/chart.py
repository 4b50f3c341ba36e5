"""The geometry of the chart of unique opens over time, in the units of its viewBox."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from .window import Unit, Window

WIDTH, HEIGHT = 800, 240
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 16, 8, 32

# More labels than these would touch each other below the bars.
_MAX_DATES = 7

# Half the width of a date in the largest font, that of narrow screens.
_HALF_LABEL = 75

# How the first day of a bar is written: a month needs no day.
_DATE_FORMATS: dict[Unit, str] = {"day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


class Bar(NamedTuple):
    """The unique opens of a day, week, month or year."""

    #: The first and the last of its days that are in the window.
    begin: date
    end: date
    #: Whether others of its days are not.
    is_cut: bool
    opens: int
    x: float
    y: float
    width: float
    height: float


class Tick(NamedTuple):
    """A label on an axis."""

    label: str | int
    position: float
    #: Which part of the label is at the position, as SVG's ``text-anchor`` says it.
    anchor: str = "middle"


class Chart(NamedTuple):
    """The bars and axes that a template draws."""

    bars: list[Bar]
    dates: list[Tick]
    counts: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    base: int = HEIGHT - _BOTTOM

    @property
    def has_cut_bars(self) -> bool:
        """Whether the window ends within a week, month or year, or begins there."""
        return any(bar.is_cut for bar in self.bars)


def make_chart(opens_by_date: Mapping[date, int], unit: Unit, window: Window) -> Chart:
    """Return the chart of numbers of unique opens by the first day of each day, week, month or year of a window."""
    top = _round_up(max(opens_by_date.values(), default=0))
    space = (WIDTH - _LEFT - _RIGHT) / max(1, len(opens_by_date))
    base, scale = HEIGHT - _BOTTOM, (HEIGHT - _TOP - _BOTTOM) / top
    bars = []
    for index, (first, opens) in enumerate(opens_by_date.items()):
        last = _last_day(first, unit)
        bars.append(
            Bar(
                begin=max(first, window.since),
                end=min(last, window.until),
                is_cut=first < window.since or last > window.until,
                opens=opens,
                x=_LEFT + index * space + space * 0.1,
                y=base - opens * scale,
                width=space * 0.8,
                height=opens * scale,
            )
        )
    bars_per_label = max(1, math.ceil(len(bars) / _MAX_DATES))
    labels = [first.strftime(_DATE_FORMATS[unit]) for first in opens_by_date]
    return Chart(
        bars=bars,
        dates=[
            _to_tick(label, bar) for label, bar in zip(labels[::bars_per_label], bars[::bars_per_label], strict=True)
        ],
        counts=[Tick(count, base - count * scale) for count in (0, top // 2, top)],
    )


def _to_tick(label: str, bar: Bar) -> Tick:
    middle = bar.x + bar.width / 2
    if middle > WIDTH - _RIGHT - _HALF_LABEL:
        return Tick(label, WIDTH - _RIGHT, "end")
    return Tick(label, middle)


def _last_day(first: date, unit: Unit) -> date:
    if unit == "week":
        return first + timedelta(days=6)
    if unit == "month":
        return (first.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return first.replace(month=12, day=31) if unit == "year" else first


def _round_up(number: int) -> int:
    """Return the next even number of one or two leading digits, so that half of it is a round number, too."""
    step: int = 2 * 10 ** max(0, len(str(number)) - 2)
    return max(2, math.ceil(number / step) * step)
