from __future__ import annotations

import asyncio
import contextvars
import functools
import logging
import threading
import traceback
from collections import namedtuple
from dataclasses import dataclass

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from ptrack import Tracker, TrackingPixel
from ptrack.exceptions import PtrackRegistrationError

from support import remembered

ARGS, KWARGS = ["welcome"], {"user": 7}
request_of_test = RequestFactory().get("/")


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


def record(tracker, args=ARGS, kwargs=KWARGS, request=request_of_test):
    tracker.record(args, kwargs, lambda: request)


def pixel_class(record, **attributes):
    return type("MadePixel", (TrackingPixel,), {"record": record, **attributes})


def received_by(tracker, **attributes):
    """Register a pixel with a wrapped record, and return what the wrapper is given."""
    received = []
    tracker.register(pixel_class(lambda self, *args, **kwargs: received.append((*args, kwargs)), **attributes))
    return received


class PlainPixel(TrackingPixel):
    def record(self, *args, **kwargs): ...


# Registration


def test_register_returns_the_class_and_so_decorates(tracker):
    assert tracker.register(PlainPixel) is PlainPixel
    assert list(tracker) == [PlainPixel]


@pytest.mark.parametrize(
    ("thing", "fault"),
    [
        (PlainPixel(), "is not a class"),
        (None, "is not a class"),
        (lambda: None, "is a function"),
        (int, "is not a pixel"),
        (TrackingPixel, "is abstract"),
        (type("Recordless", (TrackingPixel,), {}), "is abstract"),
        (type("Unrecording", (TrackingPixel,), {"record": None}), "cannot be called"),
        (pixel_class(traceback.walk_tb), "has a generator for record()"),
        (pixel_class(StreamingHttpResponse.__aiter__), "has a generator for record()"),
    ],
)
def test_anything_that_cannot_record_is_refused_by_name(tracker, thing, fault):
    with pytest.raises(PtrackRegistrationError) as caught:
        tracker.register(thing)
    assert str(caught.value).startswith(repr(thing))
    assert fault in str(caught.value)
    assert list(tracker) == []


def test_a_class_is_registered_once(tracker):
    tracker.register(PlainPixel)
    with pytest.raises(PtrackRegistrationError, match=r"PlainPixel'> is registered already"):
        tracker.register(PlainPixel)
    assert list(tracker) == [PlainPixel]


def test_two_apps_may_both_have_a_pixel_of_the_same_name(tracker):
    first, second = pixel_class(lambda self: None), pixel_class(lambda self: None)
    assert first.__qualname__ == second.__qualname__
    tracker.register(first)
    tracker.register(second)
    assert list(tracker) == [first, second]


def test_unregister_removes_a_class(tracker):
    tracker.register(PlainPixel)
    tracker.unregister(PlainPixel)
    assert list(tracker) == []
    tracker.register(PlainPixel)


@pytest.mark.parametrize("thing", [PlainPixel, int, None, [], {}])
def test_only_a_registered_class_can_be_unregistered(tracker, thing):
    with pytest.raises(PtrackRegistrationError) as caught:
        tracker.unregister(thing)
    assert str(caught.value).startswith(f"{thing!r} is not registered")


def test_a_tracker_can_be_iterated_over_while_it_changes(tracker):
    tracker.register(PlainPixel)
    for pixel in tracker:
        tracker.unregister(pixel)
        tracker.register(pixel_class(lambda self: None))
    assert len(list(tracker)) == 1
    assert PlainPixel not in tracker


def test_a_tracker_can_be_saved_and_restored_more_than_once(tracker):
    tracker.register(PlainPixel)
    saved = tracker.save()
    for _ in range(2):
        tracker.unregister(PlainPixel)
        tracker.register(pixel_class(lambda self: None))
        tracker.restore(saved)
        assert list(tracker) == [PlainPixel]


def test_an_empty_tracker_is_true_for_djangos_autodiscovery_asks(tracker):
    assert tracker


def test_one_object_serves_all_hits(tracker):
    served = []
    tracker.register(pixel_class(lambda self: served.append(self)))
    record(tracker, [], {})
    record(tracker, [], {})
    assert served[0] is served[1]


# Recording


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
    tracker.register(PlainPixel)
    monkeypatch.setattr(PlainPixel, "record", lambda self, *args, **kwargs: calls.append(args))
    record(tracker)
    assert calls == [("welcome",)]


# The request


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


Seen = namedtuple("Seen", "request rest")


def with_request(self, request, *rest, **kwargs):
    self.seen.append(Seen(request, (*rest, kwargs)))


def with_request_positional_only(self, request, /, *rest, **kwargs):
    self.seen.append(Seen(request, (*rest, kwargs)))


def without_request(self, *rest, **kwargs):
    self.seen.append(Seen(None, (*rest, kwargs)))


def with_request_second(self, template, request=None, **kwargs):
    self.seen.append(Seen(request, (template, kwargs)))


def with_request_as_keyword(self, *rest, request=None, **kwargs):
    self.seen.append(Seen(request, (*rest, kwargs)))


@pytest.mark.parametrize(
    ("method", "takes"),
    [
        (with_request, True),
        (with_request_positional_only, True),
        (decorated(with_request), True),
        (without_request, False),
        (decorated(without_request), False),
        (with_request_second, False),
        (with_request_as_keyword, False),
    ],
)
def test_a_first_parameter_named_request_receives_the_request(tracker, method, takes):
    pixel = tracker.register(pixel_class(method, seen=[]))
    record(tracker)
    assert pixel.seen == [Seen(request_of_test if takes else None, ("welcome", {"user": 7}))]


def test_a_static_method_may_take_the_request(tracker):
    seen = []

    def static(request, template, user):
        seen.append((request, template, user))

    tracker.register(pixel_class(staticmethod(static)))
    record(tracker)
    assert seen == [(request_of_test, "welcome", 7)]


def test_a_static_method_without_parameters_takes_nothing(tracker):
    calls = []
    tracker.register(pixel_class(staticmethod(lambda: calls.append(1))))
    record(tracker, [], {})
    assert calls == [1]


def test_a_class_method_may_take_the_request(tracker):
    seen = []

    def classy(cls, request, template, user):
        seen.append((cls, request))

    pixel = tracker.register(pixel_class(classmethod(classy)))
    record(tracker)
    assert seen == [(pixel, request_of_test)]


def test_a_callable_without_a_signature_takes_no_request_unless_it_says_so(tracker):
    # A built-in without a signature.
    tracker.register(pixel_class(staticmethod(print)))
    tracker.register(pixel_class(staticmethod(dict.fromkeys)))
    tracker.register(pixel_class(staticmethod(max)))
    tracker.register(pixel_class(staticmethod(max), takes_request=True))
    registrations = [tracker.registration_for(pixel_class) for pixel_class in tracker]
    assert [registration.takes_request for registration in registrations] == [False, False, False, True]


def recording(seen):
    def record(self, request, *args, **kwargs):
        seen.append((request, *args, kwargs))

    return record


def async_recording(seen):
    async def record(self, request, *args, **kwargs):
        seen.append((request, *args, kwargs))

    return record


def callable_recording(seen):
    class Recording:
        def __call__(self, request, *args, **kwargs):
            seen.append((request, *args, kwargs))

    return Recording()


@pytest.mark.parametrize(
    "make",
    [
        lambda seen: sync_to_async(recording(seen)),
        lambda seen: async_to_sync(async_recording(seen)),
        lambda seen: functools.partialmethod(recording(seen)),
        lambda seen: staticmethod(functools.partial(recording(seen), None)),
        callable_recording,
    ],
)
def test_a_wrapped_record_receives_the_request_too(tracker, caplog, make):
    seen = []
    tracker.register(pixel_class(make(seen)))
    record(tracker)
    assert seen == [(request_of_test, "welcome", {"user": 7})]
    assert caplog.records == []


def test_takes_request_overrules_the_parameters(tracker):
    asked = received_by(tracker, takes_request=True)
    unasked = received_by(tracker, takes_request=False)
    refusing = pixel_class(with_request, seen=[], takes_request=False)
    tracker.register(refusing)
    record(tracker)
    assert asked == [(request_of_test, "welcome", {"user": 7})]
    assert unasked == [("welcome", {"user": 7})]
    assert refusing.seen == [Seen("welcome", ({"user": 7},))]


def test_the_parameters_are_looked_at_only_at_registration(tracker, monkeypatch):
    received = received_by(tracker)
    [made] = tracker
    monkeypatch.setattr(made, "record", lambda self, request, **kwargs: received.append(request))
    record(tracker)
    assert received == ["welcome"]


def test_annotations_are_not_evaluated_at_registration(tracker):
    class Annotated(TrackingPixel):
        def record(self, request: OnlyForTypeCheckers, *args: object, **kwargs: object) -> None: ...  # noqa: F821

    tracker.register(Annotated)
    assert tracker.registration_for(Annotated).takes_request


# Failures


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
    assert "plaintext" not in remembered(entry.exc_info[1])


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
    shown = remembered(entry.exc_info[1]) + caplog.text
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
        assert "plaintext" not in remembered(entry.exc_info[1])
        assert "ada@example.com" not in remembered(entry.exc_info[1])
        assert name in "".join(traceback.format_exception(entry.exc_info[1]))


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
    assert "plaintext" not in remembered(entry.exc_info[1])


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
