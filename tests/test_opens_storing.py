"""How hits become rows, on each database."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ptrack.hits import HitKind, to_digest
from ptrack.opens.models import MARKERS, LinkHit, PixelHit
from ptrack.opens.rows import make_row
from ptrack.opens.storing import store

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


def test_eight_threads_give_one_unique_open():
    barrier = threading.Barrier(8)
    failed = []

    def run(number):
        try:
            for step in range(20):
                row = make_row(description(pixel=to_digest(b"%d" % step).hex, kind=("person", "proxy")[number % 2]))
                barrier.wait(timeout=60)
                store(row)
        except BaseException as error:
            failed.append(error)
            barrier.abort()
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert PixelHit.objects.count() == 160
    assert len(marked("first_open_of")) == len(marked("first_possible_open_of")) == 20


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
        assert hit.kwargs == {name: text}
        assert hit.args == [text]
    assert not PixelHit.objects.with_arguments(**{name: 42})
    assert not PixelHit.objects.with_arguments(**{name + "x": "a b"})
