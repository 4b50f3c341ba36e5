"""The view behind every pixel's URL: decode the token, run the pixels, return the image."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from ._logging import log, must_escape, text_of
from .encoder import current_encoder
from .hits import Hit, HitRequest
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

#: The headers of every answer to GET and HEAD.
HEADERS = {
    "Content-Type": "image/gif",
    "Content-Length": str(len(TRANSPARENT_1_PIXEL_GIF)),
    # Nobody keeps a copy, so that every open reaches the server.
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
    # A page with a strict Cross-Origin-Embedder-Policy shows only images that allow it.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}

#: All other methods are answered with status 405.
ANSWERED_METHODS = ("GET", "HEAD")

#: The number of characters above which a token is not decoded. The limit is twice the 8 KB that
#: common servers take as a request line.
TOKEN_MAX_LENGTH = 16_384


# The view itself refuses a POST: CsrfViewMiddleware would log its path.
@csrf_exempt
@login_not_required
def serve_pixel(request: HttpRequest, ptrack_encoded_data: str) -> HttpResponse:
    """Run the registered pixels for a token and return the image, whatever the token is.

    HEAD runs no pixel and gets the same headers. Other methods are answered with status 405.
    """
    if request.method not in ANSWERED_METHODS:
        refusal = HttpResponseNotAllowed(ANSWERED_METHODS)
        # Django's handler logs the path of a refused request, and the path holds the token.
        # There is no public way to prevent it.
        refusal._has_been_logged = True  # type: ignore[attr-defined]
        return refusal
    return HttpResponse(answer(request.method, ptrack_encoded_data, lambda: request), headers=HEADERS)


def answer(method: str, token: str, get_request: Callable[[], HttpRequest]) -> bytes:
    """Return the body of the answer to GET or HEAD. For GET, record the hit first.

    Calls ``get_request`` only if a pixel needs the request.
    """
    if method == "HEAD":
        # Nothing is shown to anyone, so nothing is recorded.
        return b""
    record_hit(token, get_request)
    return TRANSPARENT_1_PIXEL_GIF


def record_hit(token: str, get_request: Callable[[], HttpRequest]) -> None:
    """Decode a token and, if it can be read, run every registered pixel with the arguments that it holds.

    Calls ``get_request`` only if a pixel needs the request. Pixels that take the request find
    the ``ptrack.hits.Hit`` at ``request.ptrack``.
    """
    arrived = time.time()
    if len(token) > TOKEN_MAX_LENGTH:
        return
    try:
        args, kwargs = current_encoder().decrypt(token)
    except ImproperlyConfigured as error:
        # Only the message: a traceback would hold this frame and its token.
        log(logging.ERROR, "A hit was not recorded: %s", text_of(error))
    except BaseException as error:
        if must_escape(error):
            raise
        # Strangers send junk all day, so this is said only to those who ask for it.
        log(logging.DEBUG, "A token could not be read: %s", type(error).__name__)
    else:
        if isinstance(args, (list, tuple)) and isinstance(kwargs, dict):
            tracker.record(args, kwargs, partial(_request_with_hit, token, arrived, get_request))


def _request_with_hit(token: str, arrived: float, get_request: Callable[[], HttpRequest]) -> HitRequest:
    request = cast(HitRequest, get_request())
    # The hit gets request.META, not the request, which would then refer to itself.
    request.ptrack = Hit(token, request.META, arrived)
    return request
