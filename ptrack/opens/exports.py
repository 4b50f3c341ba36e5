"""Sends CSV files while they are made, however many hits are in them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

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


def _join(lines: Iterable[str]) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    iterator = iter(lines)
    while piece := "".join(islice(iterator, _LINES_SENT)):
        yield piece


async def _in_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    read: Any = sync_to_async(next)
    while piece := await read(pieces, ""):
        yield piece
