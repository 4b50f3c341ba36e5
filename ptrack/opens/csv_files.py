"""CSV files whose cells are not formulas to a spreadsheet, and which are sent while they are made."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from itertools import chain, islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext

from .batches import hits_by_time
from .columns import Column, columns_of
from .fields import unescape
from .models import LinkHit, StoredHit
from .rates import to_percent
from .report import Report
from .selection import Selection
from .words import printable, to_json

# Spreadsheets take a cell that begins with one of these, or with its full-width form, for a
# formula (OWASP, "CSV Injection"). In many languages they also split lines at semicolons.
_FORMULA_START = re.compile(r"(^|;)([\"\s]*[=+\-@\t\r\n＝＋－＠])")  # noqa: RUF001

# Without it spreadsheets take UTF-8 for an older encoding.
_BYTE_ORDER_MARK = "\ufeff"

# The number of lines that are sent at a time.
_LINES_SENT = 500


def csv_response(request: HttpRequest, name: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """Return the response with a CSV file, whose name is ``ptrack-`` and the name given."""
    pieces = _join(lines)
    return StreamingHttpResponse(
        # Django holds the whole file in memory if the iterator is not of the server's kind.
        _in_thread(pieces) if isinstance(request, ASGIRequest) else pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="ptrack-{name}.csv"'},
    )


def report_lines(report: Report) -> Iterator[str]:
    """Return the lines of a report."""
    columns = columns_of(report)
    remark = [gettext("remark")] if report.has_rates else []
    rows = [[report.by or "", *(cell for column in columns for cell in _to_headings(column)), *remark]]
    for group in (*report.groups, report.total):
        cells = (cell for column in columns for cell in _to_cells(column, column.of(group)))
        rows.append([group.label, *cells, *([group.remark] if report.has_rates else [])])
    return _lines(rows)


def hit_lines(selection: Selection, model: type[StoredHit]) -> Iterator[str]:
    """Return the lines of the hits of pixels or of links by time. They are read in pages.

    The days and the headings are those of the time zone and the language that are current now,
    and not while the file is sent.
    """
    return _lines(chain([_hit_headings(model)], map(_hit_cells, hits_by_time(selection, model))))


def _hit_headings(model: type[StoredHit]) -> list[str]:
    is_click = model is LinkHit
    headings = [
        gettext("time of request"),
        gettext("kind"),
        gettext("rule"),
        gettext("args"),
        gettext("kwargs"),
        gettext("time of rendering"),
        gettext("time to click in seconds") if is_click else gettext("time to open in seconds"),
        gettext("user agent"),
        gettext("IP address"),
        gettext("link") if is_click else gettext("pixel"),
        gettext("hit"),
    ]
    return [*headings, gettext("URL")] if is_click else headings


def _hit_cells(hit: StoredHit) -> list[Any]:
    cells = [
        hit.at,
        hit.kind,
        hit.rule,
        to_json(hit.args),
        to_json(hit.kwargs),
        hit.issued_at,
        hit.age,
        unescape(hit.user_agent),
        hit.address,
        hit.pixel_id,
        hit.pk,
    ]
    return [*cells, hit.url] if isinstance(hit, LinkHit) else cells


def _to_headings(column: Column) -> list[str]:
    match column.key:
        case "median_age":
            return [gettext("median time to open in seconds")]
        case "open_rate":
            return [gettext("surely opened, %"), gettext("possibly opened, %")]
        case "click_rate":
            return [gettext("clicked, %")]
    return [column.heading]


def _to_cells(column: Column, value: Any) -> list[Any]:
    match column.key:
        case "open_rate":
            return [None, None] if value is None else [to_percent(rate) for rate in value]
        case "click_rate":
            return [None if value is None else to_percent(value)]
    return [value]


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


def _join(lines: Iterable[str]) -> Iterator[str]:
    yield _BYTE_ORDER_MARK
    iterator = iter(lines)
    while piece := "".join(islice(iterator, _LINES_SENT)):
        yield piece


async def _in_thread(pieces: Iterator[str]) -> AsyncIterator[str]:
    read: Any = sync_to_async(next)
    while piece := await read(pieces, ""):
        yield piece
