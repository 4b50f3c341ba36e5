from __future__ import annotations

import functools
import traceback
from collections import namedtuple

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.http import StreamingHttpResponse
from django.test import RequestFactory

from ptrack import Tracker, TrackingLink, TrackingPixel
from ptrack.exceptions import PtrackRegistrationError
from ptrack.trackers import Callback

from support import link_class, pixel_class, received_by

ARGS, KWARGS = ["welcome"], {"user": 7}
request_of_test = RequestFactory().get("/")


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


def record(tracker, args=ARGS, kwargs=KWARGS, request=request_of_test):
    tracker.record(args, kwargs, lambda: request)


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
        (int, "must be a subclass of either"),
        (Callback, "must be a subclass of either"),
        (type("Neither", (Callback,), {"record": print}), "must be a subclass of either"),
        (type("Both", (TrackingPixel, TrackingLink), {"record": print}), "must be a subclass of either"),
        (TrackingLink, "is abstract"),
        (type("RecordlessLink", (TrackingLink,), {}), "is abstract"),
        (link_class(None), "cannot be called"),
        (link_class(traceback.walk_tb), "has a generator for record()"),
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


def test_an_empty_tracker_is_true_as_djangos_autodiscovery_expects(tracker):
    assert tracker


def test_one_object_serves_all_hits(tracker):
    served = []
    tracker.register(pixel_class(lambda self: served.append(self)))
    record(tracker, [], {})
    record(tracker, [], {})
    assert served[0] is served[1]


def test_pixels_and_links_share_a_registry_and_no_hits(tracker):
    calls = []
    tracker.register(pixel_class(lambda self, *args: calls.append(("pixel", args))))
    link = tracker.register(link_class(lambda self, *args: calls.append(("link", args))))
    tracker.register(pixel_class(lambda self, *args: calls.append(("second pixel", args))))
    record(tracker, ["x"], {})
    assert calls == [("pixel", ("x",)), ("second pixel", ("x",))]
    calls.clear()
    tracker.record(["x"], {}, lambda: request_of_test, TrackingLink)
    assert calls == [("link", ("x",))]
    tracker.unregister(link)
    tracker.record(["x"], {}, lambda: request_of_test, TrackingLink)
    assert len(calls) == 1


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
    # max() has none.
    tracker.register(pixel_class(staticmethod(max)))
    tracker.register(pixel_class(staticmethod(max), takes_request=True))
    assert [tracker.registration_for(pixel).takes_request for pixel in tracker] == [False, True]


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


@pytest.mark.parametrize(
    ("method", "takes"),
    [
        (lambda self, url, *args: None, False),
        (lambda self, url, request=None: None, False),
        (lambda self, request, url, *args: None, True),
    ],
)
def test_a_link_takes_the_request_before_the_destination(tracker, method, takes):
    assert tracker.registration_for(tracker.register(link_class(method))).takes_request is takes
