"""The system checks that ``manage.py check`` and ``runserver`` run. An id is never used for another fault.

ptrack.E001  PTRACK_SECRET is bad
ptrack.E002  PTRACK_SECRET_FALLBACKS is bad
ptrack.E003  ptrack.ptrack_encoder lacks encrypt or decrypt, or their methods are not static
ptrack.E004  a BackgroundPixel cannot use its task backend (in ptrack.background)
ptrack.E005  ptrack.opens is installed without ptrack (in ptrack.opens.checks, as E006, E011, E012, W009, W012, W013)
ptrack.E006  ptrack.opens would write to a database that it was not made for
ptrack.E007  PTRACK_RULES is no list of good rules
ptrack.E008  PTRACK_CONSENT is bad (in ptrack._link_checks, as E009, E010, W010 and W011)
ptrack.E009  PTRACK_LINK_ALLOWED_HOSTS is missing or bad, on a site with links
ptrack.E010  the encoder cannot carry links, on a site with links
ptrack.E011  PTRACK_OPENS_KEEP_DAYS is bad
ptrack.E012  PTRACK_OPENS_SENT is bad
ptrack.W001  PTRACK_APP_URL is not an absolute http(s) URL
ptrack.W002  the tag cannot find ptrack.urls in the URLconf (in ptrack._route_checks, as W003 and W006)
ptrack.W003  ptrack.urls has a prefix with which other paths begin
ptrack.W004  PTRACK_SECRET is weak (with --deploy)
ptrack.W005  a BackgroundPixel's task backend runs tasks at once or not at all (in ptrack.background)
ptrack.W006  PTRACK_APP_URL ends in the prefix of ptrack.urls
ptrack.W007  the host of PTRACK_APP_URL cannot be reached from elsewhere (with --deploy)
ptrack.W008  ALLOWED_HOSTS refuses the host of PTRACK_APP_URL (with --deploy)
ptrack.W009  ptrack.opens writes to PostgreSQL without time-outs while the image waits (with --deploy)
ptrack.W010  the tag of links cannot find ptrack.link_urls in the URLconf, on a site with links
ptrack.W011  PTRACK_LINK_ALLOWED_HOSTS allows every host (with --deploy)
ptrack.W012  PTRACK_OPENS_KEEP_DAYS is not set (with --deploy)
ptrack.W013  ptrack.opens would read days from a MariaDB that does not know TIME_ZONE
ptrack.I001  ptrack.urls is in the URLconf, but no pixel is registered
"""

from __future__ import annotations

import inspect
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.utils.encoding import iri_to_uri

from . import conf
from ._discovery import searched_packages
from ._link_checks import check_any_host, check_consent, check_link_encoder, check_link_hosts, check_link_route
from ._messages import check_setting, warn
from ._route_checks import PIXELS, check_prefix, check_repeated_prefix, check_route, has_routes, routes_to
from .encoder import PtrackEncoder, current_encoder
from .hits.site_rules import check_site_rules
from .trackers import Callback, TrackingPixel, dotted_path, tracker

TAG = "ptrack"

# Distinct bytes. Of a million secrets of 32 random hex digits, the poorest spelling of a good
# secret, fewer than one has less.
_MIN_DISTINCT_BYTES = 8

_SECRET_HINT = "Set it to the line that 'python manage.py ptrack_secret' prints."


def register_checks() -> None:
    """Make ``manage.py check`` run the checks of this module; ``--tag ptrack`` runs them alone."""
    for check in (
        *(check_encoder, check_app_url, check_rules, check_route, check_prefix, check_repeated_prefix, check_pixels),
        *(check_consent, check_link_hosts, check_link_encoder, check_link_route),
    ):
        checks.register(check, TAG)
    checks.register(check_secret_strength, TAG, checks.Tags.security, deploy=True)
    checks.register(check_host, TAG, deploy=True)
    checks.register(check_any_host, TAG, checks.Tags.security, deploy=True)


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
        *check_setting(conf.secret, hint=_SECRET_HINT, id="ptrack.E001"),
        *check_setting(
            conf.secret_fallbacks,
            hint="List former values of PTRACK_SECRET only, such as ['the former secret'], or remove the setting.",
            id="ptrack.E002",
        ),
    ]


def check_app_url(**kwargs: Any) -> list[checks.CheckMessage]:
    url = conf.fixed_app_url()
    if url is None:
        return _check_callable_app_url()
    fault, example = _find_fault_of_url(url), "https://www.example.com"
    if fault is None and not url.isascii():
        fault, example = "has a character outside ASCII, which email clients treat in different ways", _to_ascii(url)
    if fault is None:
        return []
    return warn(
        f"PTRACK_APP_URL {fault}, so not every email client can request the images.",
        f"Set it to scheme and host, and a path if need be, such as {example!r}. "
        "A site that only serves pixels may remove it.",
        "ptrack.W001",
    )


def check_host(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check, before a site is deployed, that email clients reach the host and that Django answers for it."""
    url = conf.fixed_app_url()
    if url is None or _find_fault_of_url(url) or not url.isascii():
        return []
    # As Django does, without a dot at the end.
    domain = (urlsplit(url).hostname or "").removesuffix(".")
    domain = f"[{domain}]" if ":" in domain else domain
    if _is_private(domain):
        return warn(
            f"Email clients elsewhere cannot reach {domain!r}, the host of PTRACK_APP_URL.",
            "Set PTRACK_APP_URL to the public URL of the site that serves the pixels.",
            "ptrack.W007",
        )
    if list(tracker) and has_routes() and not validate_host(domain, conf.allowed_hosts()):
        return warn(
            f"ALLOWED_HOSTS refuses {domain!r}, the host of PTRACK_APP_URL, so Django answers every hit with 400.",
            f"Add {domain!r} to ALLOWED_HOSTS. If another site answers the hits, register no pixel and no link here.",
            "ptrack.W008",
        )
    return []


def check_rules(**kwargs: Any) -> list[checks.CheckMessage]:
    return check_setting(
        check_site_rules,
        hint="Correct the rule, or take it out. Until then hits are judged without the rules of PTRACK_RULES.",
        id="ptrack.E007",
    )


def check_pixels(**kwargs: Any) -> list[checks.CheckMessage]:
    messages = [message for callback_class in tracker for message in _messages_of(callback_class)]
    if any(issubclass(callback_class, TrackingPixel) for callback_class in tracker) or not any(routes_to(PIXELS)):
        return messages
    return [
        *messages,
        checks.Info(
            "ptrack.urls is in the URLconf, but no pixel is registered, so hits are answered and forgotten.",
            hint="If this site records hits, register a pixel in a pixels.py. ptrack looked for that module in: "
            f"{', '.join(searched_packages())}. A site that only sends the emails needs none.",
            id="ptrack.I001",
        ),
    ]


def _messages_of(callback_class: type[Callback]) -> list[checks.CheckMessage]:
    messages = tracker.registration_for(callback_class).callback.check()
    if not isinstance(messages, (list, tuple)):
        raise TypeError(
            f"check() of {dotted_path(callback_class)} returned {messages!r}: it must return a list of messages."
        )
    return [*messages]


def check_secret_strength(**kwargs: Any) -> list[checks.CheckMessage]:
    if not _uses_secret() or check_setting(conf.secret):
        return []
    length = len(conf.secret())
    if length == conf.SECRET_MAX_BYTES and len(set(conf.secret())) >= _MIN_DISTINCT_BYTES:
        return []
    return warn(
        f"PTRACK_SECRET is weak: use {conf.SECRET_MAX_BYTES} random bytes; it has {length}"
        f", {len(set(conf.secret()))} of them distinct. Whoever guesses it reads and forges tokens.",
        "Run 'python manage.py ptrack_secret', set PTRACK_SECRET to what it prints, "
        "and put the former secret into PTRACK_SECRET_FALLBACKS: emails already sent need it.",
        "ptrack.W004",
    )


def _uses_secret() -> bool:
    encoder = current_encoder()
    return isinstance(encoder, PtrackEncoder) or (isinstance(encoder, type) and issubclass(encoder, PtrackEncoder))


def _expects_self(encoder: object, method: str) -> bool:
    """Return whether an encoder is a class that lacks ``@staticmethod`` above a method."""
    function = inspect.getattr_static(encoder, method, None)
    if not isinstance(encoder, type) or not inspect.isfunction(function):
        return False
    return next(iter(inspect.signature(function).parameters), None) == "self"


def _check_callable_app_url() -> list[checks.CheckMessage]:
    """Return a warning if ``PTRACK_APP_URL`` is neither missing nor a callable or its dotted path."""
    if conf.raw_app_url() is None:
        return []
    try:
        conf.app_url_or_callable()
    except ImproperlyConfigured as fault:
        return warn(str(fault), "A site that only serves pixels may remove PTRACK_APP_URL.", "ptrack.W001")
    return []


def _find_fault_of_url(url: str) -> str | None:
    """Return what keeps a base URL from being one, or None."""
    if not url.isprintable() or " " in url or "\\" in url:
        return "has a character that no URL has"
    if "?" in url or "#" in url:
        return "has a query or a fragment, which no path can follow"
    try:
        parts = urlsplit(url)
        # Reading the port checks it, and encoding the host checks that.
        _ = parts.port, parts.netloc.encode("idna")
    except ValueError:
        return "has an impossible host or port"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not an absolute http(s) URL"
    return None


def _to_ascii(url: str) -> str:
    """Return a URL with its host in IDNA and its path percent-encoded."""
    parts = urlsplit(url)
    return iri_to_uri(parts._replace(netloc=parts.netloc.encode("idna").decode()).geturl())


# Those that RFC 6761 and RFC 8375 reserve, and what routers and offices use.
_PRIVATE_SUFFIXES = (
    *(".localhost", ".local", ".localdomain", ".lan", ".internal", ".intranet"),
    *(".home.arpa", ".test", ".invalid"),
)


def _is_private(domain: str) -> bool:
    """Return whether only the same machine or network can resolve or reach a host."""
    try:
        return not ip_address(domain.strip("[]")).is_global
    except ValueError:
        return "." not in domain or domain.endswith(_PRIVATE_SUFFIXES)
