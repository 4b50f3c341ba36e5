"""Finds the paths of our routes in the URLconf, and the view that a path leads to."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from django.middleware.locale import LocaleMiddleware
from django.urls import (
    NoReverseMatch,
    Resolver404,
    ResolverMatch,
    URLPattern,
    URLResolver,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    resolve,
    reverse,
)
from django.urls.resolvers import LocalePrefixPattern, RoutePattern
from django.utils import translation
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.module_loading import import_string

from . import conf
from ._pasted_text import WORD_MAX_LENGTH


class RoutePath(NamedTuple):
    """The parts of a path of ours around the token, quoted as in a URL."""

    #: Without a slash at its end; empty for a site that is served from the root of its host.
    script_prefix: str
    prefix: str
    suffix: str


#: The names of the two routes, and the modules that hold them.
PIXEL_ROUTE, LINK_ROUTE = "ptrack", "ptrack_link"
_MODULES = {PIXEL_ROUTE: ("ptrack/", "ptrack.urls"), LINK_ROUTE: ("go/", "ptrack.link_urls")}

# The number of fronts of a path that are tried: more than any base URL has segments in its path.
_FRONTS_MAX = 20


def route_path(name: str = PIXEL_ROUTE) -> RoutePath:
    """Return the path of a route of ours for the active URLconf, script prefix and language.

    Of several routes of this name, Django takes the last that is in no namespace and captures
    nothing but the token.

    Raises ``NoReverseMatch`` if the URLconf does not include the module of the route.
    """
    return _reverse(name, get_resolver(get_urlconf()), get_script_prefix(), translation.get_language())


# The further parameters are the key of the cache alone: reverse() itself asks for what is
# active. A change of the URLconf makes a new resolver. The size is for a site that has many
# tenants, each with a URLconf of its own.
@lru_cache(maxsize=1024)
def _reverse(name: str, _resolver: URLResolver, _script_prefix: str, _language: str | None) -> RoutePath:
    try:
        before, _, suffix = reverse(name, args=["token"]).rpartition("token")
    except (NoReverseMatch, ValueError):
        # Django raises ValueError for a prefix with a per cent sign.
        before = suffix = ""
    if not before:
        prefix, module = _MODULES[name]
        raise NoReverseMatch(
            f"ptrack cannot build the URL of a {'pixel' if name == PIXEL_ROUTE else 'link'}: the URLconf has no route "
            f"named {name!r}, or its route needs more arguments or has a per cent sign. Add "
            f"path({prefix!r}, include({module!r})) to the URLconf, outside any namespace."
        )
    # reverse() puts the script prefix first. It is split off because PTRACK_APP_URL may end in it already.
    quoted = quoted_script_prefix()
    script_prefix = quoted[:-1] if before.startswith(quoted) else ""
    return RoutePath(script_prefix, before.removeprefix(script_prefix), suffix)


def paths_by_language(name: str = PIXEL_ROUTE) -> set[RoutePath]:
    """Return the paths of a route of ours in all languages of the site: a single one, unless it is translated.

    Raises ``NoReverseMatch`` if the URLconf does not include the module of the route.
    """
    paths = {route_path(name)}
    if conf.uses_languages():
        for language in conf.languages():
            with translation.override(language):
                paths.add(route_path(name))
    return paths


class Found(NamedTuple):
    """A path that leads to one of our views, quoted, as the site sees it, and the token in it."""

    path: str
    token: str


def find_tokens(url: str, view: Callable[..., object]) -> Iterator[Found]:
    """Return what the site may take as the token of a URL or a quoted path, the likeliest first.

    The host does not matter. The path leads to the view as it stands, or without its front:
    the path of ``PTRACK_APP_URL`` and the script prefix, which servers take off. Where the
    setting is a callable, the front may be any number of segments.
    """
    return _routes_to(get_resolver(get_urlconf()), view).find_tokens(url)


def leads_to(match: ResolverMatch, view: Callable[..., object]) -> bool:
    """Return whether a match is that of a view, or of the view that a decorator made of it."""
    return inspect.unwrap(match.func) is inspect.unwrap(view)


def fronts_of(path: str) -> list[str]:
    """Return what may stand in a quoted path before the part that the URLconf knows, the longest first."""
    script_prefix = quoted_script_prefix()[:-1]
    app_url = conf.raw_app_url()
    if callable(app_url) or (isinstance(app_url, str) and "://" not in app_url):
        segments = path.split("/", _FRONTS_MAX)
        return ["/".join(segments[:count]) for count in range(1, len(segments))]
    base = app_url.rstrip("/") if isinstance(app_url, str) else ""
    app_path = _path_of(base)
    fronts = {app_path + script_prefix_to_add(base, script_prefix), app_path, script_prefix, ""}
    return sorted(fronts, key=len, reverse=True)


def _path_of(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _resolve(path: str, other_languages: list[str]) -> ResolverMatch | None:
    """Return what a quoted path leads to in the active language, or else in one of the others."""
    for language in (translation.get_language(), *other_languages):
        with translation.override(language), contextlib.suppress(Resolver404):
            return resolve(unquote(path))
    return None


class Routes(NamedTuple):
    """All routes that lead to a view. Every path that leads there holds one of the marks."""

    view: Callable[..., object]
    marks: frozenset[str]
    are_translated: bool

    def find_tokens(self, url: str) -> Iterator[Found]:
        """Yield what ``find_tokens`` returns."""
        # Most URLs are none of ours, and resolving a path takes long.
        if len(url) > WORD_MAX_LENGTH or not self._may_match(url):
            return
        path = _path_of(url)
        for front in fronts_of(path):
            rest = path.removeprefix(front)
            if path.startswith(f"{front}/") and self._may_match(rest):
                match = _resolve(rest, conf.languages() if self.are_translated else [])
                if match and leads_to(match, self.view):
                    yield Found(rest, match.kwargs.get("ptrack_encoded_data", ""))

    def _may_match(self, quoted: str) -> bool:
        path = unquote(quoted)
        return any(mark in path for mark in self.marks)


def routes_named(name: str) -> Routes:
    """Return the routes to the view of a route that ``route_path`` finds."""
    return _routes_named(get_resolver(get_urlconf()), name)


@lru_cache
def _routes_named(resolver: URLResolver, name: str) -> Routes:
    return _routes_to(resolver, next(entry.callback for _, entry in walk_urls(resolver) if entry.name == name))


@lru_cache
def _routes_to(resolver: URLResolver, view: Callable[..., object]) -> Routes:
    own = [
        [*(above_it.pattern for above_it in above), entry.pattern]
        for above, entry in walk_urls(resolver)
        if inspect.unwrap(entry.callback) is inspect.unwrap(view)
    ]
    marks_by_language = set()
    for language in (translation.get_language(), *conf.languages()):
        with translation.override(language):
            marks_by_language.add(frozenset(map(_mark_of, own)))
    return Routes(
        view,
        frozenset().union(*marks_by_language),
        len(marks_by_language) > 1
        or any(isinstance(pattern, LocalePrefixPattern) for route in own for pattern in route),
    )


def _mark_of(patterns: Iterable[object]) -> str:
    """Return the longest text that stands in every path that a route matches, in the active language."""
    texts = [str(pattern) if isinstance(pattern, RoutePattern) else "<>" for pattern in patterns]
    return max(re.split("<[^>]*>", "".join(texts)), key=len)


def script_prefix_to_add(app_url: str, script_prefix: str) -> str:
    """Return the script prefix that a URL needs after ``PTRACK_APP_URL``: none if that ends in it already."""
    # A site that is served below a path may say so in the setting, to the server, or in both.
    _, _, path = app_url.partition("://")[2].partition("/")
    return "" if unquote(f"/{path}").endswith(unquote(script_prefix)) else script_prefix


def quoted_script_prefix() -> str:
    """Return the script prefix, with a slash at its end, quoted as ``reverse()`` does."""
    return quote(get_script_prefix(), safe=f"{RFC3986_SUBDELIMS}/~:@")


def resolve_as_request(path: str) -> ResolverMatch:
    """Return what Django finds for a request with a quoted path, which may begin with a language.

    Takes the path without the script prefix. Raises ``Resolver404`` if Django finds nothing.
    """
    language = translation.get_language_from_path(path) if _has_locale_middleware() else None
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


def _has_locale_middleware() -> bool:
    """Return whether Django's ``LocaleMiddleware``, or a subclass, takes the language from the path."""
    for name in conf.middleware():
        # Django itself reports a middleware that cannot be imported.
        with contextlib.suppress(Exception):
            middleware = import_string(name)
            if isinstance(middleware, type) and issubclass(middleware, LocaleMiddleware):
                return True
    return False
