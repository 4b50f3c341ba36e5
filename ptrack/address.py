"""Finds the address of pixels in the URLconf."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from django.urls import NoReverseMatch, URLResolver, get_resolver, get_script_prefix, get_urlconf, reverse
from django.utils.translation import get_language

from .urlconf import fixed_text, quoted_script_prefix, walk_urls
from .watched import WATCHED

#: Addresses that are remembered for a URLconf, by script prefix and language.
MAX_ADDRESSES = 256


class Address(NamedTuple):
    """The path of a pixel's address, quoted, around the token."""

    #: The script prefix, without a slash at its end.
    mount: str
    before: str
    after: str


class _Last(NamedTuple):
    """An address, and what it holds for: the objects in the two variables, the URLconf and its resolver."""

    in_urlconf: object
    in_prefix: object
    urlconf: Any
    resolver: URLResolver | None
    address: Address


class _Thread(threading.local):
    """What a thread was told last: to another thread, the same object may say something else."""

    last = _Last(None, None, None, None, Address("", "", ""))


_thread = _Thread()


class _Routes(NamedTuple):
    """What is known of the routes to pixels below a resolver, for clear_url_caches() makes another one."""

    are_translated: bool
    #: By script prefix and language.
    addresses: dict[tuple[str, str | None], Address]


_routes: WeakKeyDictionary[URLResolver, _Routes] = WeakKeyDictionary()


def current_address() -> Address:
    """Return the path of a pixel's address in the active URLconf, script prefix and language.

    Raises ``NoReverseMatch`` if ``ptrack.urls`` is not routed.
    """
    if WATCHED is None:
        return _find_address(get_urlconf())[1]
    urlconf_variable, prefix_variable = WATCHED
    in_urlconf, in_prefix = urlconf_variable.get(None), prefix_variable.get(None)
    last = _thread.last
    if in_urlconf is last.in_urlconf and in_prefix is last.in_prefix and get_resolver(last.urlconf) is last.resolver:
        return last.address
    urlconf = get_urlconf()
    resolver, address = _find_address(urlconf)
    if not _routes_of(resolver).are_translated:
        _thread.last = _Last(in_urlconf, in_prefix, urlconf, resolver, address)
    return address


def are_routes_translated() -> bool:
    """Return whether the path of a pixel's address differs from language to language in the active URLconf."""
    return _routes_of(get_resolver(get_urlconf())).are_translated


def mount_below(app_url: str, mount: str) -> str:
    """Return the mount of an address, or nothing if ``PTRACK_APP_URL`` ends in it."""
    # Where a site lives below a path, the setting may say so as well as the server.
    _, _, path = app_url.partition("://")[2].partition("/")
    return "" if unquote(f"/{path}").endswith(unquote(mount)) else mount


def _routes_of(resolver: URLResolver) -> _Routes:
    routes = _routes.get(resolver)
    if routes is None:
        are_fixed = all(
            fixed_text(route.pattern) is not None and all(fixed_text(entry.pattern) is not None for entry in above)
            for above, route in walk_urls(resolver)
            if route.name == "ptrack"
        )
        routes = _routes[resolver] = _Routes(not are_fixed, {})
    return routes


def _find_address(urlconf: Any) -> tuple[URLResolver, Address]:
    resolver = get_resolver(urlconf)
    routes = _routes_of(resolver)
    # Asking for the language takes half as long as encrypting, and few routes depend on it.
    key = get_script_prefix(), get_language() if routes.are_translated else None
    address = routes.addresses.get(key)
    if address is None:
        # A server that takes the prefix from a header might be told ever new ones.
        if len(routes.addresses) >= MAX_ADDRESSES:
            routes.addresses.clear()
        address = routes.addresses[key] = _reverse_address()
    return resolver, address


def _reverse_address() -> Address:
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
    prefix = quoted_script_prefix()
    mount = prefix[:-1] if before.startswith(prefix) else ""
    return Address(mount, before.removeprefix(mount), after)
