"""The system checks of the routes of pixels and links in the URLconf, for ``checks``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.core import checks
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from . import conf
from ._messages import warn
from ._urlconf import LINK_ROUTE, PIXEL_ROUTE, leads_to, resolve_as_request, route_path, walk_urls
from .views import follow_link, serve_pixel


class OurRoute(NamedTuple):
    """One of the two routes of ptrack."""

    name: str
    view: Callable[..., object]
    module: str
    prefix: str
    tag: str
    thing: str

    @property
    def line(self) -> str:
        return f"path({self.prefix!r}, include({self.module!r})),"


PIXELS = OurRoute(PIXEL_ROUTE, serve_pixel, "ptrack.urls", "ptrack/", "{% ptrack %}", "pixel")
LINKS = OurRoute(LINK_ROUTE, follow_link, "ptrack.link_urls", "go/", "{% ptrack_link_url %}", "link")


def check_route(**kwargs: Any) -> list[checks.CheckMessage]:
    fault_and_hint = find_fault_of_route(PIXELS) if conf.has_urlconf() else None
    return warn(*fault_and_hint, "ptrack.W002") if fault_and_hint else []


def check_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    return [
        checks.Warning(fault, hint=f"Give it a prefix of its own: {route.line}", id="ptrack.W003")
        for route in (PIXELS, LINKS)
        for prefix in sorted({prefix for prefix, _ in routes_to(route)})
        if (fault := _find_fault_of_prefix(route, prefix))
    ]


def _find_fault_of_prefix(route: OurRoute, prefix: str) -> str | None:
    if not prefix:
        return f"{route.module} has an empty prefix, so it answers for every path that no earlier route takes."
    # A prefix such as "p-" ends as clearly as one with a slash.
    if prefix[-1].isalnum():
        return (
            f"{route.module} has the prefix {prefix!r}, which does not end in a slash, so it answers for every longer "
            "path that begins so and that no earlier route takes."
        )
    return None


def check_repeated_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    app_url = conf.fixed_app_url()
    if app_url is None or not conf.has_urlconf():
        return []
    try:
        path = route_path()
        app_path = unquote(urlsplit(app_url).path.rstrip("/"))
    except (NoReverseMatch, ValueError):
        # Other checks report either.
        return []
    prefix = unquote(path.prefix.rstrip("/"))
    is_below_a_path = path.script_prefix or conf.has_script_name()
    if is_below_a_path or not prefix or not app_path.endswith(prefix):
        return []
    return warn(
        f"PTRACK_APP_URL ends in {prefix!r}, and the prefix of ptrack.urls comes after it once more.",
        f"Remove {prefix!r} from PTRACK_APP_URL, unless the whole site is served below it.",
        "ptrack.W006",
    )


def routes_to(route: OurRoute) -> Iterator[tuple[str, str]]:
    """Yield the prefix and the namespace of every route to a view of ours, empty where there is none."""
    if not conf.has_urlconf():
        return
    for above, entry in walk_urls(get_resolver()):
        if inspect.unwrap(entry.callback) is inspect.unwrap(route.view):
            # The language that i18n_patterns() puts first is no prefix of its own.
            own = (resolver for resolver in above if not isinstance(resolver.pattern, LocalePrefixPattern))
            prefix = "".join(str(resolver.pattern).removeprefix("^") for resolver in own)
            yield prefix, ":".join(resolver.namespace for resolver in above if resolver.namespace)


def has_routes() -> bool:
    """Return whether the URLconf leads to pixels or to links."""
    return any(routes_to(PIXELS)) or any(routes_to(LINKS))


def find_fault_of_route(route: OurRoute) -> tuple[str, str] | None:
    """Return what keeps the tag of a route from building a URL that works, and the cure, or None."""
    namespaces = {namespace for _, namespace in routes_to(route)}
    add_route = f"Add this line to the urlpatterns of ROOT_URLCONF: {route.line}"
    if not namespaces:
        return f"{route.module} is not in the URLconf, so the tag {route.tag} cannot build a URL.", add_route
    if "" not in namespaces:
        return (
            f"{route.module} is only in the namespace {min(namespaces)!r}, where the tag {route.tag} cannot find it.",
            add_route,
        )
    not_usable = (
        f"The route named {route.name!r} needs arguments, has a per cent sign, has an expression that nothing matches, "
        f"or leads to another view, so the tag {route.tag} cannot use it.",
        f"Include {route.module} under a prefix that captures nothing and does not end in '$', such as "
        f"{route.prefix!r}, and give no other route the name {route.name!r}.",
    )
    try:
        path = route_path(route.name)
    except NoReverseMatch:
        return not_usable
    shown = f"The URL of a {route.thing}, {path.prefix}..., leads"
    try:
        match = resolve_as_request(f"{path.prefix}token{path.suffix}")
    except Resolver404:
        return (
            f"{shown} nowhere, as its language is not one of LANGUAGES.",
            f"Include {route.module} outside of i18n_patterns(): the languages of a site may change, "
            "but the URLs in emails do not.",
        )
    if not leads_to(match, route.view):
        if match.url_name == route.name:
            return not_usable
        return (
            f"{shown} to another route that comes first in the URLconf, {match.route!r}.",
            f"Move the line with {route.module} above that route.",
        )
    further = [name for name in match.kwargs if name != "ptrack_encoded_data"]
    if further:
        return (
            f"{shown} to a route that passes further arguments, {', '.join(further)}, so hits would fail.",
            f"Include {route.module} without a dict of arguments.",
        )
    return None
