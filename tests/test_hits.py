from __future__ import annotations

import gc
import logging
import time
import uuid
import weakref
from asyncio import CancelledError
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from django.test import Client, RequestFactory

import ptrack
from ptrack import views
from ptrack.hits import Hit
from ptrack.testing import open_mail

from support import seal_json

pytestmark = pytest.mark.usefixtures("no_pixels")

MADE_AT = 1_790_000_000


def hit(token="token", meta=None, timestamp=MADE_AT):
    return Hit(token, {} if meta is None else meta, timestamp)


@pytest.fixture
def requests():
    """Let the one registered pixel append its request to this list."""
    seen = []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request, *args, **kwargs):
            seen.append(request)

    return seen


@pytest.fixture
def clock(monkeypatch):
    """The Unix time of this machine, which a test may change."""

    clock = SimpleNamespace(now=float(MADE_AT))
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


def test_the_time_from_tag_to_hit_is_right_to_the_second(requests, clock):
    clock.now = MADE_AT + 0.9
    email = ptrack.pixel_img("welcome", user=7)
    clock.now += 3 * 24 * 60 * 60 + 2.35
    open_mail(email, user_agent="Thunderbird/128")
    [request] = requests
    found = request.ptrack
    assert found.issued_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert found.at == datetime(2026, 9, 24, 14, 13, 23, 250_000, tzinfo=UTC)
    assert found.age == timedelta(days=3, seconds=3, microseconds=250_000)
    assert (found.kind, found.reason) == ("person", 'user agent contains "Thunderbird"')
    assert found.token in email


def test_the_clock_is_read_when_the_hit_arrives(requests, clock):
    class SlowPixel(ptrack.TrackingPixel):
        def record(self):
            clock.now += 60

    ptrack.tracker.register(SlowPixel)
    ptrack.tracker.restore(dict(reversed(ptrack.tracker.save().items())))
    open_mail(ptrack.pixel_img())
    assert [request.ptrack.age for request in requests] == [timedelta()]


def test_the_same_email_opened_again_has_the_same_pixel_id(requests):
    email, other = ptrack.pixel_img("welcome"), ptrack.pixel_img("welcome")
    open_mail(email)
    open_mail(email)
    open_mail(other)
    first, second, third = (request.ptrack.pixel_id for request in requests)
    assert first == second != third
    assert set(first) <= set("0123456789abcdef")
    assert len(first) == 32


def test_the_padding_of_a_token_does_not_change_the_pixel_id():
    assert hit("token==").pixel_id == hit("token").pixel_id == "b7ec0488fd6a50b8bf79180aa04b7f75"
    assert hit("Token").pixel_id != hit("token").pixel_id


def test_a_token_of_any_text_has_a_pixel_id():
    assert len(hit("é\ud800\x00").pixel_id) == 32


def test_the_ids_are_those_of_uuids_that_every_database_takes():
    found = hit("token", timestamp=1_790_000_000.123)
    assert uuid.UUID(found.pixel_id).version == 5
    assert (uuid.UUID(found.id).version, uuid.UUID(found.id).variant) == (7, uuid.RFC_4122)
    assert uuid.UUID(found.id).int >> 80 == 1_790_000_000_123
    assert found.id == found.id != hit("token", timestamp=1_790_000_000.123).id


def test_the_repr_of_a_hit_does_not_hold_its_token():
    token = ptrack.PtrackEncoder.encrypt("a")
    assert hit(token).pixel_id in repr(hit(token))
    assert token not in repr(hit(token))


@pytest.mark.parametrize("token", [seal_json([["a"], {}]), "no token", ""], ids=["unstamped", "junk", "empty"])
def test_a_token_without_a_stamp_has_neither_issued_at_nor_age(token, caplog):
    found = hit(token)
    assert (found.issued_at, found.age) == (None, None)
    assert [record.message for record in caplog.records if token and token in record.message] == []


def test_the_age_is_never_negative(clock):
    token = ptrack.PtrackEncoder.encrypt()
    found = hit(token, timestamp=MADE_AT - 10)
    assert found.issued_at > found.at
    assert found.age == timedelta()


class PlainEncoder:
    @staticmethod
    def encrypt(*args, **kwargs): ...

    @staticmethod
    def decrypt(token): ...


def test_an_encoder_may_lack_issued_at(caplog):
    ptrack.ptrack_encoder = PlainEncoder
    assert (hit().issued_at, hit().age) == (None, None)
    assert caplog.records == []


def test_an_encoder_may_have_issued_at():
    zone = timezone(timedelta(hours=2))

    class DatedEncoder(PlainEncoder):
        @staticmethod
        def issued_at(token):
            return datetime(2026, 9, 21, 16, 13, 0, tzinfo=zone) if token == "plain" else None

    ptrack.ptrack_encoder = DatedEncoder
    assert hit("plain").age == timedelta(seconds=20)
    assert hit("other").age is None


@pytest.mark.parametrize("outcome", [ValueError("plain"), CancelledError("plain"), datetime(2026, 9, 21), 1])  # noqa: DTZ001
def test_a_failing_issued_at_of_an_encoder_is_warned_of(outcome, caplog):
    class FailingEncoder(PlainEncoder):
        @staticmethod
        def issued_at(token):
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

    ptrack.ptrack_encoder = FailingEncoder
    found = hit("plain")
    assert (found.issued_at, found.age) == (None, None)
    [record] = caplog.records
    assert (record.name, record.levelno, record.exc_info) == ("ptrack", logging.WARNING, None)
    assert record.getMessage().startswith("issued_at() of the encoder <class ")
    assert "plain" not in record.getMessage()


def test_the_kind_is_worked_out_once():
    meta = {"HTTP_USER_AGENT": "curl/8.0"}
    found = hit(meta=meta)
    assert found.kind == "scanner"
    meta["HTTP_USER_AGENT"] = "Thunderbird/128"
    assert found.kind == "scanner"
    assert hit(meta=meta).kind == "person"


def test_a_hit_does_not_keep_its_request_alive(requests):
    views.record_hit(ptrack.PtrackEncoder.encrypt(), lambda: RequestFactory().get("/"))
    request = weakref.ref(requests[0])
    gc.disable()
    try:
        requests.clear()
        assert request() is None
    finally:
        gc.enable()


def test_an_unreadable_token_does_not_ask_for_the_request():
    views.record_hit("junk", lambda: pytest.fail("Nobody needs the request."))


def test_pixels_of_one_request_share_the_hit(requests):
    class AnotherPixel(ptrack.TrackingPixel):
        def record(self, request):
            requests.append(request)

    ptrack.tracker.register(AnotherPixel)
    Client().get(f"/ptrack/{ptrack.PtrackEncoder.encrypt()}/")
    assert len(requests) == 2
    assert requests[0].ptrack is requests[1].ptrack


def test_a_pixel_that_does_not_take_the_request_does_not_ask_for_it(opens):
    views.record_hit(ptrack.PtrackEncoder.encrypt("a"), lambda: pytest.fail("Nobody needs the request."))
    assert opens == [(["a"], {})]
