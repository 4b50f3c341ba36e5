"""The system checks of the route to pixels in the URLconf, for ``checks``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core import checks
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from . import conf
from ._urlconf import leads_to, resolve_as_request, route_path, walk_urls
from .views import serve_pixel

_ADD_ROUTE = "Add this line to the urlpatterns of ROOT_URLCONF: path('ptrack/', include('ptrack.urls')),"
_NOT_USABLE = (
    "The route named 'ptrack' needs arguments, has a per cent sign, has an expression that nothing matches, "
    "or leads to another view, so the tag {% ptrack %} cannot use it.",
    "Include ptrack.urls under a prefix that captures nothing and does not end in '$', such as 'ptrack/', "
    "and give no other route the name 'ptrack'.",
)


def check_route(**kwargs: Any) -> list[checks.CheckMessage]:
    fault_and_hint = _find_fault() if conf.has_urlconf() else None
    return warn(*fault_and_hint, "ptrack.W002") if fault_and_hint else []


def check_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    faults = []
    for prefix in sorted({prefix for prefix, _ in pixel_routes()}):
        if not prefix:
            faults.append("ptrack.urls has an empty prefix, so it answers for every path that no earlier route takes.")
        # A prefix such as "p-" ends as clearly as one with a slash.
        elif prefix[-1].isalnum():
            faults.append(
                f"ptrack.urls has the prefix {prefix!r}, which does not end in a slash, so it answers for every "
                "longer path that begins so and that no earlier route takes."
            )
    hint = "Give it a prefix of its own: path('ptrack/', include('ptrack.urls')),"
    return [checks.Warning(fault, hint=hint, id="ptrack.W003") for fault in faults]


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


def pixel_routes() -> Iterator[tuple[str, str]]:
    """Yield the prefix and the namespace of every route to a pixel, empty where there is none."""
    if not conf.has_urlconf():
        return
    for above, route in walk_urls(get_resolver()):
        if inspect.unwrap(route.callback) is inspect.unwrap(serve_pixel):
            # The language that i18n_patterns() puts first is no prefix of its own.
            own = (entry for entry in above if not isinstance(entry.pattern, LocalePrefixPattern))
            prefix = "".join(str(entry.pattern).removeprefix("^") for entry in own)
            yield prefix, ":".join(entry.namespace for entry in above if entry.namespace)


def warn(fault: str, hint: str, id: str) -> list[checks.CheckMessage]:
    """Return the one warning of a check."""
    return [checks.Warning(fault, hint=hint, id=id)]


def _find_fault() -> tuple[str, str] | None:
    """Return what keeps the tag from building a URL that works, and the cure, or None."""
    namespaces = {namespace for _, namespace in pixel_routes()}
    if not namespaces:
        return "ptrack.urls is not in the URLconf, so the tag {% ptrack %} cannot build a URL.", _ADD_ROUTE
    if "" not in namespaces:
        return (
            f"ptrack.urls is only in the namespace {min(namespaces)!r}, where the tag {{% ptrack %}} cannot find it.",
            _ADD_ROUTE,
        )
    try:
        path = route_path()
    except NoReverseMatch:
        return _NOT_USABLE
    shown = f"The URL of a pixel, {path.prefix}..., leads"
    try:
        match = resolve_as_request(f"{path.prefix}token{path.suffix}")
    except Resolver404:
        return (
            f"{shown} nowhere, as its language is not one of LANGUAGES.",
            "Include ptrack.urls outside of i18n_patterns(): the languages of a site may change, "
            "but the URLs in emails do not.",
        )
    if not leads_to(match, serve_pixel) and match.url_name == "ptrack":
        return _NOT_USABLE
    if not leads_to(match, serve_pixel):
        return (
            f"{shown} to another route that comes first in the URLconf, {match.route!r}.",
            "Move the line with ptrack.urls above that route.",
        )
    further = [name for name in match.kwargs if name != "ptrack_encoded_data"]
    if further:
        return (
            f"{shown} to a route that passes further arguments, {', '.join(further)}, so hits would fail.",
            "Include ptrack.urls without a dict of arguments.",
        )
    return None
