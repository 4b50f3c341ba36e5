"""Fills the tables of ptrack.opens as a newsletter does in a year, for ``opens.py``.

Every week a campaign is sent to all readers. Forty of a hundred hits are the first open of an
email; the others are machines, and readers who open it again. Hits are stored in the order in
which they arrive.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from operator import itemgetter
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection

from ptrack.opens.ages import to_bucket
from ptrack.opens.models import MARKERS, LinkHit, PixelHit
from ptrack.opens.rows import to_argument_names, to_email_id

WEEKS = 52
DAYS = WEEKS * 7
#: Clicks for each hit of a pixel, and the links of an email.
CLICKS, LINKS = 0.08, 6
#: Rows that are stored at a time.
BATCH = 20_000
#: Of the hits of a pixel.
FIRST_OPENS = 0.4
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36"
HEADERS = json.dumps({"Accept": "image/avif,image/webp,image/apng,*/*;q=0.8", "Sec-Fetch-Mode": "no-cors"})
RULES = {
    "person": "browser",
    "proxy": "google-image-proxy",
    "prefetch": "apple-mpp",
    "scanner": "no-engine",
    "unknown": "no-user-agent",
}


class Email:
    """One email of one campaign."""

    def __init__(self, campaign: int, reader: int, issued_at: datetime, random: Random) -> None:
        args, kwargs = ["newsletter"], {"campaign": str(campaign), "reader": str(reader)}
        self.id = to_email_id(args, kwargs).hex
        self.pixel = UUID(int=random.getrandbits(128), version=5).hex
        self.args, self.kwargs = json.dumps(args), json.dumps(kwargs)
        self.names = to_argument_names(args, kwargs)
        self.issued_at = issued_at
        self.marked: set[str] = set()


def fill(rows: int, random: Random) -> None:
    """Store so many hits of pixels, and clicks for them, in the year up to today."""
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    hits = _in_order_of_arrival(rows, begin, random)
    while batch := list(islice(hits, BATCH)):
        for model in (PixelHit, LinkHit):
            _insert(model, [values for of, values in batch if of is model])
    with connection.cursor() as cursor:
        for model in (PixelHit, LinkHit):
            table = model._meta.db_table
            cursor.execute({"mysql": f"ANALYZE TABLE {table}"}.get(connection.vendor, f"ANALYZE {table}"))


def _in_order_of_arrival(rows: int, begin: datetime, random: Random) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield models, and the values of their columns."""
    pending: list[tuple[datetime, int, Email, str, bool]] = []
    numbers = count()
    end = begin + timedelta(days=DAYS)
    for week in range(WEEKS):
        sent = begin + timedelta(days=7 * week, hours=9)
        emails = [Email(week, reader, sent, random) for reader in range(int(rows * FIRST_OPENS / WEEKS))]
        for email in emails:
            pending += ((at, next(numbers), email, kind, False) for at, kind in _hits(sent, random))
        for email in random.choices(emails, k=int(rows * CLICKS / WEEKS)):
            kind = random.choices(["person", "unknown", "scanner"], [60, 20, 20])[0]
            pending.append((sent + _age(random), next(numbers), email, kind, True))
        pending.sort(key=itemgetter(0, 1))
        until = sent + timedelta(days=7) if week < WEEKS - 1 else end
        arrived = [hit for hit in pending if hit[0] < until]
        del pending[: len(arrived)]
        for at, number, email, kind, is_click in arrived:
            yield (LinkHit if is_click else PixelHit), _to_values(at, email, kind, number, is_click)


def _hits(sent: datetime, random: Random) -> Iterator[tuple[datetime, str]]:
    """Yield when an email is requested, and by whom: two and a half times on average, once by a reader at least."""
    yield sent + _age(random), random.choice(["person", "proxy"])
    for _ in range(random.choice([0, 1, 1, 2, 2, 3])):
        kind = random.choices(["person", "proxy", "prefetch", "scanner", "unknown"], [20, 20, 30, 20, 10])[0]
        yield sent + (timedelta(seconds=random.uniform(1, 600)) if kind in "prefetch scanner" else _age(random)), kind


def _age(random: Random) -> timedelta:
    return timedelta(seconds=random.lognormvariate(9, 2))


def _to_values(at: datetime, email: Email, kind: str, number: int, is_click: bool) -> tuple[Any, ...]:
    age = at - email.issued_at
    milliseconds = int(at.timestamp() * 1000)
    values = (
        f"{milliseconds:012x}7{number % 4096:03x}8{number:015x}",
        email.pixel,
        email.id,
        email.args,
        email.kwargs,
        email.names,
        _to_time(at),
        _to_time(email.issued_at),
        f"{age // timedelta(microseconds=1)} microseconds"
        if connection.vendor == "postgresql"
        else age // timedelta(microseconds=1),
        to_bucket(age),
        kind,
        RULES[kind],
        True,
        AGENT.format(100 + number % 40),
        HEADERS,
        None,
    )
    if is_click:
        return (*values, f"https://shop.example/offers/{number % LINKS}")
    return (*values, *(_mark(email, name) if kind in kinds else None for name, kinds in MARKERS.items()))


def _mark(email: Email, name: str) -> str | None:
    """Return the id of a pixel the first time that it is asked for."""
    if name in email.marked:
        return None
    email.marked.add(name)
    return email.pixel


def _to_time(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ") + ("+00" if connection.vendor == "postgresql" else "")


def _insert(model: Any, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = ", ".join(field.column for field in model._meta.concrete_fields)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # psycopg's own cursor has it, below that of Django.
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(model._meta.concrete_fields))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
