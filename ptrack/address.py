"""Finds the address of pixels in the URLconf."""

from __future__ import annotations

from collections.abc import Iterator
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
