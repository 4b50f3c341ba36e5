"""The system checks of links and of consent, for ``checks``."""

from __future__ import annotations

import string
from typing import Any

from django.core import checks

from . import conf
from ._messages import check_setting, warn
from ._route_checks import LINKS, find_fault_of_route, routes_to
from .encoder import DESTINATION, PtrackEncoder, current_encoder, encrypt_with, is_authenticated
from .trackers import TrackingLink, tracker

_AWKWARD = [
    *("", " ", "&", "=", ":", ",", ";", "/", "|", '"', "'", "\\", "\n", "\x00", "[]", "{}", "ü€😀"),
    *("a=b&c=d", "user:7", "user=7", "None", "true"),
]
_LOCATION = "https://www.example.com/?a=1&b=2#c"
_LETTERS = string.ascii_letters + string.digits


def check_consent(**kwargs: Any) -> list[checks.CheckMessage]:
    hint = "Set PTRACK_CONSENT to a callable or its dotted path, or remove it."
    return check_setting(conf.consent, hint, "ptrack.E008")


def check_link_hosts(**kwargs: Any) -> list[checks.CheckMessage]:
    if not _has_links():
        return []
    hint = "List the hosts that links may lead to, such as ['.example.com']; [] allows none."
    return check_setting(conf.link_allowed_hosts, hint, "ptrack.E009")


def check_link_encoder(**kwargs: Any) -> list[checks.CheckMessage]:
    encoder: Any = current_encoder()
    if not _has_links() or encoder is PtrackEncoder:
        return []
    if not is_authenticated(encoder):
        fault = "does not say that nobody can forge its tokens"
        hint = "If that is so, write authenticated = True into its class body. Otherwise it cannot carry links."
    else:
        fault = find_fault_of_authentication(encoder) or ""
        hint = "Sign or encrypt the whole token, and escape what separates the arguments."
    return [checks.Error(f"The encoder {encoder!r} {fault}.", hint=hint, id="ptrack.E010")] if fault else []


def check_link_route(**kwargs: Any) -> list[checks.CheckMessage]:
    if not _has_links() or not conf.has_urlconf():
        return []
    fault_and_hint = find_fault_of_route(LINKS)
    return warn(*fault_and_hint, "ptrack.W010") if fault_and_hint else []


def check_any_host(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn, before a site is deployed, of links that may lead anywhere."""
    if not _has_links() or check_link_hosts():
        return []
    allowed = conf.link_allowed_hosts()
    if callable(allowed) or "*" not in allowed:
        return []
    return warn(
        "PTRACK_LINK_ALLOWED_HOSTS holds '*', so whoever can write a link into a template can lead readers anywhere.",
        "List the hosts that your links lead to.",
        "ptrack.W011",
    )


def find_fault_of_authentication(encoder: Any) -> str | None:
    """Return what an encoder does that one with authenticated tokens does not do, or None.

    This is a smoke alarm: it tries samples, so that it finds carelessness and no malice.
    """
    arguments = (["sample"], {"reader": 42, DESTINATION: _LOCATION})
    try:
        token = encrypt_with(encoder, *arguments)
    except Exception as error:
        return f"cannot encrypt a str and an int: it raises {type(error).__name__}"
    for value in _AWKWARD:
        args, kwargs = [value, f"x{value}"], {"name": value, DESTINATION: _LOCATION}
        if not _comes_back(encoder, args, kwargs):
            return f"does not return arguments such as {value!r} as they were"
    for position, letter in enumerate(token):
        other = _LETTERS[(_LETTERS.find(letter) + 1) % len(_LETTERS)]
        if _read(encoder, token[:position] + other + token[position + 1 :]) not in (None, arguments):
            return "reads a token of which a character was changed"
    return None


def _comes_back(encoder: Any, args: list[Any], kwargs: dict[str, Any]) -> bool:
    try:
        token = encrypt_with(encoder, args, kwargs)
    except Exception:
        return False
    return _read(encoder, token) == (args, kwargs)


def _read(encoder: Any, token: str) -> tuple[list[Any], dict[str, Any]] | None:
    try:
        args, kwargs = encoder.decrypt(token)
        return list(args), dict(kwargs)
    except Exception:
        return None


def _has_links() -> bool:
    """Return whether the site tracks links: it includes their route, or has a class of its own for them."""
    own = (cls for cls in tracker if issubclass(cls, TrackingLink) and not cls.__module__.startswith("ptrack.opens."))
    return any(routes_to(LINKS)) or any(own)
