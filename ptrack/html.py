"""Builds the URL of a pixel, and the ``<img>`` around it."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import conf
from ._logging import log
from ._tracebacks import without_locals
from ._urlconf import pixel_path, script_prefix_to_add
from .encoder import current_encoder
from .exceptions import PtrackArgumentError, PtrackError

#: The number of characters above which clients and proxies may cut a URL. Internet Explorer,
#: and email clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

_RESERVED_NAMES = frozenset({"self", "request"})

# What RFC 3986 allows in a path, except for "&" and "'", which HTML would have to escape,
# and for ":", at which some gateways cut a URL.
_UNQUOTED = "!$()*+,;=/~@"

# Browsers and proxies remove such segments from a path.
_DOT_SEGMENTS = frozenset({".", ".."})


@without_locals
def pixel_url(*args: int | str, **kwargs: int | str) -> str:
    """Return the absolute URL of a pixel that carries the arguments.

    Takes ints and strings, unless ``ptrack.ptrack_encoder`` takes more. Logs a warning for
    a URL of over 2,000 characters.

    Raises:

    * ``PtrackArgumentError`` for other arguments, and for a keyword ``self`` or ``request``;
    * ``ImproperlyConfigured`` for a missing or bad setting;
    * ``NoReverseMatch`` if the URLconf does not include ``ptrack.urls``;
    * ``PtrackError`` if a custom encoder returns what cannot stand in a URL;
    * whatever a callable ``PTRACK_APP_URL`` raises.
    """
    if not _RESERVED_NAMES.isdisjoint(kwargs):
        raise PtrackArgumentError(
            "A ptrack argument is named 'self' or 'request', which record() could never receive: choose another name."
        )
    token = _make_token(args, kwargs)
    app_url, path = conf.app_url(*args, **kwargs), pixel_path()
    url = app_url + script_prefix_to_add(app_url, path.script_prefix) + path.prefix + token + path.suffix
    if len(url) > URL_MAX_LENGTH:
        log(
            logging.WARNING,
            "The URL of a pixel has %d characters; clients and proxies may cut it after %d. "
            "Pass shorter arguments, such as primary keys.",
            len(url),
            URL_MAX_LENGTH,
        )
    return url


@without_locals
def pixel_img(*args: int | str, **kwargs: int | str) -> SafeString:
    """Return the ``<img>`` of a pixel that carries the arguments, as safe HTML.

    Takes and raises the same as ``pixel_url``. This is what ``{% ptrack %}`` puts out.
    """
    # An empty alt keeps screen readers from reading the token aloud. No style hides the
    # image: some clients would then not request it.
    return format_html('<img src="{}" width=1 height=1 alt="">', pixel_url(*args, **kwargs))


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
        quoted = quote(token, safe=_UNQUOTED)
        fault = "a segment '.' or '..', which clients remove" if _DOT_SEGMENTS & set(token.split("/")) else None
    except UnicodeEncodeError:
        fault = "a character that UTF-8 cannot express"
    # Outside of the except clause, for the exception there holds the token.
    if fault:
        raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {fault}: it must return text for a URL.")
    return quoted
