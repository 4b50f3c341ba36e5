"""The JSON that a token carries: ``[[args...], {kwargs...}]``.

Writing takes ints and strings only. Reading takes whatever JSON an old token holds.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils.functional import LazyObject, Promise

from .exceptions import PtrackArgumentError

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_to_ascii_json = json.JSONEncoder(separators=(",", ":")).encode
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

# The first line whose type fits counts.
_CURES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "leave the argument out, or pass a str, such as ''"),
    (Promise, "pass str(text), which translates the lazy text now"),
    (Model, "pass its primary key, such as user.pk"),
    (LazyObject, "pass an attribute of the object, such as user.pk, or str(value)"),
    (UUID, "pass str(value)"),
    ((float, Decimal), "pass str(value), or an int, such as an amount in cents"),
    (timedelta, "pass str(value), or its seconds as an int"),
    (date, "pass str(value), or an int, such as a Unix time"),
    ((bytes, bytearray, memoryview), "pass a str, such as value.hex()"),
    ((list, tuple, set, frozenset, dict), "pass each item as an argument of its own, or one str"),
)


def serialise(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """Return the JSON of the arguments.

    Raises ``PtrackArgumentError`` for one that is neither an int nor a str, or an int that is too long.
    """
    named: list[tuple[int | str, Any]] = [*enumerate(args, start=1), *kwargs.items()]
    for name, value in named:
        # isinstance() would ask what a SimpleLazyObject wraps.
        if not issubclass(type(value), (int, str)):
            raise _bad_argument(name, value, _cure_for(value))
    try:
        text = _to_json([args, kwargs])
    except ValueError:
        limit = 10 ** sys.get_int_max_str_digits()
        name, value = next((name, value) for name, value in named if isinstance(value, int) and abs(value) >= limit)
        cure = "it has more digits than Python converts, so pass a str, such as hex(number)"
        raise _bad_argument(name, value, cure) from None
    try:
        return text.encode()
    except UnicodeEncodeError:
        # UTF-8 cannot express a lone surrogate, but an escape in ASCII can.
        if not _SURROGATE_PAIR.search(text):
            return _to_ascii_json([args, kwargs]).encode()
        # The escapes of two surrogates that make a pair would be read as one character.
        return text.encode(errors="surrogatepass")


def _cure_for(value: object) -> str:
    """Return how to pass a value of a type that cannot travel."""
    for types, cure in _CURES:
        if issubclass(type(value), types):
            return cure
    return "pass an int or a str, such as str(value) or a primary key"


def _bad_argument(name: int | str, value: object, cure: str) -> PtrackArgumentError:
    return PtrackArgumentError(
        f"ptrack cannot put argument {name!r} of type {type(value).__name__} into a URL: {cure}. "
        "In a template, str(value) is value|stringformat:'s'."
    )


def deserialise(message: bytes) -> list[Any] | None:
    """Return ``[args, kwargs]`` from the JSON of a token, or None if it is no such JSON."""
    try:
        payload = json.loads(message.decode(errors="surrogatepass"))
    except (ValueError, RecursionError):
        return None
    match payload:
        case [list() as args, dict() as kwargs]:
            return [args, kwargs]
    return None
