"""Judges where a link may lead: the same at rendering and at each hit."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host
from django.utils.encoding import iri_to_uri

from . import conf
from ._parsing import close_coroutine
from .exceptions import PtrackArgumentError

#: The number of characters that a destination has at most, as it stands in the ``Location`` header.
DESTINATION_MAX_LENGTH = 2048

# White space, control characters, backslashes, and surrogates, which are no characters.
_FORBIDDEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_HTTP_URL = re.compile(
    r"https?://(?P<host>\[[^\]/?#]*\]|[^:/?#\[\]]*)(?::(?P<port>[^/?#]*))?(?:[/?#].*)?",
    # In Unicode, a long s is an "s" of another case.
    re.IGNORECASE | re.ASCII,
)
_NAME = re.compile(r"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*+", re.ASCII)


def to_location(destination: object) -> str:
    """Return the text of a destination as it travels in the token, and as the ``Location`` header gives it.

    Raises ``PtrackArgumentError`` for a destination that breaks a rule or has a host that
    ``PTRACK_LINK_ALLOWED_HOSTS`` does not name. Raises ``ImproperlyConfigured`` for a bad or
    missing setting, and whatever a callable setting raises.
    """
    if not issubclass(type(destination), str):
        raise _refuse(f"is of type {type(destination).__name__}: pass a str that begins with 'https://'")
    host, location = _judge(str(destination))
    if not is_allowed(host):
        raise _refuse(
            f"leads to the host {host!r}: add the host to PTRACK_LINK_ALLOWED_HOSTS, or do not track the link"
        )
    return location


def is_good_location(location: object) -> bool:
    """Return whether a link may still lead to a text that travelled in its token.

    Raises ``ImproperlyConfigured`` for a bad or missing setting, and whatever a callable
    setting raises.
    """
    if type(location) is not str:
        return False
    try:
        host, same_location = _judge(location)
    except PtrackArgumentError:
        return False
    # What to_location() returns stays as it is, so any other text is none that it returned.
    return same_location == location and is_allowed(host)


def is_allowed(host: str) -> bool:
    """Return whether ``PTRACK_LINK_ALLOWED_HOSTS`` names a host, which is in lower case and without a port.

    Raises ``ImproperlyConfigured`` for a bad or missing setting, and for an answer of a
    callable that is neither True nor False.
    """
    allowed = conf.link_allowed_hosts()
    if not callable(allowed):
        return validate_host(host, allowed)
    answer = allowed(host)
    if answer is True or answer is False:
        return answer
    close_coroutine(answer)
    raise ImproperlyConfigured(
        f"PTRACK_LINK_ALLOWED_HOSTS, {allowed!r}, answered with the type {type(answer).__name__}: "
        "let it return True or False."
    )


def _judge(destination: str) -> tuple[str, str]:
    """Return the host of a destination in lower case, and its location.

    Raises ``PtrackArgumentError`` for a destination that breaks a rule.
    """
    if _FORBIDDEN.search(destination):
        raise _refuse(
            "has white space, a control character, a lone surrogate or a backslash: percent-encode or remove it"
        )
    found = _HTTP_URL.fullmatch(destination)
    if not found:
        raise _refuse("is no absolute URL: begin it with 'https://' and a host, without a user name")
    if found["port"] is not None and not _is_port(found["port"]):
        raise _refuse("has a port that there cannot be: use 1 to 65535, or leave it out")
    host = found["host"]
    if not host.isascii():
        raise _refuse("has a host outside ASCII: write it in IDNA, as in 'xn--mnchen-3ya.example'")
    # Not before: the Kelvin sign becomes a "k".
    host = host.lower()
    if not _is_host(host):
        raise _refuse("has a host that there cannot be: use a name, four numbers, or an IPv6 address in brackets")
    location: str = iri_to_uri(destination)
    if len(location) > DESTINATION_MAX_LENGTH:
        raise _refuse(f"has more than {DESTINATION_MAX_LENGTH} characters: use a shorter URL")
    return host, location


def _is_port(text: str) -> bool:
    digits = text.lstrip("0")
    return digits.isascii() and digits.isdigit() and len(digits) <= 5 and int(digits) <= 65_535


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ip_address(IPv6Address, host[1:-1]) and "%" not in host
    if not _NAME.fullmatch(host):
        return False
    # Browsers read such a host as an IPv4 address, in several odd ways.
    return not host.rpartition(".")[2][0].isdigit() or _is_ip_address(IPv4Address, host)


def _is_ip_address(kind: Any, text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return True


def _refuse(fault: str) -> PtrackArgumentError:
    # Without the destination, which may hold what is nobody else's business.
    return PtrackArgumentError(f"The destination of a link {fault}.")
