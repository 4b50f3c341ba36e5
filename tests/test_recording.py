"""What a tracker does with a hit: it calls ``record`` of each pixel and logs what fails."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
import traceback
from dataclasses import dataclass

import pytest
from asgiref.sync import sync_to_async

from ptrack import Tracker, TrackingPixel

from support import pixel_class, received_by, remembered

ARGS, KWARGS = ["welcome"], {"user": 7}


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


def record(tracker, args=ARGS, kwargs=KWARGS):
    tracker.record(args, kwargs, lambda: pytest.fail("No pixel here takes the request."))


# The callbacks


def test_every_pixel_receives_the_arguments_once_in_order_of_registration(tracker):
    calls = []
    for number in range(3):
        tracker.register(pixel_class(lambda self, *args, number=number, **kwargs: calls.append((number, args, kwargs))))
    record(tracker)
    assert calls == [(number, ("welcome",), {"user": 7}) for number in range(3)]


def test_without_pixels_nothing_happens(tracker, caplog):
    record(tracker)
    assert caplog.records == []


def test_record_may_name_the_arguments_that_it_expects(tracker, caplog):
    calls = []
    tracker.register(pixel_class(lambda self, template, user=None: calls.append((template, user))))
    record(tracker)
    assert calls == [("welcome", 7)]
    assert caplog.records == []


def test_a_pixel_may_register_and_unregister_others_during_a_hit(tracker):
    calls = []

    @tracker.register
    class Restless(TrackingPixel):
        def record(self):
            calls.append("restless")
            tracker.unregister(Restless)
            tracker.register(Late)

    class Late(TrackingPixel):
        def record(self):
            calls.append("late")

    record(tracker, [], {})
    record(tracker, [], {})
    assert calls == ["restless", "late"]


def test_a_patched_record_is_the_one_that_runs(tracker, monkeypatch):
    calls = []
    pixel = tracker.register(pixel_class(lambda self: None))
    monkeypatch.setattr(pixel, "record", lambda self, *args, **kwargs: calls.append(args))
    record(tracker)
    assert calls == [("welcome",)]


# Failures


def error_of(entry):
    """Return the exception of a log record, with the traceback that was logged."""
    _, error, lines = entry.exc_info
    return BaseException.with_traceback(error, lines)


def fail_with(exception):
    def record(self, *args, **kwargs):
        raise exception

    return record


async def fail_later(self, *args, **kwargs):
    await asyncio.sleep(0)
    raise RuntimeError("later")


async def be_cancelled(self, *args, **kwargs):
    asyncio.current_task().cancel()
    await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("method", "exception"),
    [
        (fail_with(ValueError("now")), ValueError),
        (fail_with(asyncio.CancelledError()), asyncio.CancelledError),
        (fail_later, RuntimeError),
        (be_cancelled, asyncio.CancelledError),
        (lambda self: None, TypeError),
    ],
)
def test_a_failing_pixel_is_logged_by_name_with_traceback_and_harms_no_other(tracker, caplog, method, exception):
    before = received_by(tracker)
    failing = tracker.register(pixel_class(method))
    after = received_by(tracker)
    record(tracker)
    assert before == after == [("welcome", {"user": 7})]
    [entry] = caplog.records
    assert entry.name == "ptrack"
    assert entry.levelno == logging.ERROR
    assert f"{failing.__module__}.{failing.__qualname__} failed" in entry.getMessage()
    kind, _, lines = entry.exc_info
    assert kind is exception
    assert lines is not None


@dataclass(frozen=True)
class FrozenError(Exception):
    number: int = 1


async def fail_frozen(self, *args, **kwargs):
    raise FrozenError


@pytest.mark.parametrize("method", [fail_with(FrozenError()), fail_frozen])
def test_an_exception_whose_attributes_cannot_be_set_is_logged(tracker, caplog, method):
    tracker.register(pixel_class(method))
    after = received_by(tracker)
    record(tracker, ["plaintext"])
    assert after == [("plaintext", {"user": 7})]
    [entry] = caplog.records
    assert entry.exc_info[0] is FrozenError
    assert "plaintext" not in remembered(error_of(entry))


def test_the_traceback_leads_to_the_line_that_failed(tracker, caplog):
    tracker.register(pixel_class(fail_with(ValueError("now"))))
    record(tracker)
    assert "raise exception" in caplog.text
    assert "ValueError: now" in caplog.text


@pytest.mark.parametrize(
    "method",
    [fail_with(ValueError("now")), fail_later, lambda self, nothing_else: None],
)
def test_the_log_holds_no_argument(tracker, caplog, method):
    tracker.register(pixel_class(method))
    record(tracker, ["plaintext"], {"user": "ada@example.com"})
    [entry] = caplog.records
    shown = remembered(error_of(entry)) + caplog.text
    assert "plaintext" not in shown
    assert "ada@example.com" not in shown


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_exception_that_stops_the_server_is_raised(tracker, exception):
    tracker.register(pixel_class(fail_with(exception)))
    with pytest.raises(exception):
        record(tracker)


# Awaitables


def test_an_async_record_is_awaited(tracker, caplog):
    calls = []

    async def slow(self, *args, **kwargs):
        await asyncio.sleep(0)
        calls.append((args, kwargs))

    tracker.register(pixel_class(slow))
    record(tracker)
    assert calls == [(("welcome",), {"user": 7})]
    assert caplog.records == []


def test_the_synchronous_work_of_an_async_record_is_done_in_the_thread_of_the_hit(tracker):
    # Database connections and transactions belong to a thread.
    threads = []

    async def ask(self, *args, **kwargs):
        threads.append(await sync_to_async(threading.get_ident)())

    tracker.register(pixel_class(ask))
    record(tracker)
    assert threads == [threading.get_ident()]


def test_an_awaitable_that_record_returns_is_awaited(tracker, caplog):
    calls = []

    class Awaitable:
        def __await__(self):
            calls.append("awaited")
            yield from ()

    tracker.register(pixel_class(lambda self, *args, **kwargs: Awaitable()))
    record(tracker)
    assert calls == ["awaited"]
    assert caplog.records == []


@pytest.mark.parametrize("nested", [False, True])
def test_the_log_holds_no_argument_of_a_coroutine_or_generator_inside_record(tracker, caplog, nested):
    async def save(email):
        await asyncio.sleep(0)
        raise KeyError

    async def save_all(self, *args, **kwargs):
        await (asyncio.gather(*map(save, args)) if nested else save(args[0]))

    def iterate(self, *args, **kwargs):
        sum(character / len(args) for character in args[0])

    for method in (save_all, iterate):
        tracker.register(pixel_class(method))
    record(tracker, ["plaintext"], {"user": "ada@example.com"})
    for entry, name in zip(caplog.records, ("save", "genexpr"), strict=True):
        assert "plaintext" not in remembered(error_of(entry))
        assert "ada@example.com" not in remembered(error_of(entry))
        assert name in "".join(traceback.format_exception(error_of(entry)))


def test_an_async_record_is_awaited_within_a_running_loop_too(tracker, caplog):
    variable = contextvars.ContextVar("variable", default="unset")
    calls = []

    async def slow(self, *args, **kwargs):
        await asyncio.sleep(0)
        calls.append((args, variable.get()))

    async def hit():
        variable.set("set")
        record(tracker)

    tracker.register(pixel_class(slow))
    asyncio.run(hit())
    assert calls == [(("welcome",), "set")]
    assert caplog.records == []


def test_a_failing_async_record_within_a_running_loop_is_logged_without_arguments(tracker, caplog):
    async def hit():
        record(tracker, ["plaintext"], {})

    tracker.register(pixel_class(fail_later))
    asyncio.run(hit())
    [entry] = caplog.records
    assert entry.exc_info[0] is RuntimeError
    assert "plaintext" not in remembered(error_of(entry))


def test_an_exception_that_the_caller_was_handling_is_not_touched(tracker):
    def fail(email):
        raise KeyError

    tracker.register(pixel_class(fail_with(ValueError("now"))))
    try:
        fail("of the caller")
    except KeyError as error:
        handled = error
        record(tracker)
    assert "of the caller" in remembered(handled)


@pytest.mark.parametrize("result", [1, "text", True, [1]])
def test_any_other_result_is_ignored(tracker, caplog, result):
    tracker.register(pixel_class(lambda self, *args, **kwargs: result))
    record(tracker)
    assert caplog.records == []
