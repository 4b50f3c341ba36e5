"""System checks, run by ``manage.py check`` and at start-up. Their ids are never reused.

ptrack.E001  PTRACK_SECRET is bad
ptrack.E002  PTRACK_SECRET_FALLBACKS is bad
ptrack.E003  ptrack.ptrack_encoder lacks encrypt or decrypt, or has them for its objects
ptrack.E004  a BackgroundPixel's task backend cannot be used (in ptrack.background)
ptrack.E005  ptrack.opens is installed without ptrack (in ptrack.opens.apps)
ptrack.W001  PTRACK_APP_URL is no absolute http(s) address
ptrack.W002  the tag cannot find ptrack.urls in the URLconf
ptrack.W003  ptrack.urls is mounted at a prefix that other addresses begin with
ptrack.W004  PTRACK_SECRET is weak (with --deploy)
ptrack.W005  a BackgroundPixel's task backend runs tasks at once or not at all (in ptrack.background)
ptrack.W006  PTRACK_APP_URL ends in the prefix of ptrack.urls
ptrack.I001  ptrack.urls is routed, but no pixel is registered
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from . import conf
from .address import current_address
from .discovery import searched_places
from .encoder import PtrackEncoder, current_encoder
from .trackers import TrackingPixel, dotted_path, tracker
from .urlconf import resolve_as_request, walk_urls
from .views import serve_pixel

TAG = "ptrack"

# Distinct bytes. 32 random hex digits, the poorest spelling of a good secret, fall below
# this in fewer than one of a million cases.
_MIN_DISTINCT_BYTES = 8

# Or is empty. Any other mark, and what is special in an expression, is as good an end as a slash.
_ENDS_IN_WORD = re.compile(r"(?:^|(?<!\\)[^\W_])\Z")

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
    faults = [
        *(f"has no method {name}" for name in ("encrypt", "decrypt") if not callable(getattr(encoder, name, None))),
        *(f"takes an argument for self in {name}" for name in ("encrypt", "decrypt") if _takes_self(encoder, name)),
    ]
    if faults:
        return [
            checks.Error(
                f"The encoder {encoder!r} {' and '.join(faults)}.",
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
    if url is None:
        return []
    fault = _find_fault_of_url(url)
    if fault:
        return [
            checks.Warning(
                f"PTRACK_APP_URL {fault}, so mail clients cannot load the pictures.",
                hint="Set it to scheme and host, and a path if need be, such as 'https://www.example.com'. "
                "A site that only serves pixels may remove it.",
                id="ptrack.W001",
            )
        ]
    prefix = _find_prefix() if conf.has_urlconf() else None
    if prefix and unquote(urlsplit(conf.app_url()).path).endswith(prefix):
        return [
            checks.Warning(
                f"PTRACK_APP_URL ends in {prefix!r}, and the prefix of ptrack.urls comes after it once more.",
                hint=f"Remove {prefix!r} from PTRACK_APP_URL, unless the site is mounted there.",
                id="ptrack.W006",
            )
        ]
    return []


def check_route(**kwargs: Any) -> list[checks.CheckMessage]:
    fault_and_hint = _find_fault_of_route() if conf.has_urlconf() else None
    if fault_and_hint is None:
        return []
    fault, hint = fault_and_hint
    return [checks.Warning(fault, hint=hint, id="ptrack.W002")]


def check_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    return [
        checks.Warning(
            f"ptrack.urls is mounted at {f'{prefix!r}, without a slash' if prefix else 'an empty prefix'}, "
            f"where it answers for all addresses that {'begin so and ' if prefix else ''}follow in the URLconf.",
            hint="Give it a prefix of its own: path('ptrack/', include('ptrack.urls')),",
            id="ptrack.W003",
        )
        for prefix in sorted({prefix for prefix, _ in _routes() if _ENDS_IN_WORD.search(prefix)})
    ]


def check_pixels(**kwargs: Any) -> list[checks.CheckMessage]:
    if tracker._registry:
        return [message for pixel_class in tracker._registry for message in _messages_of(pixel_class)]
    if not any(_routes()):
        return []
    return [
        checks.Info(
            "ptrack.urls is routed, but no pixel is registered, so hits are answered and forgotten.",
            hint="If this site records hits, register a pixel in a pixels.py. Looked for it in: "
            f"{', '.join(searched_places())}. A site that only sends the mails needs none.",
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


def _takes_self(encoder: object, method: str) -> bool:
    """Return whether an encoder is a class whose method would take its first argument for an object of it."""
    function = inspect.getattr_static(encoder, method, None)
    if not isinstance(encoder, type) or not inspect.isfunction(function):
        return False
    code = function.__code__
    return code.co_argcount > 0 and code.co_varnames[0] == "self"


def _find_fault_of_url(url: object) -> str | None:
    """Return what keeps a base address from being one, or None."""
    if not isinstance(url, str):
        return f"is of type {type(url).__name__}"
    if url != url.strip():
        return "is surrounded by white space"
    if not url.isprintable() or " " in url or "\\" in url:
        return "has a character that no address has"
    if "?" in url or "#" in url:
        # Even an empty one.
        return "has a query or a fragment, after which no path can stand"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a host or a port that there cannot be"
    is_twice = parts.netloc.endswith(":") and parts.path.startswith("//")
    if parts.scheme not in ("http", "https") or not parts.hostname or is_twice:
        return "is not an absolute http(s) address"
    return "has a host or a port that there cannot be" if port == 0 else None


def _find_prefix() -> str | None:
    """Return the prefix of ptrack.urls without its last slash, or None if the site is known to be below a path."""
    try:
        address = current_address()
    except NoReverseMatch:
        return None
    return None if address.mount or conf.has_script_name() else unquote(address.before.rstrip("/"))


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
