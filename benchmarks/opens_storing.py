"""Measures what storing a hit costs beside a bare ``create()``, for ``opens.py``."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, models
from opens_life import AGENT, HEADERS

from ptrack.hits import Hit
from ptrack.opens.ages import to_bucket
from ptrack.opens.models import MARKERS, PixelHit, StoredHit
from ptrack.opens.rows import to_argument_names, to_email_id
from ptrack.opens.storing import store

#: Hits of a round, and rounds, in which both sides take turns.
HITS, ROUNDS = 200, 15
#: Tells the hits of this benchmark from others.
RULE = "benchmark"


class BareHit(StoredHit):
    """A model with the same columns and indexes, and nothing that knows about first hits."""

    first_open_of = models.UUIDField(null=True, unique=True)
    first_possible_open_of = models.UUIDField(null=True, unique=True)

    class Meta(StoredHit.Meta):
        app_label = "ptrack_opens"


def measure() -> None:
    """Say how long storing takes, and its ratio to a bare ``create()``. The disk is not waited for."""
    wait_for_no_disk()
    with bare_table():
        for what in ("first", "repeat"):
            rounds = [measure_round(what) for _ in range(ROUNDS)]
            show(what, [ours for ours, _ in rounds], [bare for _, bare in rounds])
    PixelHit.objects.filter(rule=RULE).delete()


def measure_round(what: str) -> tuple[float, float]:
    """Return the median times of both sides, which take turns with each hit."""
    ours, bare = [], []
    for number in range(HITS):
        values = make_hit(number)
        if what == "repeat":
            store(PixelHit(**values))
        # The markers of a bare row are what they are in the other one.
        markers = dict.fromkeys(MARKERS, values["pixel_id"] if what == "first" else None)
        ours.append(time_of(lambda hit: store(PixelHit(**hit)), values | {"id": new_id()}))
        bare.append(time_of(lambda hit: BareHit.objects.create(**hit), values | markers | {"id": new_id()}))
    return statistics.median(ours), statistics.median(bare)


def time_of(store_one: Callable[[dict[str, Any]], Any], values: dict[str, Any]) -> float:
    start = time.perf_counter()
    store_one(values)
    return time.perf_counter() - start


def show(what: str, ours: list[float], bare: list[float]) -> None:
    ratios = [one / other for one, other in zip(ours, bare, strict=True)]
    ratio = statistics.median(ours) / statistics.median(bare)
    print(
        f"store a {what} hit: {statistics.median(ours) * 1e6:.0f} µs, bare create(): "
        f"{statistics.median(bare) * 1e6:.0f} µs, ratio {ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
    )


def make_hit(number: int) -> dict[str, Any]:
    """Return the values of a row of a new pixel."""
    at, age = datetime.now(UTC), timedelta(hours=1)
    args, kwargs = ["newsletter"], {"campaign": "51", "reader": str(number)}
    return {
        "id": new_id(),
        "pixel_id": Hit(f"{at}{number}", {}, 0).pixel_id,
        "email_id": to_email_id(args, kwargs),
        "args": args,
        "kwargs": kwargs,
        "argument_names": to_argument_names(args, kwargs),
        "at": at,
        "issued_at": at - age,
        "age": age,
        "age_bucket": to_bucket(age),
        "kind": "person",
        "rule": RULE,
        "is_secure": True,
        "user_agent": AGENT.format(120),
        "headers": json.loads(HEADERS),
        "address": None,
    }


def new_id() -> str:
    return Hit("", {}, time.time()).id


@contextmanager
def bare_table() -> Iterator[None]:
    """Make the table of ``BareHit`` with as many rows as that of hits."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in BareHit._meta.concrete_fields)
    with connection.schema_editor() as editor:
        editor.create_model(BareHit)
    try:
        with connection.cursor() as cursor:
            source, target = PixelHit._meta.db_table, BareHit._meta.db_table
            cursor.execute(f"INSERT INTO {target} ({columns}) SELECT {columns} FROM {source}")
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.delete_model(BareHit)


def wait_for_no_disk() -> None:
    """Let the connection not wait for the disk, which would hide what the statements cost."""
    with connection.cursor() as cursor:
        cursor.execute(
            {
                "sqlite": "PRAGMA synchronous = OFF",
                "postgresql": "SET synchronous_commit = OFF",
                "mysql": "SET GLOBAL innodb_flush_log_at_trx_commit = 2",
            }[connection.vendor]
        )
