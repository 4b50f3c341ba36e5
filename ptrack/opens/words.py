"""Turns values into words that people can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext, gettext_lazy

from ptrack.hits import HitKind

# Control characters, what ends a line, lone surrogates, and what turns the direction of the text
# after it. Joiners, emoji and blanks of all kinds are text.
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_UNITS = (
    (gettext_lazy("%d d"), 86_400),
    (gettext_lazy("%d h"), 3600),
    (gettext_lazy("%d min"), 60),
    (gettext_lazy("%d s"), 1),
)

#: What the kinds of hits are called.
KINDS = {
    HitKind.PERSON: gettext_lazy("person"),
    HitKind.PROXY: gettext_lazy("proxy"),
    HitKind.PREFETCH: gettext_lazy("prefetch"),
    HitKind.SCANNER: gettext_lazy("scanner"),
    HitKind.UNKNOWN: gettext_lazy("unknown"),
}


def humanize_duration(duration: timedelta | None) -> str:
    """Return a length of time, which is not negative, in its two largest units: ``3 h 20 min``; ``-`` for None."""
    if duration is None:
        return "-"
    seconds = round(duration.total_seconds())
    for (unit, size), (smaller_unit, smaller_size) in pairwise(_UNITS):
        if seconds >= size:
            count, rest = divmod(seconds, size)
            smaller_count = rest // smaller_size
            return f"{unit % count} {smaller_unit % smaller_count}" if smaller_count else str(unit % count)
    return gettext("%d s") % seconds


def printable(text: str) -> str:
    """Return a text in which Python's escapes replace the characters that nobody could see or that hide others."""
    return _UNSHOWABLE.sub(lambda match: ascii(match[0])[1:-1], text)


def natural_key(text: str) -> tuple[list[Any], str]:
    """Return what sorts texts by the numbers in them, 9 before 10, and then by characters."""
    parts = re.split("([0-9]+)", text.casefold())
    natural = [(len(part.lstrip("0")), part.lstrip("0")) if index % 2 else part for index, part in enumerate(parts)]
    return natural, text


def to_table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table of texts, whose first row is its head. All columns but the first are aligned right."""
    rows = [*rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for label, *cells in rows:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        yield "  ".join([label.ljust(widths[0]), *aligned]).rstrip()


def to_json(value: Any) -> str:
    """Return a value as JSON that keeps characters outside ASCII as they are."""
    return json.dumps(value, ensure_ascii=False)


def humanize_percents(parts: float | tuple[float, float]) -> str:
    """Return a part, from 0 to 1, in percent, or two parts as a range: ``25 to 40 %``."""
    # One decimal place, if it is needed.
    least, greatest = (floatformat(100 * part) for part in (parts if isinstance(parts, tuple) else (parts, parts)))
    if least == greatest:
        return gettext("%s %%") % least
    return gettext("%(least)s to %(greatest)s %%") % {"least": least, "greatest": greatest}
