"""CSV files whose cells are not formulas to a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from .models import PixelHit
from .report import AGE_HEADING, HEADINGS, Report
from .words import printable, to_json

# Spreadsheets take a cell that begins with one of these, or with its full-width form, for a
# formula (OWASP, "CSV Injection"). In many languages they also split lines at semicolons.
_FORMULA_START = re.compile(r"(^|;)([\"\s]*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001

_HIT_HEADINGS = [
    "time of request",
    "kind",
    "rule",
    "args",
    "kwargs",
    "time of rendering",
    "time to open in seconds",
    "user agent",
    "remote address",
    "pixel",
    "hit",
]


def report_lines(report: Report) -> Iterator[str]:
    """Yield the lines of a report."""
    headings = [f"{AGE_HEADING} in seconds" if heading == AGE_HEADING else heading for heading in HEADINGS]
    yield from _lines([[report.by or "", *headings]])
    yield from _lines([group.label, *group.cells] for group in (*report.groups, report.total))


def hit_lines(hits: Iterable[PixelHit]) -> Iterator[str]:
    """Yield the lines of a list of hits."""
    yield from _lines([_HIT_HEADINGS])
    yield from _lines(
        [
            hit.at,
            hit.kind,
            hit.rule,
            to_json(hit.args),
            to_json(hit.kwargs),
            hit.issued_at,
            hit.age,
            hit.user_agent,
            hit.address,
            hit.pixel_id,
            hit.pk,
        ]
        for hit in hits
    )


class _Echo:
    """Something to write to that gives each line back, so that it can be streamed."""

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
