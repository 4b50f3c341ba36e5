"""A JSON field for arguments, which may hold characters that databases refuse."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

# PostgreSQL's jsonb refuses NUL and lone surrogates. Each of them is replaced by an escape
# character and four hexadecimal digits, and so is the escape character itself.
_ESCAPE = "\x1b"
_UNSTORABLE = re.compile(f"[\x00{_ESCAPE}\ud800-\udfff]")
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]{{4}})")


def escape(text: str) -> str:
    """Return a text that every database takes and that ``unescape`` turns back."""
    return _UNSTORABLE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04x}", text)


def unescape(text: str) -> str:
    """Return the text that ``escape`` was given."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


class ReadableEncoder(DjangoJSONEncoder):
    """Writes characters outside ASCII as they are, so that a search finds them, and unknown objects as text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": False})

    def default(self, o: Any) -> Any:
        # A project's own encoder may give arguments of any type.
        try:
            return super().default(o)
        except TypeError:
            return escape(str(o))


class ArgumentsField(models.JSONField):
    """A ``JSONField`` whose texts may hold any character."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["encoder"] = ReadableEncoder
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["encoder"]
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_convert(value, escape))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _convert(super().from_db_value(value, expression, connection), unescape)


def _convert(value: Any, convert_text: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it converted, and with numbers that JSON lacks as text."""
    if isinstance(value, str):
        return convert_text(value)
    if isinstance(value, (list, tuple)):
        return [_convert(item, convert_text) for item in value]
    if isinstance(value, dict):
        return {convert_text(str(name)): _convert(item, convert_text) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        # Python's JSON reads and writes infinity and NaN, so an old token may hold them.
        return str(value)
    return value
