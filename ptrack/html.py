"""Builds the address of a pixel, and the ``<img>`` around it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
)
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from . import conf
from .encoder import PtrackEncoder, current_encoder
from .exceptions import PtrackArgumentError, PtrackError, without_locals

#: Characters. Internet Explorer, and mail clients built on it, cut at 2,083.
URL_MAX_LENGTH = 2000

_RESERVED_NAMES = frozenset({"self", "request"})

# What reverse() leaves unquoted in a path, RFC 3986's sub-delims and "/~:@", less the two
# that HTML would have to escape.
_UNQUOTED = "!$()*+,;=/~:@"

logger = logging.getLogger("ptrack")


class Address(NamedTuple):
    """The path of a pixel's address, in two parts: what stands before and after the token."""

    before: str
    after: str


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


def current_address() -> Address:
    """Return the path of a pixel's address in the active URLconf, script prefix and language.

    Raises ``NoReverseMatch`` if ``ptrack.urls`` is not routed.
    """
    resolver = get_resolver(get_urlconf())
    # Asking for the language takes half as long as encrypting, and few routes depend on it.
    language = get_language() if _is_translated(resolver) else None
    return _address(resolver, get_script_prefix(), language)


def walk_urls(
    resolver: URLResolver, above: tuple[URLResolver, ...] = ()
) -> Iterator[tuple[tuple[URLResolver, ...], URLPattern]]:
    """Yield every route below a resolver, each with the resolvers that lead to it."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from walk_urls(entry, (*above, entry))
        else:
            yield above, entry


def fixed_text(pattern: object) -> str | None:
    """Return the route or regular expression of a URL pattern, or None if it differs from language to language."""
    # Other texts are lazy translations; i18n_patterns() and unknown patterns have none.
    text = getattr(pattern, "_route", getattr(pattern, "_regex", None))
    return text if isinstance(text, str) else None


# Both are functions of their arguments alone: clear_url_caches() makes another resolver.
@lru_cache(maxsize=256)
def _address(resolver: URLResolver, script_prefix: str, language: str | None) -> Address:
    return _reverse_address()


@lru_cache(maxsize=256)
def _escape(text: str) -> str:
    return escape(text)


@lru_cache(maxsize=256)
def _is_translated(resolver: URLResolver) -> bool:
    return not all(
        fixed_text(route.pattern) is not None and all(fixed_text(entry.pattern) is not None for entry in above)
        for above, route in walk_urls(resolver)
        if route.name == "ptrack"
    )


def _reverse_address() -> Address:
    try:
        before, _, after = reverse("ptrack", args=["token"]).rpartition("token")
    except (NoReverseMatch, ValueError):
        # Django raises the latter for a prefix with a per cent sign.
        before = after = ""
    if not before:
        raise NoReverseMatch(
            "ptrack cannot build the address of a pixel: the URLconf has no URL named 'ptrack', or one that needs "
            "more arguments. Add path('ptrack/', include('ptrack.urls')) to it, outside any namespace."
        )
    return Address(before, after)


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
