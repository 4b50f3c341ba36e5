"""Stored texts and arguments, which may hold characters that databases refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import models

# PostgreSQL refuses NUL, and no database takes lone surrogates. Each of them is replaced by an
# escape character and four hexadecimal digits, and so is the escape character itself.
_ESCAPE = "\x1b"
_UNSTORABLE = re.compile(f"[\x00{_ESCAPE}\ud800-\udfff]")
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]{{4}})")


def to_text(value: object) -> str:
    """Return an argument as the text by which it is compared: 42 and "42" are one reader."""
    if isinstance(value, str):
        return value
    # A project's own encoder may give arguments of any type.
    try:
        return json.dumps(value, ensure_ascii=False)
    except TypeError:
        return str(value)


def escape(text: str) -> str:
    """Return a text that every database takes and that ``unescape`` turns back."""
    return _UNSTORABLE.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04x}", text)


def unescape(text: str) -> str:
    """Return the text that ``escape`` was given."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


class _Encoder(json.JSONEncoder):
    """Writes characters outside ASCII as they are, for a database to compare."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": False})


class TextsField(models.JSONField):
    """A list of texts, or an object whose names and values are texts. They may hold any character."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["encoder"] = _Encoder
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["encoder"]
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(_convert(value, escape))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _convert(super().from_db_value(value, expression, connection), unescape)


def _convert(texts: Any, convert: Callable[[str], str]) -> Any:
    match texts:
        case dict():
            return {convert(name): convert(text) for name, text in texts.items()}
        case list():
            return [convert(text) for text in texts]
    # A lookup of Django's into the JSON, such as kwargs__reader, gives a value alone.
    return texts
