"""Tells the paths of pixels from others without asking Django's resolver, which takes longer than a hit."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from .urlconf import fixed_text
from .urls import urlpatterns

_LITERAL_REGEX = re.compile(r"\^([\w/-]*)", re.ASCII)

Entry = URLPattern | URLResolver


class Place(NamedTuple):
    """Where a URLconf includes ``ptrack.urls``: what paths begin with, and what Django asks before it."""

    prefix: str
    #: Entries of the URLconf, each with the number of characters of the path before its own.
    earlier: tuple[tuple[int, Entry], ...]


def find_token(path: str) -> str | None:
    """Return the token in a path, such as that of ``request.path_info``, or None if Django has to say.

    That is the case if another route comes first, or if what stands before ``ptrack.urls``
    in the URLconf is not fixed text.
    """
    try:
        place = _find_place(get_resolver())
    except Exception:
        # Django meets the same fault, and says so.
        return None
    if place is None or not path.startswith(place.prefix):
        return None
    if any(_matches(entry, path[start:]) for start, entry in place.earlier):
        return None
    return path[len(place.prefix) :].removesuffix("/")


# A function of its argument alone: clear_url_caches() makes another resolver.
@lru_cache(maxsize=1)
def _find_place(resolver: URLResolver) -> Place | None:
    place = _search(resolver, "/", ())
    return place and place._replace(
        earlier=tuple(
            (start, entry) for start, entry in place.earlier if _may_match(entry.pattern, place.prefix[start:])
        )
    )


def _search(resolver: URLResolver, prefix: str, earlier: tuple[tuple[int, Entry], ...]) -> Place | None:
    """Return the first place of ``ptrack.urls`` below a resolver, in Django's order."""
    if resolver.url_patterns is urlpatterns:
        return Place(prefix, earlier)
    for entry in resolver.url_patterns:
        text = _to_literal(entry.pattern)
        if isinstance(entry, URLResolver) and not entry.default_kwargs and text is not None:
            place = _search(entry, prefix + text, earlier)
            if place is not None:
                return place
        earlier += ((len(prefix), entry),)
    return None


def _to_literal(pattern: object) -> str | None:
    """Return the text that a pattern matches, or None if it may match others, too."""
    text = fixed_text(pattern)
    if text is None:
        return None
    if isinstance(pattern, RoutePattern):
        return None if "<" in text else text
    literal = _LITERAL_REGEX.fullmatch(text)
    return literal and literal[1]


def _may_match(pattern: object, prefix: str) -> bool:
    """Return whether a pattern may match a path that begins with a prefix."""
    text = fixed_text(pattern)
    if text is None or not isinstance(pattern, RoutePattern):
        return True
    begin = text.partition("<")[0]
    return begin.startswith(prefix) or prefix.startswith(begin)


def _matches(entry: Entry, path: str) -> bool:
    try:
        return entry.resolve(path) is not None
    except Resolver404:
        return False
    except Exception:
        # As above.
        return True
