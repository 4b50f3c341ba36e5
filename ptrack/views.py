"""The view behind every pixel's address: decode, record, respond."""

from __future__ import annotations

import logging
import time
from asyncio import CancelledError
from collections.abc import Callable
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import ResponseHeaders

from .encoder import current_encoder
from .hits import Hit
from .trackers import tracker

#: A transparent GIF of one pixel, 43 bytes.
TRANSPARENT_1_PIXEL_GIF = (
    b"GIF89a"
    b"\x01\x00\x01\x00\x80\x00\x00"  # 1x1, a palette of two colours
    b"\x00\x00\x00\xff\xff\xff"
    b"!\xf9\x04\x01\x00\x00\x00\x00"  # colour 0 is transparent
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00"
    b"\x02\x02D\x01\x00"  # colour 0, compressed
    b";"
)

#: Characters. Longer tokens are not decoded: twice the 8 KB that common servers take as a request line.
TOKEN_MAX_LENGTH = 16_384

#: All but these are answered with 405.
ANSWERED_METHODS = ("GET", "HEAD")

_PROTOTYPE = HttpResponse(
    headers={
        "Content-Type": "image/gif",
        "Content-Length": str(len(TRANSPARENT_1_PIXEL_GIF)),
        # Nobody keeps a copy, so that every open reaches the server.
        "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
        # Pages under a strict Cross-Origin-Embedder-Policy load only what allows it.
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Robots-Tag": "noindex",
    }
)

#: What every answer to GET and HEAD says, as names and values.
HEADERS = list(_PROTOTYPE.items())

logger = logging.getLogger("ptrack")


class PixelResponse(HttpResponse):
    """The answer to every hit, whatever its token was: an ``HttpResponse`` like any other."""

    def __init__(self, content: bytes) -> None:
        # Taken over from one that Django made and checked. Made anew, the response takes
        # longer than decrypting the token. What can be changed is made anew all the same.
        vars(self).update(vars(_PROTOTYPE))
        self.headers = ResponseHeaders.__new__(ResponseHeaders)
        self.headers._store = _PROTOTYPE.headers._store.copy()
        self.cookies = SimpleCookie()
        self._resource_closers: list[Any] = []
        self._container = [content]


@login_not_required
def serve_pixel(request: HttpRequest, ptrack_encoded_data: str) -> HttpResponse:
    """Answer GET with the picture, after running the registered pixels for the token; HEAD runs none.

    The picture is returned whatever the token was. Other methods are answered with status 405.
    """
    if request.method in ANSWERED_METHODS:
        return PixelResponse(answer(request.method, ptrack_encoded_data, lambda: request))
    response = HttpResponseNotAllowed(ANSWERED_METHODS)
    # Django's handler would log the path, and the token with it.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def answer(method: str, token: str, get_request: Callable[[], HttpRequest]) -> bytes:
    """Return the body of the answer to GET or HEAD, after recording the hit if it is one.

    Calls ``get_request`` only if a pixel needs the request.
    """
    if method == "HEAD":
        # Nothing is shown to anyone, so nothing is recorded.
        return b""
    record_hit(token, get_request)
    return TRANSPARENT_1_PIXEL_GIF


class _EveryDatabase(frozenset[str]):
    """The aliases of all databases, those that are added later included."""

    def __contains__(self, alias: object) -> bool:
        return True


# With ATOMIC_REQUESTS, the error of one pixel would undo the rows of the others.
# transaction.non_atomic_requests() sets this for one alias at a time.
serve_pixel._non_atomic_requests = _EveryDatabase()  # type: ignore[attr-defined]

# A POST without a CSRF token is refused by the view, not by the middleware, which logs the path.
serve_pixel.csrf_exempt = True  # type: ignore[attr-defined]


def record_hit(token: str, get_request: Callable[[], HttpRequest]) -> None:
    """Decode a token and run every registered pixel with what it holds, if it can be read.

    Calls ``get_request`` only if a pixel needs the request.
    Pixels that take the request find the ``ptrack.hits.Hit`` at ``request.ptrack``.
    """
    arrived = time.time()
    if len(token) > TOKEN_MAX_LENGTH:
        return
    try:
        args, kwargs = current_encoder().decrypt(token)
    except ImproperlyConfigured as error:
        # As text: the exception would bring along this frame, and the token in it.
        logger.error("A hit was not recorded: %s", str(error))
    except (Exception, CancelledError) as error:
        # Strangers send junk all day; at this level it costs nothing unless it is asked for.
        logger.debug("A token could not be read: %s", type(error).__name__)
    else:
        if isinstance(args, (list, tuple)) and isinstance(kwargs, dict):
            tracker.record(args, kwargs, partial(_with_hit, token, arrived, get_request))


def _with_hit(token: str, arrived: float, get_request: Callable[[], HttpRequest]) -> HttpRequest:
    request = get_request()
    # The headers, not the request, which would then refer to itself.
    request.ptrack = Hit(token, request.META, arrived)  # type: ignore[attr-defined]
    return request
