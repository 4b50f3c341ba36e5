"""System checks, run by ``manage.py check`` and at start-up. Their ids are never reused.

ptrack.E001  PTRACK_SECRET is bad
ptrack.E002  PTRACK_SECRET_FALLBACKS is bad
ptrack.E003  ptrack.ptrack_encoder lacks encrypt or decrypt
ptrack.E004  a BackgroundPixel's task backend cannot be used
ptrack.E005  ptrack.opens is installed without ptrack (in ptrack.opens.apps)
ptrack.W001  PTRACK_APP_URL is no absolute http(s) address
ptrack.W002  the tag cannot find ptrack.urls in the URLconf
ptrack.W003  ptrack.urls is mounted at an empty prefix
ptrack.W004  PTRACK_SECRET is weak (with --deploy)
ptrack.W005  a BackgroundPixel's task backend runs tasks at once or not at all
ptrack.I001  ptrack.urls is routed, but no pixel is registered
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from . import conf
from .address import current_address
from .encoder import PtrackEncoder, current_encoder
from .trackers import TrackingPixel, dotted_path, tracker
from .urlconf import resolve_as_request, walk_urls
from .views import serve_pixel

TAG = "ptrack"

# Distinct bytes. 32 random hex digits, the poorest spelling of a good secret, fall below
# this in fewer than one of a million cases.
_MIN_DISTINCT_BYTES = 8

_NOT_IN_BASE = frozenset(" ?#\\")

_SECRET_HINT = "Set it to the line that 'python manage.py ptrack_secret' prints."
_NOT_USABLE = (
    "The URL named 'ptrack' needs arguments, has a per cent sign, has an expression that nothing matches, "
    "or leads to another view, so the tag {% ptrack %} cannot use it.",
    "Include ptrack.urls under a prefix that captures nothing and does not end in '$', such as 'ptrack/', "
    "and give no other URL the name 'ptrack'.",
)
_ROUTE_HINT = "Add this line to the urlpatterns of ROOT_URLCONF: path('ptrack/', include('ptrack.urls')),"


def register_checks() -> None:
    """Make ``manage.py check`` run the checks of this module; ``--tag ptrack`` runs them alone."""
    for check in (check_encoder, check_app_url, check_route, check_prefix, check_pixels):
        checks.register(check, TAG)
    checks.register(check_secret_strength, TAG, checks.Tags.security, deploy=True)


def check_encoder(**kwargs: Any) -> list[checks.CheckMessage]:
    encoder = current_encoder()
    lacking = [name for name in ("encrypt", "decrypt") if not callable(getattr(encoder, name, None))]
    if lacking:
        return [
            checks.Error(
                f"The encoder {encoder!r} has no method {' and no method '.join(lacking)}.",
                hint="Assign ptrack.ptrack_encoder a class with the static methods "
                "encrypt(*args, **kwargs) and decrypt(token).",
                id="ptrack.E003",
            )
        ]
    if not _uses_secret():
        return []
    return [
        *_check_setting(conf.secret, hint=_SECRET_HINT, id="ptrack.E001"),
        *_check_setting(
            conf.secret_fallbacks,
            hint="List former values of PTRACK_SECRET only, such as ['the former secret'], or remove the setting.",
            id="ptrack.E002",
        ),
    ]


def check_app_url(**kwargs: Any) -> list[checks.CheckMessage]:
    url = conf.raw_app_url()
    if url is None or _is_absolute_http(url):
        return []
    fault = "not an absolute http(s) address" if isinstance(url, str) else f"of type {type(url).__name__}"
    if isinstance(url, str) and _is_absolute_http(url.strip()):
        fault = "surrounded by white space"
    return [
        checks.Warning(
            f"PTRACK_APP_URL is {fault}, so mail clients cannot load the pictures.",
            hint="Set it to scheme and host, and a path if need be, such as 'https://www.example.com'. "
            "A site that only serves pixels may remove it.",
            id="ptrack.W001",
        )
    ]


def check_route(**kwargs: Any) -> list[checks.CheckMessage]:
    fault_and_hint = _find_fault_of_route() if conf.has_urlconf() else None
    if fault_and_hint is None:
        return []
    fault, hint = fault_and_hint
    return [checks.Warning(fault, hint=hint, id="ptrack.W002")]


def check_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    if all(prefix for prefix, _ in _routes()):
        return []
    return [
        checks.Warning(
            "ptrack.urls is mounted at an empty prefix, where it answers for all addresses that follow in the URLconf.",
            hint="Give it a prefix of its own: path('ptrack/', include('ptrack.urls')),",
            id="ptrack.W003",
        )
    ]


def check_pixels(**kwargs: Any) -> list[checks.CheckMessage]:
    if tracker._registry:
        return [message for pixel_class in tracker._registry for message in _messages_of(pixel_class)]
    if not any(_routes()):
        return []
    searched = [app_config.name for app_config in apps.get_app_configs()]
    if (project := conf.project_package()) and project not in searched:
        searched.append(project)
    return [
        checks.Info(
            "ptrack.urls is routed, but no pixel is registered, so hits are answered and forgotten.",
            hint="If this site records hits, register a pixel in a pixels.py. Looked for it in: "
            f"{', '.join(searched)}. A site that only sends the mails needs none.",
            id="ptrack.I001",
        )
    ]


def _messages_of(pixel_class: type[TrackingPixel]) -> list[checks.CheckMessage]:
    messages = tracker._registry[pixel_class].pixel.check()
    if not isinstance(messages, (list, tuple)):
        raise TypeError(
            f"check() of the pixel {dotted_path(pixel_class)} returned {messages!r}: it must return a list of messages."
        )
    return [*messages]


def check_secret_strength(**kwargs: Any) -> list[checks.CheckMessage]:
    if not _uses_secret() or _check_setting(conf.secret):
        return []
    length = len(conf.secret())
    if length == conf.SECRET_MAX_BYTES and len(set(conf.secret())) >= _MIN_DISTINCT_BYTES:
        return []
    return [
        checks.Warning(
            f"PTRACK_SECRET is weak: use {conf.SECRET_MAX_BYTES} random bytes; it has {length}"
            f", {len(set(conf.secret()))} of them distinct. Whoever guesses it reads and forges tokens.",
            hint="Run 'python manage.py ptrack_secret', set PTRACK_SECRET to what it prints, "
            "and put the former secret into PTRACK_SECRET_FALLBACKS: mails already sent need it.",
            id="ptrack.W004",
        )
    ]


def _uses_secret() -> bool:
    encoder = current_encoder()
    return isinstance(encoder, PtrackEncoder) or (isinstance(encoder, type) and issubclass(encoder, PtrackEncoder))


def _check_setting(read: Callable[[], object], **error: Any) -> list[checks.CheckMessage]:
    try:
        read()
    except ImproperlyConfigured as fault:
        return [checks.Error(str(fault), **error)]
    return []


def _is_absolute_http(url: object) -> bool:
    # The path of a pixel follows, which cannot stand after a query or fragment, even an empty one.
    if not isinstance(url, str) or not url.isprintable() or not _NOT_IN_BASE.isdisjoint(url):
        return False
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        port = parts.port
    except ValueError:
        return False
    return bool(parts.scheme in ("http", "https") and parts.hostname and port != 0)


def _routes() -> Iterator[tuple[str, str]]:
    """Yield the prefix and the namespace, each empty if there is none, of every route to a pixel."""
    if not conf.has_urlconf():
        return
    for above, route in walk_urls(get_resolver()):
        if route.callback is serve_pixel:
            # The language that i18n_patterns() puts first is no prefix of its own.
            own = (entry for entry in above if not isinstance(entry.pattern, LocalePrefixPattern))
            prefix = "".join(str(entry.pattern).removeprefix("^") for entry in own)
            yield prefix, ":".join(entry.namespace for entry in above if entry.namespace)


def _find_fault_of_route() -> tuple[str, str] | None:
    """Return what keeps the tag from an address that works, and the cure, or None."""
    namespaces = {namespace for _, namespace in _routes()}
    if not namespaces:
        return "ptrack.urls is not in the URLconf, so the tag {% ptrack %} cannot build an address.", _ROUTE_HINT
    if "" not in namespaces:
        return (
            f"ptrack.urls is only in the namespace {min(namespaces)!r}, where the tag {{% ptrack %}} cannot find it.",
            _ROUTE_HINT,
        )
    try:
        _, before, after = current_address()
    except NoReverseMatch:
        return _NOT_USABLE
    shown = f"The address of a pixel, {before}..., leads"
    try:
        match = resolve_as_request(f"{before}token{after}")
    except Resolver404:
        return (
            f"{shown} nowhere, as its language is not one of LANGUAGES.",
            "Include ptrack.urls outside of i18n_patterns(): its languages may change, the addresses in mails do not.",
        )
    if match.func is not serve_pixel and match.url_name == "ptrack":
        return _NOT_USABLE
    if match.func is not serve_pixel:
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
