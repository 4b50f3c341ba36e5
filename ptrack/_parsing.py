"""Judges the values of settings, for ``conf``.

A bad secret is described as text, so that no frame of an exception holds the secret.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

#: Bytes in the key of a NaCl SecretBox; PyNaCl's ``SecretBox.KEY_SIZE``.
SECRET_MAX_BYTES = 32

#: A hundred years, which no calendar is too short for.
MAX_KEEP_DAYS = 36_525

SECRET_CURE = (
    "use a str or bytes of 1 to 32 bytes in UTF-8, such as the one that 'python manage.py ptrack_secret' prints"
)


def to_app_url(value: object, subject: str, cure: str) -> str:
    if isinstance(value, str) and "://" in value:
        return value.rstrip("/")
    if isinstance(value, str):
        fault = "without '://'" if value else "empty"
    else:
        fault = "not set" if value is None else f"of type {type(value).__name__}"
    raise ImproperlyConfigured(
        f"{subject} is {fault}: {cure} the URL under which email clients can reach this site, "
        "such as 'https://www.example.com'."
    )


def import_value(name: str, path: str, *, remark: str = "", cure: str) -> Any:
    """Return what a dotted path leads to.

    Takes the name of the setting, its value, and what the message says of the value and of the
    cure. Raises ``ImproperlyConfigured`` for whatever importing the path raises.
    """
    try:
        return import_string(path)
    except Exception as error:
        fault = f"which cannot be imported ({type(error).__name__}: {error})"
        raise ImproperlyConfigured(f"{name} is {path!r}{remark}, {fault}. {cure}.") from error


def import_callable(name: str, path: str, *, remark: str = "", cure: str) -> Callable[..., Any]:
    """Return the callable of a dotted path. Takes and raises the same as ``import_value``."""
    found = import_value(name, path, remark=remark, cure=cure)
    if not callable(found):
        raise ImproperlyConfigured(f"{name} is {path!r}{remark}, which leads to {found!r}, not to a callable. {cure}.")
    return found  # type: ignore[no-any-return]


def to_callable(name: str, value: object) -> Callable[..., Any] | None:
    """Return the callable that a setting holds, or whose dotted path it holds, or None if it is not set."""
    if value is None or callable(value):
        return value
    cure = "Write a callable, or its dotted path, such as 'mysite.functions.function'"
    if isinstance(value, str):
        return import_callable(name, value, cure=cure)
    raise ImproperlyConfigured(f"{name} is of type {type(value).__name__}. {cure}.")


def to_hosts(name: str, value: object) -> list[str] | Callable[..., Any]:
    """Return the hosts that a setting lists, or the callable that it holds or whose dotted path it holds."""
    if value is None:
        raise ImproperlyConfigured(
            f"{name} is not set: list the hosts that links may lead to, such as ['.example.com']."
        )
    if isinstance(value, (list, tuple)) and all(isinstance(host, str) for host in value):
        return list(value)
    if callable(value) or isinstance(value, str):
        return to_callable(name, value)  # type: ignore[return-value]
    raise ImproperlyConfigured(
        f"{name} is of type {type(value).__name__}, or holds something that is not a str: "
        "use a list of hosts, such as ['.example.com'], or a callable."
    )


def to_days(name: str, value: object) -> int | None:
    """Return the number of days that a setting holds, or None if it holds None."""
    if value is None or (type(value) is int and 1 <= value <= MAX_KEEP_DAYS):
        return value
    raise ImproperlyConfigured(
        f"{name} is {value!r}: use a number of days from 1 to {MAX_KEEP_DAYS}, or None to keep all hits."
    )


def close_coroutine(value: object) -> None:
    """Close a value if it is a coroutine: Python warns of one that nobody awaits."""
    if inspect.iscoroutine(value):
        value.close()


def parse_secret(value: object) -> bytes | str:
    """Return a secret as bytes, or what is wrong with it as text."""
    if isinstance(value, str):
        try:
            value = value.encode()
        except UnicodeEncodeError:
            return "holds a character that UTF-8 cannot express"
    if not isinstance(value, bytes):
        return "is not set" if value is None else f"is of type {type(value).__name__}"
    if 0 < len(value) <= SECRET_MAX_BYTES:
        return value
    if not value:
        return "is empty"
    # A secret that is read from a file often ends in a line break.
    extent = "" if value == value.strip() else ", white space at its ends included"
    return f"is {len(value)} bytes long in UTF-8{extent}"


def parse_fallbacks(value: object) -> tuple[bytes, ...] | str:
    """Return former secrets as bytes, or what is wrong with them as text."""
    if not isinstance(value, (list, tuple)):
        reason = "; each character of a bare string would become a secret that anyone can guess"
        return (
            f" is of type {type(value).__name__}: use a list of former secrets"
            f"{reason if isinstance(value, (str, bytes)) else ''}"
        )
    secrets: tuple[bytes, ...] = ()
    for number, item in enumerate(value, start=1):
        parsed = parse_secret(item)
        if isinstance(parsed, str):
            return f", item {number}, {parsed}: {SECRET_CURE}"
        secrets += (parsed,)
    return secrets
