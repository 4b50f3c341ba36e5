"""Ages of hits in buckets, from which a median is counted without sorting the ages."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import NamedTuple

#: Each bucket is so many times as wide as the one before it. A median that is interpolated in its
#: bucket is at most half a bucket off, which is 2 %.
RATIO = 1.04


def to_bucket(age: timedelta) -> int:
    """Return the number of the bucket of an age: 0 below one second, then one for each step of 4 %."""
    seconds = age.total_seconds()
    return 0 if seconds < 1 else 1 + math.floor(math.log(seconds, RATIO))


class Ages(NamedTuple):
    """The ages in one bucket."""

    number: int
    least: timedelta
    greatest: timedelta

    def at(self, index: int) -> timedelta:
        """Return an age by its index in ascending order, as if the ages were spread evenly."""
        return self.least + (self.greatest - self.least) * (index / max(1, self.number - 1))

    def together_with(self, other: Ages) -> Ages:
        """Return these ages and those of the same bucket in another histogram."""
        least, greatest = min(self.least, other.least), max(self.greatest, other.greatest)
        return Ages(self.number + other.number, least, greatest)


#: Ages by the number of their bucket.
Histogram = dict[int, Ages]


def merge(histograms: Iterable[Histogram]) -> Histogram:
    """Return all the ages of some histograms."""
    merged: Histogram = {}
    for histogram in histograms:
        for bucket, ages in histogram.items():
            merged[bucket] = merged[bucket].together_with(ages) if bucket in merged else ages
    return merged


def median_of(histogram: Histogram) -> timedelta | None:
    """Return the median of ages, or None without any.

    It is exact for one age and for two. Otherwise it is less than 4 % off, and less than 2 %
    unless the ages of its bucket gather at one end.
    """
    buckets = [histogram[bucket] for bucket in sorted(histogram)]
    number = sum(bucket.number for bucket in buckets)
    if not number:
        return None
    return (_nth(buckets, (number - 1) // 2) + _nth(buckets, number // 2)) / 2


def _nth(buckets: Sequence[Ages], index: int) -> timedelta:
    ends = list(accumulate(bucket.number for bucket in buckets))
    position = bisect_right(ends, index)
    bucket = buckets[position]
    return bucket.at(index - ends[position] + bucket.number)
