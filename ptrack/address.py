"""Finds the address of pixels in the URLconf."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextvars import Context, copy_context
from functools import lru_cache
from typing import NamedTuple

from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    reverse,
    set_urlconf,
)
from django.utils.translation import get_language


class Address(NamedTuple):
    """The path of a pixel's address, in two parts: what stands before and after the token."""

    before: str
    after: str


def current_address() -> Address:
    """Return the path of a pixel's address in the active URLconf, script prefix and language.

    Raises ``NoReverseMatch`` if ``ptrack.urls`` is not routed.
    """
    context = copy_context()
    last_context, last_resolver, last_address = _thread.last
    try:
        is_last = context == last_context
    except Exception:  # Among the values are other people's, which may not let themselves be compared.
        is_last = False
    if is_last and get_resolver() is last_resolver:
        return last_address
    urlconf = get_urlconf()
    resolver = get_resolver(urlconf)
    is_translated = _is_translated(resolver)
    # Asking for the language takes half as long as encrypting, and few routes depend on it.
    address = _address(resolver, get_script_prefix(), get_language() if is_translated else None)
    # A request sets a URLconf. What else its context holds is not to live on after it.
    if urlconf is None and not is_translated and _CONTEXT_TELLS:
        _thread.last = context, resolver, address
    return address


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


def _context_tells() -> bool:
    """Return whether a context differs from an earlier copy of it in which Django had another URLconf."""
    copies = []
    for urlconf in ("one", "other", None):
        set_urlconf(urlconf)
        copies.append(copy_context())
    one, other, none = copies
    return one != other != none


# Django keeps URLconf and script prefix in asgiref's Local, which has changed values in place
# (before 3.9.0) and has left them behind when they are deleted (3.9.0).
_CONTEXT_TELLS = Context().run(_context_tells)


class _Thread(threading.local):
    """The last address that a thread was given outside of requests, and the context and resolver it holds for.

    Mails are rendered there, many in a row. To ask Django for a URLconf that is not set takes
    as long as to encrypt: the AttributeError behind it is worded each time.
    """

    last: tuple[Context | None, URLResolver | None, Address] = None, None, Address("", "")


_thread = _Thread()


# Both are functions of their arguments alone: clear_url_caches() makes another resolver.
@lru_cache(maxsize=256)
def _address(resolver: URLResolver, script_prefix: str, language: str | None) -> Address:
    return _reverse_address()


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
