"""The views of pixels and links: decode the token, run the callbacks, return the image or redirect."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from ._logging import log, must_escape, text_of
from .consent import may_record
from .destinations import is_good_location
from .encoder import DESTINATION, current_encoder, is_authenticated
from .hits import Hit, HitRequest
from .trackers import TrackingLink, tracker

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

#: The headers of an image, for GET and HEAD.
HEADERS = {
    "Content-Type": "image/gif",
    "Content-Length": str(len(TRANSPARENT_1_PIXEL_GIF)),
    # Nobody keeps a copy, so that every open reaches the server.
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
    # A page with a strict Cross-Origin-Embedder-Policy shows only images that allow it.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}

_NO_STORE = {"Cache-Control": HEADERS["Cache-Control"]}
_LINK_HEADERS = {
    **_NO_STORE,
    # The page that the reader comes to learns neither the token nor the host.
    "Referrer-Policy": "no-referrer",
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
        return _quiet(HttpResponseNotAllowed(ANSWERED_METHODS))
    return HttpResponse(answer(request.method, ptrack_encoded_data, lambda: request), headers=HEADERS)


@csrf_exempt
@login_not_required
def follow_link(request: HttpRequest, ptrack_encoded_data: str) -> HttpResponse:
    """Run the registered links for a token and redirect to the destination that it holds.

    HEAD redirects and runs no link. Other methods are answered with status 405, a token that
    cannot be read or does not lead anywhere with 404, and a broken setting with 503.
    """
    if request.method not in ANSWERED_METHODS:
        return _quiet(HttpResponseNotAllowed(ANSWERED_METHODS, headers=_NO_STORE))
    arrived = time.time()
    try:
        content = _read_link(ptrack_encoded_data)
    except BaseException as error:
        if must_escape(error):
            raise
        # That one says what to configure. The message of any other may hold what the token carries.
        fault = f": {text_of(error)}" if isinstance(error, ImproperlyConfigured) else ""
        log(logging.ERROR, "A link was not followed: %s%s", type(error).__name__, fault)
        return _quiet(HttpResponse(status=503, headers=_NO_STORE))
    if content is None:
        # Where the site's own URLconf has i18n_patterns(), LocaleMiddleware would redirect a 404 to a
        # path with a language, and Django would log what comes of that.
        request.urlconf = "ptrack.link_urls"
        return _quiet(HttpResponse(status=404, headers=_NO_STORE))
    location, args, kwargs = content
    if request.method == "GET" and may_record(args, kwargs):
        get_request = partial(_request_with_hit, ptrack_encoded_data, arrived, lambda: request, is_click=True)
        tracker.record((location, *args), kwargs, get_request, TrackingLink)
    return HttpResponse(status=302, headers={**_LINK_HEADERS, "Location": location})


def _read_link(token: str) -> tuple[str, Sequence[Any], dict[str, Any]] | None:
    """Return the destination and the arguments that a token holds, or None if it is no link of this site.

    Raises ``ImproperlyConfigured`` for a bad setting, and whatever a callable setting raises.
    """
    encoder = current_encoder()
    if not is_authenticated(encoder):
        raise ImproperlyConfigured(f"The encoder {encoder!r} does not say that its tokens are authenticated.")
    content = _read_token(token)
    if content is None or DESTINATION not in content[1]:
        return None
    args, kwargs = content
    arguments = {name: value for name, value in kwargs.items() if name != DESTINATION}
    return (kwargs[DESTINATION], args, arguments) if is_good_location(kwargs[DESTINATION]) else None


def _quiet(response: HttpResponse) -> HttpResponse:
    """Keep Django's handler from logging the path of a refused request, which holds the token."""
    # There is no public way to do it.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


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
    try:
        content = _read_token(token)
    except ImproperlyConfigured as error:
        # Only the message: a traceback would hold this frame and its token.
        log(logging.ERROR, "A hit was not recorded: %s", text_of(error))
        return
    # A link's token on the route of pixels records nothing.
    if content is not None and DESTINATION not in content[1] and may_record(*content):
        args, kwargs = content
        tracker.record(args, kwargs, partial(_request_with_hit, token, arrived, get_request))


def _read_token(token: str) -> tuple[Sequence[Any], dict[str, Any]] | None:
    """Return the arguments that a token holds, or None if it cannot be read.

    Raises ``ImproperlyConfigured`` for a bad setting.
    """
    if len(token) > TOKEN_MAX_LENGTH:
        return None
    try:
        args, kwargs = current_encoder().decrypt(token)
    except ImproperlyConfigured:
        raise
    except BaseException as error:
        if must_escape(error):
            raise
        # Strangers send junk all day, so this is said only to those who ask for it.
        log(logging.DEBUG, "A token could not be read: %s", type(error).__name__)
        return None
    return (args, kwargs) if isinstance(args, (list, tuple)) and isinstance(kwargs, dict) else None


def _request_with_hit(
    token: str, arrived: float, get_request: Callable[[], HttpRequest], *, is_click: bool = False
) -> HitRequest:
    request = cast(HitRequest, get_request())
    # The hit gets request.META, not the request, which would then refer to itself.
    request.ptrack = Hit(token, request.META, arrived, is_click=is_click, is_secure=request.is_secure())
    return request
