"""Turns values into words that people can read."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def humanize_duration(duration: timedelta | None) -> str:
    """Return a length of time, which is not negative, in its two largest units: ``3 h 20 min``; ``-`` for None."""
    if duration is None:
        return "-"
    seconds = round(duration.total_seconds())
    for (name, size), (smaller_name, smaller_size) in pairwise(_UNITS):
        if seconds >= size:
            count, rest = divmod(seconds, size)
            smaller_count = rest // smaller_size
            return f"{count} {name} {smaller_count} {smaller_name}" if smaller_count else f"{count} {name}"
    return f"{seconds} s"


def printable(text: str) -> str:
    """Return a text in which Python's escapes replace the characters that cannot be shown."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def to_json(value: Any) -> str:
    """Return a value as JSON that keeps characters outside ASCII as they are."""
    return json.dumps(value, ensure_ascii=False)
