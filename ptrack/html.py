"""Builds the URLs of pixels and links, and the ``<img>`` around that of a pixel."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import conf
from ._logging import log
from ._tracebacks import without_locals
from ._urlconf import LINK_ROUTE, PIXEL_ROUTE, route_path, script_prefix_to_add
from .consent import may_track
from .destinations import to_location
from .encoder import DESTINATION, PtrackEncoder, current_encoder, encrypt_with, is_authenticated
from .exceptions import PtrackArgumentError, PtrackError

#: The number of characters above which clients and proxies may cut a URL. Internet Explorer,
#: and email clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

# What RFC 3986 allows in a path, except for "&" and "'", which HTML would have to escape,
# and for ":", at which some gateways cut a URL.
_UNQUOTED = "!$()*+,;=/~@"

# Browsers and proxies remove such segments from a path.
_DOT_SEGMENTS = frozenset({".", ".."})


@without_locals
def pixel_url(*args: int | str, **kwargs: int | str) -> str:
    """Return the absolute URL of a pixel that carries the arguments.

    Takes ints and strings, unless ``ptrack.ptrack_encoder`` takes more. Logs a warning for
    a URL of over 2,000 characters. Returns an empty str if ``PTRACK_CONSENT`` says no.

    Raises:

    * ``PtrackArgumentError`` for other arguments, and for a keyword ``self`` or ``request``;
    * ``ImproperlyConfigured`` for a missing or bad setting;
    * ``NoReverseMatch`` if the URLconf does not include ``ptrack.urls``;
    * ``PtrackError`` if a custom encoder returns what cannot stand in a URL;
    * whatever a callable ``PTRACK_APP_URL`` raises.
    """
    check_call(kwargs, PIXEL_ROUTE)
    token = make_token(args, kwargs)
    url = build_url(PIXEL_ROUTE, surroundings(PIXEL_ROUTE, conf.app_url(*args, **kwargs)), token)
    return url if may_track(args, kwargs) else ""


@without_locals
def pixel_img(*args: int | str, **kwargs: int | str) -> SafeString:
    """Return the ``<img>`` of a pixel that carries the arguments, as safe HTML.

    Takes and raises the same as ``pixel_url``. This is what ``{% ptrack %}`` puts out.
    """
    url = pixel_url(*args, **kwargs)
    return to_img(url) if url else SafeString("")


def to_img(url: str) -> SafeString:
    """Return the ``<img>`` of a pixel with this URL, as safe HTML."""
    # An empty alt keeps screen readers from reading the token aloud. No style hides the
    # image: some clients would then not request it.
    return format_html('<img src="{}" width=1 height=1 alt="">', url)


@without_locals
def link_url(url: str, /, *args: int | str, **kwargs: int | str) -> str:
    """Return the absolute URL of a link that carries the arguments and leads to a destination.

    Takes the destination, an http(s) URL whose host ``PTRACK_LINK_ALLOWED_HOSTS`` names, and
    the arguments as ``pixel_url`` does. Returns the destination itself, as the ``Location``
    header would give it, if ``PTRACK_CONSENT`` says no.

    Raises the same as ``pixel_url``. Raises ``PtrackArgumentError`` for a destination that is
    refused, and for a keyword ``url``; ``ImproperlyConfigured`` for an encoder that does not say
    that its tokens are authenticated.
    """
    check_call(kwargs, LINK_ROUTE)
    location = to_location(url)
    token = make_token(args, kwargs, location)
    tracked = build_url(LINK_ROUTE, surroundings(LINK_ROUTE, conf.app_url(*args, **kwargs)), token)
    return tracked if may_track(args, kwargs) else location


def check_call(kwargs: dict[str, Any], *routes: str) -> None:
    """Raise what is wrong with the names of keyword arguments, or with the encoder, for URLs of these routes.

    Raises ``PtrackArgumentError`` for a name that is taken, and ``ImproperlyConfigured`` for an
    encoder that cannot carry links.
    """
    is_link = LINK_ROUTE in routes
    _check_names(kwargs, ("self", "request", "url") if is_link else ("self", "request"))
    if is_link:
        _check_encoder()


def surroundings(route: str, app_url: str) -> tuple[str, str]:
    """Return what stands before and after the token in the URLs of a route.

    Takes what ``PTRACK_APP_URL`` says. Raises ``NoReverseMatch`` if there is no such route.
    """
    path = route_path(route)
    return app_url + script_prefix_to_add(app_url, path.script_prefix) + path.prefix, path.suffix


def build_url(route: str, around: tuple[str, str], token: str) -> str:
    """Return the URL of a pixel or a link: its token between what ``surroundings`` returned."""
    before, after = around
    url = before + token + after
    if len(url) > URL_MAX_LENGTH:
        log(
            logging.WARNING,
            "The URL of a %s has %d characters; clients and proxies may cut it after %d. "
            "Pass shorter arguments, such as primary keys.",
            "pixel" if route == PIXEL_ROUTE else "link",
            len(url),
            URL_MAX_LENGTH,
        )
    return url


def _check_encoder() -> None:
    encoder = current_encoder()
    if not is_authenticated(encoder):
        raise ImproperlyConfigured(
            f"The encoder {encoder!r} does not say that nobody can forge its tokens, so links cannot be trusted to it. "
            "If that is so, write authenticated = True into its class body."
        )


def _check_names(kwargs: dict[str, Any], reserved: tuple[str, ...]) -> None:
    for name in kwargs:
        if name in reserved or name.startswith("ptrack:"):
            raise PtrackArgumentError(
                f"A ptrack argument is named {name!r}, which record() could never receive: choose another name."
                + (" The destination of a link comes first, without a name." if name == "url" else "")
            )


def make_token(args: tuple[Any, ...], kwargs: dict[str, Any], location: str | None = None) -> str:
    """Return the token of the arguments and, for a link, of what ``to_location`` returned, quoted as in a URL.

    Raises what the encoder raises for arguments that it does not take, and ``PtrackError`` for
    a token that cannot stand in a URL.
    """
    encoder = current_encoder()
    token = encrypt_with(encoder, args, kwargs if location is None else {**kwargs, DESTINATION: location})
    if encoder is PtrackEncoder:
        # Its tokens can be read back and need no quoting.
        return token
    if is_authenticated(encoder):
        _read_back(encoder, token, location)
    try:
        quoted = quote(token, safe=_UNQUOTED)
        fault = "a segment '.' or '..', which clients remove" if _DOT_SEGMENTS & set(token.split("/")) else None
    except UnicodeEncodeError:
        fault = "a character that UTF-8 cannot express"
    # Outside of the except clause, for the exception there holds the token.
    if fault:
        raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {fault}: it must return text for a URL.")
    return quoted


def _read_back(encoder: Any, token: str, destination: str | None) -> None:
    """Raise ``PtrackError`` if a token does not hold the destination that it was given, or holds one unasked."""
    try:
        _, kwargs = encoder.decrypt(token)
        found = kwargs.get(DESTINATION)
    except Exception as error:
        fault = f"cannot read its own token ({type(error).__name__})"
    else:
        if found == destination:
            return
        fault = "reads another destination from its token than it was given"
    raise PtrackError(f"The encoder {encoder!r} {fault}: let it escape what separates the arguments.")
