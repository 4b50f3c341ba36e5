"""Deletes old hits and those of a person, in batches, so that hits that arrive need not wait long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from .batches import chunks, do_whole, hits_to_change, matching, pages
from .conditions import Condition
from .markers import LostMarkers, mark_first_hits
from .models import MODELS, PixelHit, StoredHit

#: How many passes are made at most where each finds hits that came meanwhile.
PASSES = 10


def old_hits(model: type[StoredHit], before: datetime) -> dict[tuple[str, ...], Any]:
    """Return the hits of emails that were rendered before a time, or that arrived before it if they do not tell.

    Takes the time as it is stored. Gives query sets by the columns in whose order an index has them.
    """
    hits = hits_to_change(model)
    return {
        ("issued_at", "at", "pk"): hits.filter(issued_at__lt=before),
        ("at", "pk"): hits.filter(issued_at=None, at__lt=before),
    }


def delete_old(before: datetime, size: int, tell: Callable[[int], None]) -> None:
    """Delete the hits that ``old_hits`` returns, in batches of a size.

    Tells the number of hits of each batch.
    """
    with LostMarkers() as lost:
        for model in MODELS:
            for columns, hits in old_hits(model, before).items():
                for page in pages(hits.only("pixel_id", *columns), *columns, size=size):
                    tell(_delete(model, page, lost))


def delete_matching(conditions: Sequence[Condition], size: int, tell: Callable[[int], None]) -> bool:
    """Delete the hits that meet all conditions, in batches of a size, until a pass through all hits finds none.

    Tells the number of hits of each batch. Returns whether the last pass that was made still found
    some, because such hits arrive without end.
    """
    with LostMarkers() as lost:
        return all(_delete_in_one_pass(conditions, size, tell, lost) for _ in range(PASSES))


def _delete_in_one_pass(
    conditions: Sequence[Condition], size: int, tell: Callable[[int], None], lost: LostMarkers
) -> bool:
    """Delete in one pass through the hits of both kinds, and return whether any were found."""
    is_any_found = False
    for model in MODELS:
        for hits in matching(hits_to_change(model).only("pixel_id"), conditions):
            for batch in chunks(list(hits), size):
                is_any_found = True
                tell(_delete(model, batch, lost))
    return is_any_found


def _delete(model: type[StoredHit], hits: Sequence[Any], lost: LostMarkers) -> int:
    """Delete hits, and let other hits of their pixels have the markers that go with them."""
    pixels = [hit.pixel_id for hit in hits]
    rows = hits_to_change(model)

    def batch() -> int:
        _, deleted = rows.filter(pk__in=[hit.pk for hit in hits]).delete()
        if model is PixelHit:
            mark_first_hits(pixels)
        return int(deleted.get(model._meta.label, 0))

    number = do_whole(rows.db, batch)
    if model is PixelHit:
        lost.add(pixels)
    return number
