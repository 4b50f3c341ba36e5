"""Marks the first hits of pixels again, after hits were deleted or judged again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from ptrack import conf
from ptrack.hits import HitKind

from .batches import hits_to_change, repeat_conflicts
from .models import MARKERS, PixelHit, StoredHit
from .storing import is_late

#: A hit that was under way is stored by then, unless it is in a long transaction of somebody else.
SECONDS_UNDER_WAY = 1.0


def can_be_first(hit: StoredHit, column: str) -> bool:
    """Return whether a hit may have a marker, going by its kind and its age."""
    return HitKind(hit.kind) in MARKERS[column] and not is_late(hit.age)


def mark_first_hits(pixels: Iterable[UUID]) -> None:
    """Mark the first hit, by arrival, of each of these pixels that has hits which could be first, and none that is.

    Takes the ids of the pixels. Raises a conflict with a hit that arrives meanwhile.
    """
    hits = hits_to_change(PixelHit)
    of_pixels = hits.filter(_in_time(), pixel_id__in=set(pixels))
    for column, kinds in MARKERS.items():
        marked = hits.filter((column, OuterRef("pixel_id")))
        unmarked = of_pixels.filter(~Exists(marked), kind__in=kinds)
        # The last one of each pixel, here the earliest, stays in the dict.
        firsts = dict(unmarked.order_by("-at", "-pk").values_list("pixel_id", "pk"))
        if firsts:
            hits.filter(pk__in=firsts.values()).update(**{column: F("pixel_id")})


def _in_time() -> Q:
    """Return the condition that a hit is not late."""
    days = conf.opens_keep_days()
    return Q() if days is None else Q(age=None) | Q(age__lte=timedelta(days=days))


class LostMarkers:
    """The pixels whose marked hits went in a batch. They are looked at once more, a second later.

    A hit that was under way when its pixel lost the marker saw it there, and took none. So this is
    a context manager, which looks at the last ones when it is left.
    """

    def __init__(self) -> None:
        self._lost: deque[tuple[float, Sequence[UUID]]] = deque()

    def add(self, pixels: Sequence[UUID]) -> None:
        """Take the pixels of a batch that is committed, and look at those of earlier ones."""
        self._lost.append((time.monotonic(), pixels))
        while self._lost and self._lost[0][0] + SECONDS_UNDER_WAY <= time.monotonic():
            self._look_at_first()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._lost and (error is None or isinstance(error, KeyboardInterrupt)):
            time.sleep(max(0.0, self._lost[0][0] + SECONDS_UNDER_WAY - time.monotonic()))
            self._look_at_first()

    def _look_at_first(self) -> None:
        _, pixels = self._lost.popleft()
        repeat_conflicts(hits_to_change(PixelHit).db, lambda: mark_first_hits(pixels))
