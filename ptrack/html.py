"""Puts a token into the address of a pixel, and the ``<img>`` around it."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.utils.html import escape
from django.utils.safestring import SafeString

from . import conf
from .address import current_address
from .encoder import PtrackEncoder, current_encoder
from .exceptions import PtrackArgumentError, PtrackError, without_locals

#: Characters. Internet Explorer, and mail clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

_RESERVED_NAMES = frozenset({"self", "request"})

# What reverse() leaves unquoted in a path, RFC 3986's sub-delims and "/~:@", less the two
# that HTML would have to escape.
_UNQUOTED = "!$()*+,;=/~:@"

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
    return "".join(_build_url(args, kwargs))


@without_locals
def pixel_img(*args: Any, **kwargs: Any) -> SafeString:
    """Return the ``<img>`` of a pixel that carries the arguments, safe HTML.

    Takes and raises the same as ``pixel_url``; this is what ``{% ptrack %}`` puts out.
    """
    # An empty alt keeps screen readers from reading the token aloud, and no style hides
    # the picture: some clients would then not load it.
    before, token, after = _build_url(args, kwargs)
    return SafeString(f'<img src="{_escape(before)}{token}{_escape(after)}" width=1 height=1 alt="">')


@lru_cache(maxsize=256)
def _escape(text: str) -> str:
    return escape(text)


def _build_url(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[str, str, str]:
    """Return the address in three parts, the token in the middle, as only that differs from mail to mail."""
    if not _RESERVED_NAMES.isdisjoint(kwargs):
        raise PtrackArgumentError(
            "A ptrack argument is named 'self' or 'request', which record() could never receive: choose another name."
        )
    address = current_address()
    before = conf.app_url() + address.before
    encoder = current_encoder()
    token = encoder.encrypt(*args, **kwargs)
    if encoder is not PtrackEncoder:
        token = quote(_to_text(token, encoder), safe=_UNQUOTED)
    length = len(before) + len(token) + len(address.after)
    if length > URL_MAX_LENGTH:
        logger.warning(
            "The address of a pixel has %d characters; clients and proxies may cut it after %d. "
            "Pass shorter arguments, such as primary keys.",
            length,
            URL_MAX_LENGTH,
        )
    return before, token, address.after


def _to_text(token: object, encoder: object) -> str:
    if isinstance(token, str):
        return token
    if isinstance(token, bytes) and token.isascii():
        return token.decode()
    kind = "bytes outside ASCII" if isinstance(token, bytes) else type(token).__name__
    raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {kind}: it must return a str.")
