"""Builds the URL of a pixel, and the ``<img>`` around it."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import conf
from ._tracebacks import without_locals
from ._urlconf import PixelPath, missing_script_prefix, pixel_path
from .encoder import current_encoder
from .exceptions import PtrackArgumentError, PtrackError

#: The number of characters above which clients and proxies may cut a URL. Internet Explorer,
#: and email clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

_RESERVED_NAMES = frozenset({"self", "request"})

# What reverse() leaves unquoted in a path, the sub-delims of RFC 3986 and "/~:@", except
# for "&" and "'", which HTML would have to escape.
_UNQUOTED = "!$()*+,;=/~:@"

logger = logging.getLogger("ptrack")


@without_locals
def pixel_url(*args: Any, **kwargs: Any) -> str:
    """Return the absolute URL of a pixel that carries the arguments.

    Takes ints and strings, unless ``ptrack.ptrack_encoder`` takes more. Logs a warning for
    a URL of over 2,000 characters.

    Raises:

    * ``PtrackArgumentError`` for other arguments, and for a keyword ``self`` or ``request``;
    * ``ImproperlyConfigured`` for a missing setting;
    * ``NoReverseMatch`` if the URLconf does not include ``ptrack.urls``;
    * ``PtrackError`` if a custom encoder returns no text.
    """
    if not _RESERVED_NAMES.isdisjoint(kwargs):
        raise PtrackArgumentError(
            "A ptrack argument is named 'self' or 'request', which record() could never receive: choose another name."
        )
    before, after = _around_token(conf.app_url(), pixel_path())
    url = f"{before}{_make_token(args, kwargs)}{after}"
    if len(url) > URL_MAX_LENGTH:
        logger.warning(
            "The URL of a pixel has %d characters; clients and proxies may cut it after %d. "
            "Pass shorter arguments, such as primary keys.",
            len(url),
            URL_MAX_LENGTH,
        )
    return url


@without_locals
def pixel_img(*args: Any, **kwargs: Any) -> SafeString:
    """Return the ``<img>`` of a pixel that carries the arguments, as safe HTML.

    Takes and raises the same as ``pixel_url``. This is what ``{% ptrack %}`` puts out.
    """
    # An empty alt keeps screen readers from reading the token aloud. No style hides the
    # image: some clients would then not request it.
    return format_html('<img src="{}" width=1 height=1 alt="">', pixel_url(*args, **kwargs))


@lru_cache
def _around_token(app_url: str, path: PixelPath) -> tuple[str, str]:
    """Return what stands before and after the token in every URL with this base and this path."""
    return app_url + missing_script_prefix(app_url, path.script_prefix) + path.prefix, path.suffix


def _make_token(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return the token of the arguments, quoted as in a URL."""
    encoder = current_encoder()
    token: object = encoder.encrypt(*args, **kwargs)
    if isinstance(token, bytes) and token.isascii():
        token = token.decode()
    if not isinstance(token, str):
        type_name = "bytes outside ASCII" if isinstance(token, bytes) else type(token).__name__
        raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {type_name}: it must return a str.")
    try:
        return quote(token, safe=_UNQUOTED)
    except UnicodeEncodeError:
        fault = "a character that UTF-8 cannot express"
    # Raised after the except clause: a UnicodeEncodeError holds the token and would become its context.
    raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {fault}: it must return text for a URL.")
