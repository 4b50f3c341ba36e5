"""A JSON field for arguments, which may hold what databases do not take."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

# PostgreSQL's jsonb takes neither NUL nor lone surrogates. Each becomes an escape character
# with four hexadecimal digits, and so does that character itself.
_ESCAPE = "\x1b"
_UNSTORABLE = re.compile(f"[\x00{_ESCAPE}\ud800-\udfff]")
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]{{4}})")


def escape(text: str) -> str:
    """Return a text that every database takes, and ``unescape`` turns back."""
    return _UNSTORABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    """Return what ``escape`` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {change(str(name)): _walk(item, change) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        # Python's JSON knows them, and an old token may hold one.
        return str(value)
    return value


class ReadableEncoder(DjangoJSONEncoder):
    """Writes letters outside ASCII as they are, so that a search finds them, and what JSON lacks as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": False})

    def default(self, o: Any) -> Any:
        # An encoder of the project's own may bring anything.
        try:
            return super().default(o)
        except TypeError:
            return escape(str(o))


class ArgumentsField(models.JSONField):
    """A ``JSONField`` whose texts may hold any character."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"encoder": ReadableEncoder})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["encoder"]
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_walk(value, escape))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _walk(super().from_db_value(value, expression, connection), unescape)
