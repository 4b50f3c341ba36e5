"""What one run measured, and the ratios between its figures."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

#: The packages, each measured in an environment of its own.
OURS, FORMER, RIVAL = "ptrack", "django-ptrack 3.0.0", "pytracking2, Fernet"
#: Further sites that answer over HTTP.
FAST, FAST_WITHOUT_SIGNALS = "ptrack, fast path", "ptrack, fast path without signals"
BARE, NO_DJANGO = "a bare view", "no Django at all"


@dataclass
class Results:
    """All that one run measured, round by round.

    ``in_process`` holds what measure.py printed, by package; ``over_http`` holds what h2load
    measured, by web server and site, and is empty without h2load.
    """

    in_process: dict[str, list[dict[str, Any]]]
    over_http: dict[str, dict[str, list[dict[str, float]]]]
    rounds: int

    def times(self, package: str, call: str) -> list[float]:
        """Return the time of a call in each round, in microseconds."""
        return [measured["times"][call] for measured in self.in_process[package]]

    def rates(self, server: str, site: str) -> list[float]:
        """Return the requests per second of a site in each round."""
        return [measured["rate"] for measured in self.over_http[server][site]]


class Ratio(NamedTuple):
    """The ratio of two medians, and the lowest and the highest ratio of a single round."""

    median: float
    lowest: float
    highest: float

    @property
    def cells(self) -> tuple[str, str]:
        return f"{self.median:.2f}", f"{self.lowest:.2f}-{self.highest:.2f}"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    by_round = [one / other for one, other in zip(ours, theirs, strict=True)]
    return Ratio(statistics.median(ours) / statistics.median(theirs), min(by_round), max(by_round))
