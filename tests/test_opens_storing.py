"""How hits become rows, on each database."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DataError, IntegrityError, OperationalError, connection, connections, transaction
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ptrack.hits import Hit, HitKind, to_digest
from ptrack.opens.ages import to_bucket
from ptrack.opens.fields import escape
from ptrack.opens.models import MARKERS, LinkHit, PixelHit
from ptrack.opens.rows import make_row
from ptrack.opens.storing import store
from ptrack.opens.texts import HoldsText

from support import on_each_database

pytestmark = [on_each_database, pytest.mark.django_db(transaction=True)]

PIXEL = to_digest(b"a pixel").hex
HOUR = 3600
NOW = timezone.now().timestamp()


def description(*args, pixel=PIXEL, kind="person", at=NOW, issued_at=NOW - HOUR, url=None, **kwargs):
    return {
        "id": uuid.uuid4().hex,
        "pixel_id": pixel,
        "args": list(args),
        "kwargs": kwargs,
        "at": at,
        "issued_at": issued_at,
        "kind": kind,
        "rule": "chrome",
        "is_secure": True,
        "user_agent": "Mozilla/5.0",
        "headers": {"Sec-Fetch-Mode": "no-cors"},
        "address": None,
        "url": url,
    }


def keep(*args, **kwargs):
    hit = make_row(description(*args, **kwargs))
    store(hit)
    return type(hit).objects.get(pk=hit.pk)


def marked(name):
    return list(PixelHit.objects.exclude(**{name: None}).values_list("pk", flat=True))


def count_statements(function, *args, **kwargs):
    with CaptureQueriesContext(connection) as queries:
        function(*args, **kwargs)
    return len(queries)


@pytest.mark.parametrize("kind", list(HitKind))
def test_a_first_hit_carries_the_markers_of_its_kind(kind):
    hit = keep(kind=kind)
    assert (hit.first_open_of == hit.pixel_id) == (kind in MARKERS["first_open_of"])
    assert (hit.first_possible_open_of == hit.pixel_id) == (kind is not HitKind.SCANNER)


def test_a_machine_first_and_readers_later():
    _, prefetch, person, _ = (keep(kind=kind) for kind in ("scanner", "prefetch", "person", "proxy"))
    assert marked("first_open_of") == [person.pk]
    assert marked("first_possible_open_of") == [prefetch.pk]


def test_each_hit_is_one_statement():
    for kind in ("prefetch", "person", "person", "scanner", "unknown"):
        assert count_statements(store, make_row(description(kind=kind))) == 1
    assert count_statements(store, make_row(description(url="https://shop.example/"))) == 1
    assert (PixelHit.objects.count(), LinkHit.objects.count()) == (5, 1)


def test_a_hit_that_is_stored_already_is_left_as_it_is():
    again = description()
    store(make_row(again))
    store(make_row(again | {"kind": "scanner"}))
    assert PixelHit.objects.get().kind == "person"


def race(threads, steps, store=store):
    """Let threads store a hit of the same pixel at the same moment, for so many pixels."""
    barrier = threading.Barrier(threads, timeout=60)

    def run(number):
        try:
            for step in range(steps):
                row = make_row(description(pixel=to_digest(b"%d" % step).hex, kind=("person", "proxy")[number % 2]))
                barrier.wait()
                store(row)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(threads)))
    assert PixelHit.objects.count() == threads * steps
    assert len(marked("first_open_of")) == len(marked("first_possible_open_of")) == steps


@pytest.fixture(params=["read committed", "repeatable read", "serializable"])
def isolated(request, monkeypatch):
    """Let the connections of new threads have an isolation level."""
    level = request.param
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one level.")
    if connection.vendor == "postgresql":
        level = getattr(import_module("psycopg").IsolationLevel, level.replace(" ", "_").upper())
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "isolation_level", level)


def test_eight_threads_give_one_unique_open():
    race(threads=8, steps=20)


def test_eight_threads_give_one_unique_open_at_each_isolation_level(isolated):
    race(threads=8, steps=10)


def store_in_a_snapshot(row):
    with transaction.atomic():
        # With this, the transaction sees no row that is stored later, unless it reads what is committed.
        PixelHit.objects.count()
        store(row)


@pytest.mark.parametrize("isolated", ["read committed", "repeatable read"], indirect=True)
def test_in_the_transactions_of_others_no_hit_is_lost(isolated):
    race(threads=2, steps=20, store=store_in_a_snapshot)


def test_in_the_transaction_of_others_mariadb_is_asked_for_markers_first(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    with transaction.atomic():
        keep(kind="prefetch")
        keep()
        keep()
    assert len(marked("first_open_of")) == len(marked("first_possible_open_of")) == 1
    assert PixelHit.objects.count() == 3


def test_a_conflict_does_not_break_the_transaction_of_others():
    keep()
    with transaction.atomic():
        store(make_row(description(kind="prefetch")))
        row = make_row(description())
        store(row)
        # A hit that is stored already is a conflict.
        store(row)
        assert PixelHit.objects.count() == 3


def test_a_conflict_that_does_not_end_is_raised_and_leaves_no_row(monkeypatch):
    tries = []

    def conflict(hit, **options):
        tries.append([hit.first_open_of, hit.first_possible_open_of])
        raise IntegrityError("some other column")

    monkeypatch.setattr(PixelHit, "save", conflict)
    with pytest.raises(IntegrityError, match="some other column"):
        store(make_row(description()))
    assert [any(markers) for markers in tries] == [True, True, False]


@pytest.mark.parametrize("error", [OperationalError(1205, "Lock wait"), OperationalError("gone"), DataError("x")])
def test_what_is_no_conflict_is_not_tried_again(monkeypatch, error):
    tries = []

    def fail(hit, **options):
        tries.append(hit)
        raise error

    monkeypatch.setattr(PixelHit, "save", fail)
    with pytest.raises(type(error)):
        store(make_row(description()))
    assert len(tries) == 1


class SerializationFailure(Exception):
    sqlstate = "40001"


@pytest.mark.parametrize("args", [(1213, "Deadlock found"), ("could not serialize access",)])
def test_what_another_statement_made_fail_is_tried_again(monkeypatch, args):
    error = OperationalError(*args)
    error.__cause__ = SerializationFailure() if len(args) == 1 else None
    real, failures = PixelHit.save, [error]

    def fail_once(hit, **options):
        if failures:
            raise failures.pop()
        real(hit, **options)

    monkeypatch.setattr(PixelHit, "save", fail_once)
    store(make_row(description()))
    assert PixelHit.objects.get().first_open_of


def test_every_database_takes_every_id():
    for number in range(200):
        keep(pixel=Hit(f"token {number}", {}, NOW).pixel_id, reader=number)
    assert len(marked("first_open_of")) == PixelHit.objects.values("email_id").distinct().count() == 200


def test_a_hit_that_comes_when_others_are_deleted_is_never_the_first():
    with override_settings(PTRACK_OPENS_KEEP_DAYS=30):
        late = keep(issued_at=NOW - 31 * 24 * HOUR)
        in_time = keep(issued_at=NOW - 29 * 24 * HOUR)
    assert (late.first_open_of, late.first_possible_open_of) == (None, None)
    assert in_time.first_open_of


def test_a_hit_without_a_time_of_rendering_is_never_late():
    with override_settings(PTRACK_OPENS_KEEP_DAYS=1):
        assert keep(issued_at=None).first_open_of


@pytest.mark.parametrize("use_tz", [True, False])
def test_times_are_those_of_the_hit(use_tz):
    with override_settings(USE_TZ=use_tz, TIME_ZONE="Asia/Tokyo"):
        hit = keep()
        assert hit.age == timedelta(hours=1)
        assert hit.at - hit.issued_at == timedelta(hours=1)
        assert hit.age_bucket == to_bucket(timedelta(hours=1))


ODD = [
    "a\x00b",
    "\ud800",
    "\x1b0000",
    "ünï",
    "😀",
    '"',
    "\\",
    "'",
    "",
    " ",
    "a b",
    "a.b",
    "$",
    "[0]",
    "\n",
    "%s",
    "{",
    "x" * 300,
]


@pytest.mark.parametrize("name", [*ODD, "1", "0", "Campaign", "campaign"])
def test_arguments_of_any_name_and_value_are_found(name):
    for value in [*ODD, 2**70, -1, True, False, "042", "ann", "Ann", "ann ", "ánn"]:
        keep(value, pixel=uuid.uuid4().hex, **{name: value})
    for value in [*ODD, 2**70, -1, True, False, "042", "ann", "Ann", "ann ", "ánn"]:
        assert PixelHit.objects.with_arguments(value).count() == 1, value
        [hit] = PixelHit.objects.with_arguments(**{name: value})
        text = {True: "true", False: "false"}.get(value, str(value))
        assert PixelHit.objects.filter(HoldsText("args", escape(text))).count() == 1, value
        assert PixelHit.objects.filter(HoldsText("kwargs", escape(text))).count() == 1, value
        assert hit.kwargs == {name: text}
        assert hit.args == [text]
    assert not PixelHit.objects.with_arguments(**{name: 42})
    assert not PixelHit.objects.with_arguments(**{name + "x": "a b"})
