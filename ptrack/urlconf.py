"""Looks into URLconfs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import quote, unquote

from django.middleware.locale import LocaleMiddleware
from django.urls import ResolverMatch, URLPattern, URLResolver, get_script_prefix, resolve
from django.utils import translation
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.module_loading import import_string

from . import conf


def resolve_as_request(path: str) -> ResolverMatch:
    """Return what Django would find for a request with a quoted path, whose language may stand in it.

    Takes the path without the script prefix. Raises ``Resolver404`` if it would find nothing.
    """
    language = translation.get_language_from_path(path) if _is_language_read() else None
    with translation.override(language) if language else contextlib.nullcontext():
        return resolve(unquote(path))


def quoted_script_prefix() -> str:
    """Return the script prefix, with a slash at its end, quoted as ``reverse()`` does."""
    return quote(get_script_prefix(), safe=f"{RFC3986_SUBDELIMS}/~:@")


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


def _is_language_read() -> bool:
    """Return whether a middleware of Django's, or one derived from it, takes the language from the path."""
    for name in conf.middleware():
        # Django says what is wrong with it, where it is needed.
        with contextlib.suppress(Exception):
            middleware = import_string(name)
            if isinstance(middleware, type) and issubclass(middleware, LocaleMiddleware):
                return True
    return False
