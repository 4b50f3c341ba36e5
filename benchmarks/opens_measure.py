"""Measures reports, pages and files of stored hits, for ``opens.py``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, reset_queries, transaction
from django.test import RequestFactory, override_settings
from django.urls import path, resolve
from opens_life import DAYS, fill

from ptrack.opens.arguments import Argument, seen_arguments
from ptrack.opens.conditions import Condition
from ptrack.opens.csv_files import hit_lines
from ptrack.opens.models import LinkHit, PixelHit
from ptrack.opens.report import make_report
from ptrack.opens.selection import Selection
from ptrack.opens.window import Window

urlpatterns = [path("admin/", admin.site.urls)]

#: How often each is done.
TIMES = 3
LIST = "/admin/ptrack_opens/pixelhit/"
#: What a report is grouped by, and its condition.
REPORTS = {
    "not grouped": (None, None),
    "by campaign": ("campaign", None),
    "by reader": ("reader", None),
    "by campaign, of one campaign": ("campaign", "campaign=50"),
    "by reader, of one campaign": ("reader", "campaign=50"),
}


def prepare(rows: int) -> int:
    """Fill the tables, unless an earlier run did. Return the number of pixels' hits."""
    call_command("migrate", verbosity=0)
    if not PixelHit.objects.exists():
        start = time.perf_counter()
        with transaction.atomic():
            fill(rows, Random(1))
        show("fill the tables", time.perf_counter() - start)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
    there = PixelHit.objects.count()
    opened = PixelHit.objects.exclude(first_open_of=None).count()
    print(f"{connection.vendor}: {there:,} hits of pixels, {opened:,} of them first opens")
    print(f"{LinkHit.objects.count():,} clicks")
    return there


def show(what: str, *seconds: float, note: str = "") -> None:
    print(f"{what:64}{'  '.join(f'{each:7.3f}' for each in seconds)} s  {note}", flush=True)


def times_of(function: Callable[[], Any]) -> list[float]:
    """Return the seconds of several runs, the first of which may have to wake the database up."""
    seconds = []
    for _ in range(TIMES):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def sent(argument: str, values: list[str], since: Any, until: Any) -> dict[str, int]:
    return dict.fromkeys(values, 10**9)


def report_cases() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield reports of 30 days, and what they are called."""
    for title, (by, where) in REPORTS.items():
        chosen = by and Argument(by), where and Condition.parse(where)
        yield title, lambda chosen=chosen: make_report(Window.choose(days=30), *chosen)


def measure_reports() -> None:
    """Say how long the queries of a report of 30 days take, and of one of a year."""
    for title, make in report_cases():
        show(f"report, {title}", *times_of(make))
    with override_settings(PTRACK_OPENS_SENT=sent):
        for title, make in report_cases():
            show(f"report with rates, {title}", *times_of(make))
    show(
        "report of a year, by campaign", *times_of(lambda: make_report(Window.choose(days=DAYS), Argument("campaign")))
    )
    show("names of the arguments", *times_of(seen_arguments))


def measure_pages() -> None:
    """Say how long pages of the admin take, with their queries and templates."""
    user = User(is_superuser=True, is_staff=True, is_active=True)

    def request(url: str, **parameters: str) -> None:
        found = RequestFactory().get(f"{url}?{urlencode(parameters)}")
        found.user, found._messages = user, []
        match = resolve(url)
        match.func(found, *match.args, **match.kwargs).render()

    show("page of the report, by campaign", *times_of(lambda: request(f"{LIST}report/", by="=campaign")))
    show("page of the report, by reader", *times_of(lambda: request(f"{LIST}report/", by="=reader")))
    show("first page of the list", *times_of(lambda: request(LIST)))


def measure_file() -> None:
    """Say how long a file of all hits takes, and how much memory."""
    before = most = memory()
    start, characters, lines = time.perf_counter(), 0, 0
    for line in hit_lines(Selection(Window.choose(days=DAYS)), PixelHit):
        lines += 1
        characters += len(line)
        if lines % 10_000 == 0:
            most = max(most, memory())
    seconds = time.perf_counter() - start
    note = f"{lines - 1:,} hits, {characters / 2**20:,.0f} MiB; the process grew by {most - before:.1f} MiB"
    show("a file of all hits", seconds, note=note)


def memory() -> float:
    """Return the MiB of memory that this process takes now. On Linux alone."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


@contextmanager
def queries_of(title: str) -> Iterator[None]:
    # A first connection asks the database what it is.
    connection.ensure_connection()
    reset_queries()
    connection.force_debug_cursor = True
    yield
    connection.force_debug_cursor = False
    for query in [query for query in connection.queries if " FROM " in query["sql"]]:
        print(f"\n# {title}: {query['time']} s\n{query['sql']}")
        prefix = {"postgresql": "EXPLAIN (ANALYZE, BUFFERS)", "mysql": "ANALYZE", "sqlite": "EXPLAIN QUERY PLAN"}
        with connection.cursor() as cursor:
            # The queries are complete, and hold no placeholders.
            cursor.cursor.execute(f"{prefix[connection.vendor]} {query['sql']}")
            for row in cursor.fetchall():
                print("   ", *row)


def show_plans() -> None:
    """Show the queries of the reports, and their plans."""
    for title, make in report_cases():
        with queries_of(title):
            make()
