"""Knows how long an application takes for tokens of any length."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable

from .applications import Caller

#: What a token may take, as a multiple of what is usual for its length.
SLOWEST = 10
#: Before each try a pause in seconds, for somebody else's work may take longer than a few calls; after it, the
#: ratio that is good enough.
TRIES = [(0.0, SLOWEST / 2)] * 6 + [(0.01, SLOWEST)] * 44


class Pace:
    def __init__(self, caller: Caller, tokens: Iterable[str]) -> None:
        """Take an application, and the tokens that show what is usual."""
        self._caller = caller
        taken: dict[int, list[int]] = defaultdict(list)
        for token in tokens:
            taken[len(token).bit_length()].append(caller.time(token))
        self._medians = {bits: statistics.median(times) for bits, times in taken.items()}
        # What short tokens take does not depend on their length.
        per_character = [nanoseconds / 2**bits for bits, times in taken.items() if bits > 5 for nanoseconds in times]
        self._per_character = statistics.median(per_character)

    def usual(self, length: int) -> float:
        """Return the nanoseconds that a token of a length may be expected to take.

        It is the median of those of about its length, or what so many characters take at the
        median time per character, if that is more.
        """
        return max(self._medians.get(length.bit_length(), 0), length * self._per_character)

    def ratio(self, token: str) -> float | None:
        """Return how many times as long as usual a token takes, or ``None`` if it is ``SLOWEST`` or more.

        A token that takes long is tried again: it may have been the machine.
        """
        usual = self.usual(len(token))
        ratios = ((self._time(token, pause) / usual, enough) for pause, enough in TRIES)
        return next((ratio for ratio, enough in ratios if ratio < enough), None)

    def _time(self, token: str, pause: float) -> int:
        time.sleep(pause)
        return self._caller.time(token)
