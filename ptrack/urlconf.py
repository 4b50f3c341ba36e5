"""Looks into URLconfs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import unquote

from django.urls import ResolverMatch, URLPattern, URLResolver, resolve
from django.utils import translation


def resolve_as_request(path: str) -> ResolverMatch:
    """Return what Django would find for a request with a quoted path, whose language may stand in it.

    Takes the path without the script prefix. Raises ``Resolver404`` if it would find nothing.
    """
    language = translation.get_language_from_path(path)
    with translation.override(language) if language else contextlib.nullcontext():
        return resolve(unquote(path))


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
