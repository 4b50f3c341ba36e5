"""The geometry of the chart of unique opens over time, in the units of its viewBox."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

WIDTH, HEIGHT = 800, 240
_LEFT, _TOP, _RIGHT, _BOTTOM = 56, 16, 8, 32

# More labels than these would touch each other below the bars.
_MAX_DATES = 8


class Bar(NamedTuple):
    """The unique opens of a day, week or month."""

    begin: date
    opens: int
    x: float
    y: float
    width: float
    height: float


class Tick(NamedTuple):
    """A label on an axis."""

    label: date | int
    position: float


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


def make_chart(opens_by_date: Mapping[date, int]) -> Chart:
    """Return the chart of numbers of unique opens by the first day of each day, week or month."""
    top = _round_up(max(opens_by_date.values(), default=0))
    space = (WIDTH - _LEFT - _RIGHT) / max(1, len(opens_by_date))
    base, scale = HEIGHT - _BOTTOM, (HEIGHT - _TOP - _BOTTOM) / top
    bars = [
        Bar(begin, opens, _LEFT + index * space + space * 0.1, base - opens * scale, space * 0.8, opens * scale)
        for index, (begin, opens) in enumerate(opens_by_date.items())
    ]
    bars_per_label = max(1, math.ceil(len(bars) / _MAX_DATES))
    return Chart(
        bars=bars,
        dates=[Tick(bar.begin, bar.x + bar.width / 2) for bar in bars[::bars_per_label]],
        counts=[Tick(count, base - count * scale) for count in (0, top // 2, top)],
    )


def _round_up(number: int) -> int:
    """Return the next even number of one or two leading digits, so that half of it is a round number, too."""
    step: int = 2 * 10 ** max(0, len(str(number)) - 2)
    return max(2, math.ceil(number / step) * step)
