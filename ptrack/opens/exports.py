"""Files that are sent while they are made, however many hits are in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q
from django.http import HttpRequest, StreamingHttpResponse

from .models import StoredHit
from .selection import Selection

#: The number of hits that are read at a time.
CHUNK_SIZE = 2000

#: The number of lines that are sent at a time.
_LINES_SENT = 500

#: Without it spreadsheets take UTF-8 for an older encoding.
_BYTE_ORDER_MARK = "\ufeff"


def csv_response(request: HttpRequest, name: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Return the response with a CSV file, whose name is ``ptrack-`` and the name given."""
    pieces = _join(lines)
    return StreamingHttpResponse(
        # Django holds the whole file in memory if the iterator is not of the server's kind.
        _in_thread(pieces) if isinstance(request, ASGIRequest) else pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="ptrack-{name}.csv"'},
    )


def hits_in_chunks(selection: Selection, model: type[StoredHit], size: int = CHUNK_SIZE) -> Iterator[StoredHit]:
    """Yield the hits of pixels or of links by time, and read as few at a time as memory should hold.

    ``iterator()`` would not do: on MariaDB it fetches all hits at once.
    """
    time = selection.time
    hits, times = selection.of(model).order_by(time, "pk"), Selection(selection.window).of(model).order_by(time)
    later, first = Q(), Q()
    while True:
        # A database reads as many rows as it sorts. So the end of the chunk is found first, in an index.
        end = times.filter(first).values_list(time, flat=True)[size : size + 1].first()
        chunk = list(hits.filter(later if end is None else later & Q(**{f"{time}__lte": end}))[:size])
        yield from chunk
        if len(chunk) == size:
            later, first = _after(time, getattr(chunk[-1], time), chunk[-1].pk)
        elif end is not None:
            later = first = Q(**{f"{time}__gt": end})
        else:
            return


def _after(time: str, moment: datetime, key: UUID) -> tuple[Q, Q]:
    """Return the condition of the hits after one, and a wider one that an index answers."""
    not_before = Q(**{f"{time}__gte": moment})
    return not_before & (Q(**{f"{time}__gt": moment}) | Q(pk__gt=key)), not_before


def _join(lines: Iterable[str]) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    iterator = iter(lines)
    while piece := "".join(islice(iterator, _LINES_SENT)):
        yield piece


async def _in_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    read: Any = sync_to_async(next)
    while piece := await read(pieces, ""):
        yield piece
