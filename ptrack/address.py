"""Finds the address of pixels in the URLconf."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from asgiref.local import Local
from django.urls import (
    NoReverseMatch,
    ResolverMatch,
    URLPattern,
    URLResolver,
    clear_script_prefix,
    get_resolver,
    get_script_prefix,
    get_urlconf,
    resolve,
    reverse,
    set_script_prefix,
    set_urlconf,
)
from django.utils import translation
from django.utils.http import RFC3986_SUBDELIMS


class Address(NamedTuple):
    """The path of a pixel's address, quoted, around the token."""

    #: The script prefix, without a slash at its end.
    mount: str
    before: str
    after: str


def current_address() -> Address:
    """Return the path of a pixel's address in the active URLconf, script prefix and language.

    Raises ``NoReverseMatch`` if ``ptrack.urls`` is not routed.
    """
    if _WATCHED is None:
        return _find_address(get_urlconf())[1]
    urlconf_variable, prefix_variable = _WATCHED
    in_urlconf, in_prefix = urlconf_variable.get(None), prefix_variable.get(None)
    last = _thread.last
    if in_urlconf is last.in_urlconf and in_prefix is last.in_prefix and get_resolver(last.urlconf) is last.resolver:
        return last.address
    urlconf = get_urlconf()
    resolver, address = _find_address(urlconf)
    if not _is_translated(resolver):
        _thread.last = _Last(in_urlconf, in_prefix, urlconf, resolver, address)
    return address


def resolve_as_request(path: str) -> ResolverMatch:
    """Return what Django would find for a request with a quoted path, whose language may stand in it.

    Takes the path without the script prefix. Raises ``Resolver404`` if it would find nothing.
    """
    with translation.override(translation.get_language_from_path(path) or translation.get_language()):
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


def _find_variable(*changes: Callable[[], object]) -> ContextVar[object] | None:
    """Return the one context variable that holds another object after each of several changes."""
    contexts = []
    for change in changes:
        change()
        contexts.append(copy_context())
    found = [name for name in contexts[0] if len({id(context.get(name)) for context in contexts}) == len(contexts)]
    return found[0] if len(found) == 1 else None


def _find_watched() -> tuple[ContextVar[object], ContextVar[object]] | None:
    # One of our own first: asgiref has changed values in place (before 3.9.0), and has left
    # them behind when they are deleted (3.9.0). With these, Django's are not to be touched.
    own = Local()
    if not _find_variable(
        lambda: setattr(own, "value", 1), lambda: setattr(own, "value", 2), lambda: delattr(own, "value")
    ):
        return None
    urlconf = _find_variable(lambda: set_urlconf("one"), lambda: set_urlconf("other"), lambda: set_urlconf(None))
    prefix = _find_variable(lambda: set_script_prefix("/1/"), lambda: set_script_prefix("/2/"), clear_script_prefix)
    return (urlconf, prefix) if urlconf and prefix else None


# To ask Django for a URLconf or script prefix that is not set, as when a command renders mails,
# takes as long as to encrypt: the AttributeError behind it is worded each time. Django keeps
# both in asgiref's Local, which puts another object into a context variable whenever one of
# them changes. While that object is the same, so is the value, and nobody else's is looked at.
_WATCHED = Context().run(_find_watched)


class _Last(NamedTuple):
    """An address, and what it holds for: the objects in the two variables, the URLconf and its resolver."""

    in_urlconf: object
    in_prefix: object
    urlconf: Any
    resolver: URLResolver | None
    address: Address


class _Thread(threading.local):
    """The last address that a thread was given: to another thread, the same object may say something else."""

    last = _Last(None, None, None, None, Address("", "", ""))


_thread = _Thread()


def _find_address(urlconf: Any) -> tuple[URLResolver, Address]:
    resolver = get_resolver(urlconf)
    # Asking for the language takes half as long as encrypting, and few routes depend on it.
    language = translation.get_language() if _is_translated(resolver) else None
    return resolver, _address(resolver, get_script_prefix(), language)


# Both are functions of their arguments alone: clear_url_caches() makes another resolver.
@lru_cache(maxsize=256)
def _address(resolver: URLResolver, script_prefix: str, language: str | None) -> Address:
    return _reverse_address(script_prefix)


@lru_cache(maxsize=256)
def _is_translated(resolver: URLResolver) -> bool:
    return not all(
        fixed_text(route.pattern) is not None and all(fixed_text(entry.pattern) is not None for entry in above)
        for above, route in walk_urls(resolver)
        if route.name == "ptrack"
    )


def _reverse_address(script_prefix: str) -> Address:
    try:
        before, _, after = reverse("ptrack", args=["token"]).rpartition("token")
    except (NoReverseMatch, ValueError):
        # Django raises the latter for a prefix with a per cent sign.
        before = after = ""
    if not before:
        raise NoReverseMatch(
            "ptrack cannot build the address of a pixel: the URLconf has no URL named 'ptrack', or one that needs "
            "more arguments or has a per cent sign. Add path('ptrack/', include('ptrack.urls')) to it, outside any "
            "namespace."
        )
    # As reverse() quotes it.
    prefix = quote(script_prefix, safe=f"{RFC3986_SUBDELIMS}/~:@")
    mount = prefix[:-1] if before.startswith(prefix) else ""
    return Address(mount, before.removeprefix(mount), after)
