"""A burst of database errors is one record for each lost hit, and few tracebacks."""

from __future__ import annotations

import contextlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import InterfaceError, OperationalError

import ptrack
from ptrack.opens import failures, pixels
from ptrack.opens.apps import short_repeats
from ptrack.opens.failures import MESSAGE_MAX_LENGTH, ShortRepeats, shortened_when_repeated
from ptrack.opens.models import PixelHit
from ptrack.opens.tasks import store_hit
from ptrack.testing import open_mail

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kept")]

REFUSED = "connection to port 5432 refused"


@pytest.fixture
def kept(no_pixels, monkeypatch):
    """Let the app keep every hit, and let no error have been logged yet."""
    ptrack.tracker.register(pixels.OpenPixel)
    logger = logging.getLogger("ptrack")
    assert short_repeats in logger.filters
    monkeypatch.setattr(logger, "filters", [ShortRepeats()])


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test may change."""
    now = [1000.0]
    monkeypatch.setattr(failures.time, "monotonic", lambda: now[0])
    return now


@contextlib.contextmanager
def failing(error):
    """Let every row that is to be written raise an error."""

    def fail(*args, **kwargs):
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PixelHit, "save", fail)
        yield


def lose_hit(message=REFUSED, error_class=OperationalError, cause=None):
    error = error_class(message)
    error.__cause__ = cause
    with failing(error):
        [response] = open_mail(ptrack.pixel_img("a secret argument"), user_agent="Thunderbird")
    assert response.status_code == 200


def tracebacks(caplog):
    """Return for each record whether it has a traceback, after a look at what every record has."""
    assert {(record.name, record.levelname) for record in caplog.records} <= {("ptrack", "ERROR")}
    assert all("Pixel ptrack.opens.pixels.OpenPixel failed" in record.getMessage() for record in caplog.records)
    assert "a secret argument" not in caplog.text
    return [record.exc_info is not None for record in caplog.records]


def test_a_repeat_within_a_minute_is_one_line_that_says_what_failed(caplog, clock):
    for _ in range(3):
        lose_hit(f"{REFUSED}, 100% of the time\nIs the server running?")
    assert tracebacks(caplog) == [True, False, False]
    line = caplog.messages[1]
    assert "OperationalError: connection to port 5432 refused, 100% of the time (" in line
    assert "\n" not in line


def test_each_minute_has_a_traceback(caplog, clock):
    for seconds in (0, 59.9, 60, 119, 120):
        clock[0] = 1000 + seconds
        lose_hit()
    assert tracebacks(caplog) == [True, False, True, False, True]


def test_another_error_has_a_traceback(caplog, clock):
    lose_hit()
    lose_hit("password authentication failed")
    lose_hit(error_class=InterfaceError)
    lose_hit(cause=TimeoutError())
    lose_hit(cause=TimeoutError())
    assert tracebacks(caplog) == [True, True, True, True, False]


def test_digits_do_not_make_another_error(caplog, clock):
    lose_hit("no room for block 17")
    lose_hit("no room for block 4")
    assert tracebacks(caplog) == [True, False]


def test_a_long_message_is_cut(caplog, clock):
    for _ in range(2):
        lose_hit("x" * 10_000)
    assert len(caplog.messages[1]) < MESSAGE_MAX_LENGTH + 200


def test_what_is_no_database_error_keeps_its_traceback(caplog, clock, monkeypatch):
    monkeypatch.setattr(PixelHit, "save", lambda *args, **kwargs: 1 / 0)
    for _ in range(2):
        open_mail(ptrack.pixel_img())
    assert tracebacks(caplog) == [True, True]


def test_the_database_error_of_another_pixel_keeps_its_traceback(caplog, clock):
    @ptrack.tracker.register
    class OtherPixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs):
            PixelHit().save()

    ptrack.tracker.unregister(pixels.OpenPixel)
    for _ in range(2):
        lose_hit()
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


def test_the_error_itself_stays_whole():
    for _ in range(2):
        with failing(OperationalError(REFUSED)), pytest.raises(OperationalError, match=REFUSED) as caught:
            open_mail(ptrack.pixel_img(), raise_exceptions=True)
        assert caught.traceback


def test_in_a_worker_the_task_fails_and_a_repeat_is_one_line(caplog, clock):
    described = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels, "keep", lambda path, description: described.append(description))
        open_mail(ptrack.pixel_img())
    for _ in range(2):
        with failing(OperationalError(REFUSED)), pytest.raises(OperationalError, match=REFUSED):
            store_hit.func(json.dumps(described[0]))
    assert ["from the queue could not be stored" in message for message in caplog.messages] == [True, True]
    assert [record.exc_info is not None for record in caplog.records] == [True, False]


def test_of_many_threads_one_logs_the_traceback(caplog):
    def fail(_):
        try:
            with shortened_when_repeated():
                raise OperationalError(REFUSED)
        except OperationalError as error:
            logging.getLogger("ptrack").error("Pixel %s failed.", "P", exc_info=error)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(200)))
    assert sorted(record.exc_info is None for record in caplog.records) == [False] + [True] * 199
