"""The system checks that ``manage.py check`` and ``runserver`` run. An id is never used for another fault.

ptrack.E001  PTRACK_SECRET is bad
ptrack.E002  PTRACK_SECRET_FALLBACKS is bad
ptrack.E003  ptrack.ptrack_encoder lacks encrypt or decrypt, or their methods are not static
ptrack.E004  a BackgroundPixel cannot use its task backend (in ptrack.background)
ptrack.E005  ptrack.opens is installed without ptrack (in ptrack.opens.apps)
ptrack.W001  PTRACK_APP_URL is not an absolute http(s) URL
ptrack.W002  the tag cannot find ptrack.urls in the URLconf
ptrack.W003  ptrack.urls has a prefix with which other paths begin
ptrack.W004  PTRACK_SECRET is weak (with --deploy)
ptrack.W005  a BackgroundPixel's task backend runs tasks at once or not at all (in ptrack.background)
ptrack.W006  PTRACK_APP_URL ends in the prefix of ptrack.urls
ptrack.I001  ptrack.urls is in the URLconf, but no pixel is registered
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, get_resolver
from django.urls.resolvers import LocalePrefixPattern

from . import conf
from ._discovery import searched_packages
from ._urlconf import pixel_path, resolve_as_request, walk_urls
from .encoder import PtrackEncoder, current_encoder
from .trackers import TrackingPixel, dotted_path, tracker
from .views import serve_pixel

TAG = "ptrack"

# Distinct bytes. Of a million secrets of 32 random hex digits, the poorest spelling of a good
# secret, fewer than one has less.
_MIN_DISTINCT_BYTES = 8

_SECRET_HINT = "Set it to the line that 'python manage.py ptrack_secret' prints."
_NOT_USABLE = (
    "The route named 'ptrack' needs arguments, has a per cent sign, has an expression that nothing matches, "
    "or leads to another view, so the tag {% ptrack %} cannot use it.",
    "Include ptrack.urls under a prefix that captures nothing and does not end in '$', such as 'ptrack/', "
    "and give no other route the name 'ptrack'.",
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
        *(f"expects self in {name}" for name in ("encrypt", "decrypt") if _expects_self(encoder, name)),
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
        return _warn(
            f"PTRACK_APP_URL {fault}, so email clients cannot request the images.",
            "Set it to scheme and host, and a path if need be, such as 'https://www.example.com'. "
            "A site that only serves pixels may remove it.",
            "ptrack.W001",
        )
    prefix = _find_prefix() if conf.has_urlconf() else None
    if prefix and unquote(urlsplit(conf.app_url()).path).endswith(prefix):
        return _warn(
            f"PTRACK_APP_URL ends in {prefix!r}, and the prefix of ptrack.urls comes after it once more.",
            f"Remove {prefix!r} from PTRACK_APP_URL, unless the whole site is served below it.",
            "ptrack.W006",
        )
    return []


def check_route(**kwargs: Any) -> list[checks.CheckMessage]:
    fault_and_hint = _find_fault_of_route() if conf.has_urlconf() else None
    return _warn(*fault_and_hint, "ptrack.W002") if fault_and_hint else []


def check_prefix(**kwargs: Any) -> list[checks.CheckMessage]:
    return [
        checks.Warning(
            f"ptrack.urls has {f'the prefix {prefix!r}, without a slash at its end' if prefix else 'an empty prefix'}, "
            f"so it answers for every path that {'begins so and ' if prefix else ''}that no earlier route takes.",
            hint="Give it a prefix of its own: path('ptrack/', include('ptrack.urls')),",
            id="ptrack.W003",
        )
        # A prefix such as "p-" ends as clearly as one with a slash.
        for prefix in sorted({prefix for prefix, _ in _routes() if not prefix or prefix[-1].isalnum()})
    ]


def check_pixels(**kwargs: Any) -> list[checks.CheckMessage]:
    pixel_classes = list(tracker)
    if pixel_classes or not any(_routes()):
        return [message for pixel_class in pixel_classes for message in _messages_of(pixel_class)]
    return [
        checks.Info(
            "ptrack.urls is in the URLconf, but no pixel is registered, so hits are answered and forgotten.",
            hint="If this site records hits, register a pixel in a pixels.py. ptrack looked for that module in: "
            f"{', '.join(searched_packages())}. A site that only sends the emails needs none.",
            id="ptrack.I001",
        )
    ]


def _messages_of(pixel_class: type[TrackingPixel]) -> list[checks.CheckMessage]:
    registration = tracker.get(pixel_class)
    messages = registration.pixel.check() if registration else []
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
    return _warn(
        f"PTRACK_SECRET is weak: use {conf.SECRET_MAX_BYTES} random bytes; it has {length}"
        f", {len(set(conf.secret()))} of them distinct. Whoever guesses it reads and forges tokens.",
        "Run 'python manage.py ptrack_secret', set PTRACK_SECRET to what it prints, "
        "and put the former secret into PTRACK_SECRET_FALLBACKS: emails already sent need it.",
        "ptrack.W004",
    )


def _warn(fault: str, hint: str, id: str) -> list[checks.CheckMessage]:
    return [checks.Warning(fault, hint=hint, id=id)]


def _uses_secret() -> bool:
    encoder = current_encoder()
    return isinstance(encoder, PtrackEncoder) or (isinstance(encoder, type) and issubclass(encoder, PtrackEncoder))


def _check_setting(read: Callable[[], object], **error: Any) -> list[checks.CheckMessage]:
    try:
        read()
    except ImproperlyConfigured as fault:
        return [checks.Error(str(fault), **error)]
    return []


def _expects_self(encoder: object, method: str) -> bool:
    """Return whether an encoder is a class that lacks ``@staticmethod`` above a method."""
    function = inspect.getattr_static(encoder, method, None)
    if not isinstance(encoder, type) or not inspect.isfunction(function):
        return False
    return next(iter(inspect.signature(function).parameters), None) == "self"


def _find_fault_of_url(url: object) -> str | None:
    """Return what keeps a base URL from being one, or None."""
    if not isinstance(url, str):
        return f"is of type {type(url).__name__}"
    if not url.isprintable() or " " in url or "\\" in url:
        return "has a character that no URL has"
    if "?" in url or "#" in url:
        return "has a query or a fragment, which no path can follow"
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        _ = parts.port
    except ValueError:
        return "has an impossible host or port"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not an absolute http(s) URL"
    return None


def _find_prefix() -> str | None:
    """Return the prefix of ptrack.urls without its last slash, or None if the site is served below a path."""
    try:
        path = pixel_path()
    except NoReverseMatch:
        return None
    return None if path.script_prefix or conf.has_script_name() else unquote(path.prefix.rstrip("/"))


def _routes() -> Iterator[tuple[str, str]]:
    """Yield the prefix and the namespace of every route to a pixel, empty where there is none."""
    if not conf.has_urlconf():
        return
    for above, route in walk_urls(get_resolver()):
        if route.callback is serve_pixel:
            # The language that i18n_patterns() puts first is no prefix of its own.
            own = (entry for entry in above if not isinstance(entry.pattern, LocalePrefixPattern))
            prefix = "".join(str(entry.pattern).removeprefix("^") for entry in own)
            yield prefix, ":".join(entry.namespace for entry in above if entry.namespace)


def _find_fault_of_route() -> tuple[str, str] | None:
    """Return what keeps the tag from building a URL that works, and the cure, or None."""
    namespaces = {namespace for _, namespace in _routes()}
    if not namespaces:
        return "ptrack.urls is not in the URLconf, so the tag {% ptrack %} cannot build a URL.", _ROUTE_HINT
    if "" not in namespaces:
        return (
            f"ptrack.urls is only in the namespace {min(namespaces)!r}, where the tag {{% ptrack %}} cannot find it.",
            _ROUTE_HINT,
        )
    try:
        path = pixel_path()
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
