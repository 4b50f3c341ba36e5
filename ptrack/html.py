"""Puts a token into the address of a pixel, and the ``<img>`` around it."""

from __future__ import annotations

import logging
import sys
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django.utils.html import escape
from django.utils.safestring import SafeString

from . import conf
from .address import Address, current_address, mount_below
from .encoder import PtrackEncoder, current_encoder
from .exceptions import PtrackArgumentError, PtrackError
from .tracebacks import forget_locals, without_locals

#: Characters. Internet Explorer, and mail clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

_RESERVED_NAMES = frozenset({"self", "request"})

# What reverse() leaves unquoted in a path, RFC 3986's sub-delims and "/~:@", less the two
# that HTML would have to escape.
_UNQUOTED = "!$()*+,;=/~:@"

# What it returns needs no look. A test may patch it.
_encrypt_by_default = PtrackEncoder.encrypt

logger = logging.getLogger("ptrack")


@without_locals
def pixel_url(*args: Any, **kwargs: Any) -> str:
    """Return the absolute address of a pixel that carries the arguments.

    Takes ints and strings, unless ``ptrack.ptrack_encoder`` takes more. Logs a warning for
    an address of over 2,000 characters.

    Raises ``PtrackArgumentError`` for other arguments and for a keyword ``self`` or
    ``request``, ``ImproperlyConfigured`` for a missing setting, ``NoReverseMatch`` if
    ``ptrack.urls`` is not routed and ``PtrackError`` if a custom encoder returns no text.
    """
    token, place = _token_and_place(args, kwargs)
    return place.before + token + place.after


def pixel_img(*args: Any, **kwargs: Any) -> SafeString:
    """Return the ``<img>`` of a pixel that carries the arguments, safe HTML.

    Takes and raises the same as ``pixel_url``; this is what ``{% ptrack %}`` puts out.
    """
    # As without_locals() does, which would take longer than all that is done here.
    handled = sys.exception()
    try:
        token, place = _token_and_place(args, kwargs)
    except BaseException as error:
        del args, kwargs
        forget_locals(error, handled)
        raise
    return SafeString(place.img_start + token + place.img_end)


class _Place(NamedTuple):
    """What stands around a token, the same from mail to mail, and the characters that the token may have."""

    before: str
    after: str
    img_start: str
    img_end: str
    room: int


@lru_cache(maxsize=256)
def _place_for(app_url: str, address: Address) -> _Place:
    before = app_url + mount_below(app_url, address.mount) + address.before
    after = address.after
    # An empty alt keeps screen readers from reading the token aloud, and no style hides
    # the picture: some clients would then not load it.
    img_start, img_end = f'<img src="{escape(before)}', f'{escape(after)}" width=1 height=1 alt="">'
    return _Place(before, after, img_start, img_end, URL_MAX_LENGTH - len(before) - len(after))


def _token_and_place(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, _Place]:
    """Return the token of a pixel, and its place."""
    if not _RESERVED_NAMES.isdisjoint(kwargs):
        raise PtrackArgumentError(
            "A ptrack argument is named 'self' or 'request', which record() could never receive: choose another name."
        )
    place = _place_for(conf.app_url(), current_address())
    encoder = current_encoder()
    encrypt = encoder.encrypt
    token = encrypt(*args, **kwargs)
    if encrypt is not _encrypt_by_default:
        token = _quote(_to_text(token, encoder), encoder)
    if len(token) > place.room:
        logger.warning(
            "The address of a pixel has %d characters; clients and proxies may cut it after %d. "
            "Pass shorter arguments, such as primary keys.",
            URL_MAX_LENGTH - place.room + len(token),
            URL_MAX_LENGTH,
        )
    return token, place


def _quote(token: str, encoder: object) -> str:
    try:
        return quote(token, safe=_UNQUOTED)
    except UnicodeEncodeError:
        # Which would bring along the token.
        fault = "a character that UTF-8 cannot express"
    raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {fault}: it must return text for an address.")


def _to_text(token: object, encoder: object) -> str:
    if isinstance(token, str):
        return token
    if isinstance(token, bytes) and token.isascii():
        return token.decode()
    kind = "bytes outside ASCII" if isinstance(token, bytes) else type(token).__name__
    raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {kind}: it must return a str.")
