"""CSV that a spreadsheet shows, and does not execute."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from .models import Open
from .report import HEADINGS, Report, printable, to_row

# A cell that begins with one of these, or its full-width form, is a formula to spreadsheets:
# OWASP, "CSV Injection". In many languages, a semicolon is what separates cells to them.
_FORMULA_START = re.compile(r"(^|;)([\"\s]*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001

_HIT_HEADINGS = [
    *["loaded at", "kind", "reason", "args", "kwargs", "rendered at", "time to open in seconds"],
    *["user agent", "remote address", "pixel", "hit"],
]


def report_lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report."""
    headings = [str(report.by or ""), *HEADINGS]
    headings[2] += " in seconds"
    yield from _lines([headings, *map(to_row, report.groups), to_row(report.total)])


def hit_lines(hits: Iterable[Open]) -> Iterator[str]:
    """Yield the lines of a list of hits."""
    yield from _lines([_HIT_HEADINGS])
    yield from _lines(
        [
            *(hit.at, hit.kind, hit.reason, _to_json(hit.args), _to_json(hit.kwargs), hit.issued_at, hit.age),
            *(hit.user_agent, hit.address, hit.pixel_id, hit.hit_id),
        ]
        for hit in hits
    )


class _Echo:
    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([_to_cell(value) for value in row])


def _to_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f}"
    return _FORMULA_START.sub(r"\1'\2", printable(str(value)))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
