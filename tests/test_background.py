from __future__ import annotations

import json
import logging
import sys
import traceback
from asyncio import CancelledError

import pytest
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, override_settings

import ptrack
from ptrack import BackgroundLink, BackgroundPixel, background
from ptrack.background import DummyBackend, ImmediateBackend, run_pixel
from ptrack.exceptions import PtrackRegistrationError
from ptrack.testing import open_mail

from support import WITH_LINKS, fresh_copy, remembered

pytestmark = pytest.mark.usefixtures("no_pixels")

HEADERS = {
    "User-Agent": "Thunderbird/128",
    "Referer": "https://mail.example.com/",
    "X-Forwarded-For": "192.0.2.7",
    "Cookie": "sessionid=a-cookie",
    "Authorization": "Bearer an-authorization",
    "Proxy-Authorization": "a-proxy-authorization",
    "X-Api-Key": "a-key",
}


CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


def tasks(backend, **params):
    return {"default": {"BACKEND": f"{backend.__module__}.{backend.__qualname__}", **params}}


class RefusingBackend(DummyBackend):
    """A task engine whose broker is down."""

    def enqueue(self, *args, **kwargs):
        raise self.options.get("error", ConnectionError("the broker is down"))


seen = []


class TopLevelPixel(BackgroundPixel):
    def record(self, request, *args, **kwargs):
        seen.append((request, args, kwargs))


@pytest.fixture(autouse=True)
def _nothing_seen():
    seen.clear()


@pytest.fixture
def queue():
    """Let the task engine keep its tasks, as a list of task results."""
    with override_settings(TASKS=tasks(DummyBackend)):
        yield TopLevelPixel.task().get_backend().results


def work(queue):
    """Do what a worker does: run the tasks."""
    while queue:
        result = queue.pop(0)
        # A queue holds text.
        result.task.call(*json.loads(json.dumps(result.args)), **json.loads(json.dumps(result.kwargs)))


def register(record, **attributes):
    return ptrack.tracker.register(
        type("APixel", (BackgroundPixel,), {"record": record, "__module__": __name__, **attributes})
    )


def test_a_hit_is_recorded_by_the_worker_and_not_before(queue):
    ptrack.tracker.register(TopLevelPixel)
    [response] = open_mail(ptrack.pixel_img("welcome", user=7))
    assert response["Content-Type"] == "image/gif"
    assert seen == []
    assert len(queue) == 1
    work(queue)
    [(_, args, kwargs)] = seen
    assert (args, kwargs) == (("welcome",), {"user": 7})


def test_the_worker_gives_a_request_like_the_original(queue):
    ptrack.tracker.register(TopLevelPixel)
    originals = []

    class OriginalPixel(ptrack.TrackingPixel):
        def record(self, request):
            originals.append(request)

    ptrack.tracker.register(OriginalPixel)
    open_mail(ptrack.pixel_img(), **HEADERS, HTTP_HOST="www.example.com", REMOTE_ADDR="192.0.2.1")
    work(queue)
    [original], [(request, _, _)] = originals, seen
    for name in ("method", "path", "path_info"):
        assert getattr(request, name) == getattr(original, name)
    for name in ("id", "token", "pixel_id", "at", "issued_at", "age", "kind", "reason"):
        assert getattr(request.ptrack, name) == getattr(original.ptrack, name)
    assert request.ptrack.kind == "person"
    assert request.META["REMOTE_ADDR"] == "192.0.2.1"
    assert {name: request.headers[name] for name in list(HEADERS)[:3]} == dict(list(HEADERS.items())[:3])
    assert request.get_host() == original.get_host()


def test_cookies_and_credentials_do_not_go_into_the_queue(queue):
    ptrack.tracker.register(TopLevelPixel)
    client = Client()
    client.cookies["other"] = "another-cookie"
    open_mail(ptrack.pixel_img("welcome"), client=client, **HEADERS)
    queued = repr([(result.args, result.kwargs) for result in queue])
    assert "welcome" in queued
    for secret in ("a-cookie", "another-cookie", "an-authorization", "a-proxy-authorization", "a-key"):
        assert secret not in queued


@pytest.mark.parametrize("text", ["\x00", "\ud800", "\ude00\ud83d", "😀é", '"\\', "a" * 1000])
def test_any_text_reaches_the_worker_and_is_ascii_in_the_queue(queue, text):
    ptrack.tracker.register(TopLevelPixel)
    open_mail(ptrack.pixel_img(text, key=text, number=10**100, yes=True))
    assert all(argument.isascii() and "\x00" not in argument for argument in queue[0].args)
    work(queue)
    assert [(args, kwargs) for _, args, kwargs in seen] == [((text,), {"key": text, "number": 10**100, "yes": True})]


def test_a_pixel_may_take_only_the_arguments(queue):
    recorded = []
    register(lambda *args, **kwargs: recorded.append(args[1:]), takes_request=False)
    open_mail(ptrack.pixel_img("a"))
    work(queue)
    assert recorded == [("a",)]


def test_an_async_record_is_awaited_by_the_worker(queue):
    recorded = []

    async def record(self, *args):
        recorded.append(args)

    register(record)
    open_mail(ptrack.pixel_img("a"))
    work(queue)
    assert recorded == [("a",)]


def test_the_other_pixels_run_at_once(queue, opens):
    ptrack.tracker.register(TopLevelPixel)
    open_mail(ptrack.pixel_img("a"))
    assert opens == [(["a"], {})]
    work(queue)
    assert len(seen) == len(opens) == 1


def test_two_pixels_of_one_hit_share_its_id(queue):
    ids = []

    def record(self, request):
        ids.append(request.ptrack.id)

    register(record)
    ptrack.tracker.register(type("AnotherPixel", (BackgroundPixel,), {"record": record}))
    email = ptrack.pixel_img()
    open_mail(email)
    work(queue)
    assert ids[0] == ids[1]
    assert len(ids[0]) == 32
    open_mail(email)
    work(queue)
    assert len(set(ids)) == 2


def test_a_task_that_runs_twice_is_the_same_hit(queue):
    ptrack.tracker.register(TopLevelPixel)
    open_mail(ptrack.pixel_img())
    queue *= 2
    work(queue)
    first, second = (request.ptrack for request, _, _ in seen)
    assert (first.id, first.at) == (second.id, second.at)


def test_a_worker_that_discovers_no_pixels_imports_the_class(queue):
    ptrack.tracker.register(TopLevelPixel)
    open_mail(ptrack.pixel_img("a"))
    ptrack.tracker.unregister(TopLevelPixel)
    [result] = queue
    path, hit = result.args
    assert path == f"{__name__}.TopLevelPixel"
    sys.modules["pixels_of_the_worker"] = sys.modules[__name__]
    try:
        run_pixel.call("pixels_of_the_worker.TopLevelPixel", hit)
    finally:
        del sys.modules["pixels_of_the_worker"]
    assert [args for _, args, _ in seen] == [("a",)]


# Failures


@pytest.mark.parametrize("error", [ValueError("a fault"), CancelledError("a fault")])
def test_an_exception_of_record_is_logged_in_the_worker_and_reaches_the_engine(queue, caplog, error):
    def record(self, secret):
        raise error

    register(record)
    open_mail(ptrack.pixel_img("in-the-token"))
    with pytest.raises(type(error), match="a fault"):
        work(queue)
    [entry] = caplog.records
    assert (entry.name, entry.levelno) == ("ptrack", logging.ERROR)
    assert f"{__name__}.APixel failed" in entry.getMessage()
    assert "in record" in caplog.text
    assert "in-the-token" not in caplog.text
    frames = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert "record" not in frames


def test_an_engine_that_runs_tasks_at_once_records_a_hit_once(caplog):
    def record(self, *args):
        seen.append(args)
        raise ValueError("a fault")

    register(record)
    with override_settings(TASKS=tasks(ImmediateBackend)):
        [response] = open_mail(ptrack.pixel_img("a"))
    assert response.status_code == 200
    # Once, although it failed.
    assert seen == [("a",)]
    [message] = [entry.getMessage() for entry in caplog.records if entry.name == "ptrack"]
    assert f"{__name__}.APixel failed" in message


@pytest.mark.parametrize("error", [ConnectionError("in-the-error"), CancelledError("in-the-error")])
def test_a_hit_that_the_engine_refuses_is_recorded_in_process(caplog, error):
    ptrack.tracker.register(TopLevelPixel)
    with override_settings(TASKS=tasks(RefusingBackend, OPTIONS={"error": error})):
        [response] = open_mail(ptrack.pixel_img("in-the-token"), user_agent="Thunderbird")
    assert response.status_code == 200
    [(request, args, _)] = seen
    assert (args, request.ptrack.kind) == (("in-the-token",), "person")
    [entry] = caplog.records
    assert (entry.name, entry.levelno, entry.exc_info) == ("ptrack", logging.ERROR, None)
    message = entry.getMessage()
    assert f"refused a hit of {__name__}.TopLevelPixel" in message
    # The lines of the traceback and the name of the error, without any value.
    assert 'raise self.options.get("error"' in message
    assert message.endswith(f"{type(error).__module__}.{type(error).__qualname__}")
    assert "in-the" not in message


class OddError(Exception):
    @property
    def __context__(self):
        raise ZeroDivisionError


def test_what_is_missing_for_the_engine_is_named(caplog):
    ptrack.tracker.register(TopLevelPixel)
    missing = ModuleNotFoundError("No module named 'a_broker'", name="a_broker")
    missing.__cause__ = error = ConnectionError("in-the-error")
    error.__cause__ = missing
    for odd, shown in ((missing, "builtins.ModuleNotFoundError (a_broker)"), (OddError(), f"{__name__}.OddError")):
        with override_settings(TASKS=tasks(RefusingBackend, OPTIONS={"error": odd})):
            open_mail(ptrack.pixel_img())
        message = caplog.records[-1].getMessage()
        assert message.endswith(shown)
        assert "in-the-error" not in message
    assert "builtins.ConnectionError" in caplog.records[0].getMessage()
    assert len(seen) == 2


def test_an_engine_may_stop_the_process():
    ptrack.tracker.register(TopLevelPixel)
    with override_settings(TASKS=tasks(RefusingBackend, OPTIONS={"error": KeyboardInterrupt()})):
        with pytest.raises(KeyboardInterrupt):
            open_mail(ptrack.pixel_img())


def test_a_worker_may_be_stopped(opens):
    def record(self):
        raise KeyboardInterrupt

    pixel_class = register(record)
    with pytest.raises(KeyboardInterrupt):
        run_pixel.func(f"{__name__}.{pixel_class.__qualname__}", json.dumps(a_hit()))


def a_hit(**changes):
    return {
        **{"id": "0" * 32, "timestamp": 0, "method": "GET", "meta": {}, "args": [], "kwargs": {}, "path": "/"},
        **{"token": "x", **changes},
    }


class NarrowPixel(BackgroundPixel):
    request_headers = ("accept-language", "Cookie")

    def record(self, request, *args):
        seen.append((request, args, {}))


def test_the_headers_that_travel_can_be_narrowed_and_never_widened():
    ptrack.tracker.register(NarrowPixel)
    with override_settings(TASKS=tasks(ImmediateBackend)):
        open_mail(ptrack.pixel_img("x"), **{**HEADERS, "Accept-Language": "de"})
    [(request, _, _)] = seen
    assert dict(request.headers) == {"Accept-Language": "de"}
    assert request.META["REMOTE_ADDR"] == "127.0.0.1"
    # The kind was judged where all headers were.
    assert (request.ptrack.kind, request.ptrack.reason) == ("person", 'user agent contains "Thunderbird"')


def test_the_referer_travels_without_its_query():
    ptrack.tracker.register(TopLevelPixel)
    with override_settings(TASKS=tasks(ImmediateBackend)):
        open_mail(ptrack.pixel_img("x"), referer="https://mail.example.com/inbox?search=secret")
    [(request, _, _)] = seen
    assert request.headers["Referer"] == "https://mail.example.com/inbox"


def test_a_refused_hit_whose_pixel_fails_is_logged_twice(caplog, opens):
    def record(self):
        raise ValueError("a fault")

    register(record)
    with override_settings(TASKS=tasks(RefusingBackend)):
        open_mail(ptrack.pixel_img())
    refused, failed = caplog.records
    assert "refused" in refused.getMessage()
    assert "failed" in failed.getMessage()
    assert failed.exc_info[1].__context__ is None
    assert opens == [([], {})]


@pytest.mark.parametrize("value", [object, ("a", "tuple"), {1: 2}, "two surrogates: \ud83d\ude00"])
def test_a_hit_that_the_queue_would_change_is_recorded_in_process(caplog, queue, value):
    class FreeEncoder:
        @staticmethod
        def encrypt(*args):
            return "token"

        @staticmethod
        def decrypt(token):
            return [[value], {}]

    ptrack.ptrack_encoder = FreeEncoder
    ptrack.tracker.register(TopLevelPixel)
    open_mail(ptrack.pixel_img())
    assert [args for _, args, _ in seen] == [(value,)]
    assert len(caplog.records) == 1
    assert queue == []


def test_two_pixels_of_the_same_name_record_once_each(queue, caplog):
    first, second = [], []
    for calls in (first, second):
        register(lambda self, *args, calls=calls: calls.append(args))
    open_mail(ptrack.pixel_img("a"))
    work(queue)
    assert first == second == [("a",)]
    [entry] = caplog.records
    assert "refused" in entry.getMessage()


def test_a_hit_for_a_missing_backend_is_recorded_in_process(caplog):
    with override_settings(TASKS=tasks(DummyBackend) | {"slow": {"BACKEND": "no.such.Backend"}}):
        register(lambda self, *args: seen.append(args), task_options={"backend": "slow"})
        open_mail(ptrack.pixel_img("a"))
    assert seen == [("a",)]
    assert len(caplog.records) == 1


def test_a_task_whose_pixel_is_gone_fails_with_an_error_that_holds_no_argument():
    hit = json.dumps({"args": ["plaintext"], "kwargs": {}, "path": "/token/", "token": "token"})
    with pytest.raises(ImportError, match="no_such_module") as caught:
        run_pixel.func("no_such_module.Pixel", hit)
    assert "plaintext" not in remembered(caught.value)


def link(record, **attributes):
    return ptrack.tracker.register(
        type("ALink", (BackgroundLink,), {"record": record, "__module__": __name__, **attributes})
    )


class TopLevelLink(BackgroundLink):
    def record(self, request, url, *args, **kwargs):
        seen.append((request, (url, *args), kwargs))


def follow(*args, is_secure=True, headers=HEADERS, **kwargs):
    with override_settings(**WITH_LINKS):
        path = ptrack.link_url("https://shop.example/?a=1", *args, **kwargs).removeprefix("https://www.example.com")
        return Client().get(path, secure=is_secure, headers=headers)


def test_a_click_is_recorded_by_the_worker_with_its_destination(queue):
    ptrack.tracker.register(TopLevelLink)
    response = follow("newsletter", reader=7)
    assert (response.status_code, response.headers["Location"]) == (302, "https://shop.example/?a=1")
    assert seen == []
    [result] = queue
    work(queue)
    [(request, args, kwargs)] = seen
    assert (args, kwargs) == (("https://shop.example/?a=1", "newsletter"), {"reader": 7})
    assert request.path.startswith("/go/")
    assert dict(request.headers)["User-Agent"] == HEADERS["User-Agent"]
    # What task backends log of a task is its beginning.
    assert result.args[1].index(request.ptrack.token) > result.args[1].index("shop.example")


class NarrowLink(TopLevelLink):
    request_headers = ()


@pytest.mark.parametrize("is_secure", [True, False])
@pytest.mark.parametrize("link_class", [TopLevelLink, NarrowLink])
@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "GoogleImageProxy"},
        {"User-Agent": CHROME},
        {"User-Agent": CHROME, "Sec-Fetch-Mode": "navigate"},
        {"User-Agent": "Mozilla/5.0"},
    ],
)
def test_a_click_is_judged_in_the_worker_as_where_it_arrived(queue, headers, is_secure, link_class):
    originals = []

    class OriginalLink(ptrack.TrackingLink):
        def record(self, request, url):
            originals.append(request.ptrack)

    ptrack.tracker.register(OriginalLink)
    ptrack.tracker.register(link_class)
    follow(is_secure=is_secure, headers=headers)
    work(queue)
    [original], [(request, _, _)] = originals, seen
    for name in ("id", "token", "pixel_id", "at", "kind", "rule", "reason"):
        assert getattr(request.ptrack, name) == getattr(original, name)
    assert ("User-Agent" in request.headers) is (link_class is TopLevelLink)


def test_a_task_of_an_earlier_version_is_the_hit_of_a_pixel():
    ptrack.tracker.register(TopLevelPixel)
    run_pixel.call(f"{__name__}.TopLevelPixel", json.dumps(a_hit(meta={"HTTP_USER_AGENT": "GoogleImageProxy"})))
    [(request, _, _)] = seen
    assert request.ptrack.kind == "proxy"


def test_a_pixel_queues_no_click_and_a_link_no_open(queue):
    ptrack.tracker.register(TopLevelPixel)
    ptrack.tracker.register(TopLevelLink)
    follow()
    assert [result.args[0] for result in queue] == [f"{__name__}.TopLevelLink"]
    open_mail(ptrack.pixel_img())
    assert [result.args[0] for result in queue][1:] == [f"{__name__}.TopLevelPixel"]


@pytest.mark.parametrize("error", [ConnectionError("in-the-error"), CancelledError("in-the-error")])
def test_a_refused_click_is_recorded_before_the_redirect(caplog, error):
    ptrack.tracker.register(TopLevelLink)
    with override_settings(TASKS=tasks(RefusingBackend, OPTIONS={"error": error})):
        assert follow("in-the-token").status_code == 302
    [(_, args, _)] = seen
    assert args == ("https://shop.example/?a=1", "in-the-token")
    [entry] = caplog.records
    assert f"refused a hit of {__name__}.TopLevelLink" in entry.getMessage()
    assert "in-the" not in caplog.text


def test_a_failing_link_is_logged_in_the_worker(queue, caplog):
    def record(self, url, secret):
        raise ValueError("a fault")

    link(record)
    follow("in-the-token")
    with pytest.raises(ValueError, match="a fault"):
        work(queue)
    [entry] = caplog.records
    assert f"{__name__}.ALink failed" in entry.getMessage()
    assert "in-the-token" not in caplog.text


class UnregisteredPixel(ptrack.TrackingPixel):
    def record(self, *args): ...


class UnregisteredLink(ptrack.TrackingLink):
    def record(self, *args): ...


Unregistered = type("Unregistered", (background.BackgroundCallback,), {"record": print})


@pytest.mark.parametrize(
    "path",
    [
        *("os.system", "builtins.eval", f"{__name__}.work", f"{__name__}.seen", "ptrack.trackers.Callback"),
        *(f"{__name__}.{name}" for name in ("UnregisteredPixel", "UnregisteredLink", "Unregistered")),
    ],
)
def test_a_task_that_names_anything_else_is_not_run(path):
    with pytest.raises(PtrackRegistrationError, match="neither registered nor a subclass") as caught:
        run_pixel.func(path, json.dumps(a_hit(args=["plaintext"])))
    assert "plaintext" not in remembered(caught.value)


def test_a_task_may_name_any_registered_class():
    ptrack.tracker.register(UnregisteredPixel)
    run_pixel.func(f"{__name__}.UnregisteredPixel", json.dumps(a_hit()))


def test_a_worker_without_autodiscovery_finds_a_link():
    run_pixel.func(f"{__name__}.TopLevelLink", json.dumps(a_hit(args=["https://shop.example/"], is_click=True)))
    assert [args for _, args, _ in seen] == [("https://shop.example/",)]


# Options and checks


def test_a_pixel_may_choose_the_options_of_its_task(queue):
    class LowPixel(TopLevelPixel):
        task_options = {"queue_name": "opens"}

    with override_settings(TASKS=tasks(DummyBackend, QUEUES=["default", "opens"])):
        ptrack.tracker.register(LowPixel)
        open_mail(ptrack.pixel_img())
        [result] = LowPixel.task().get_backend().results
    assert result.task.queue_name == "opens"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (tasks(DummyBackend), ("default", "default")),
        (tasks(DummyBackend, QUEUES=["opens", "default"]), ("default", "default")),
        (tasks(DummyBackend, QUEUES=[]), ("default", "default")),
        (tasks(DummyBackend, QUEUES=["slow", "opens"]), ("default", "opens")),
        ({"slow": tasks(DummyBackend)["default"]}, ("slow", "default")),
        ({"a": {"BACKEND": "no.such.Backend"}} | tasks(DummyBackend), ("default", "default")),
    ],
)
def test_the_task_is_made_for_a_backend_and_a_queue_that_exist(setting, expected):
    with override_settings(TASKS=setting):
        task = fresh_copy(background).run_pixel
    assert (task.backend, task.queue_name) == expected


def test_without_any_backend_the_error_is_that_of_django():
    with override_settings(TASKS={}), pytest.raises(Exception, match="The connection 'default' doesn't exist"):
        fresh_copy(background)


def test_a_site_may_have_neither_the_default_queue_nor_the_default_engine():
    class SlowPixel(TopLevelPixel):
        task_options = {"backend": "slow", "queue_name": "opens"}

    with override_settings(TASKS={"slow": tasks(DummyBackend, QUEUES=["opens"])["default"]}):
        fresh_copy(background)
        ptrack.tracker.register(SlowPixel)
        ptrack.tracker.register(TopLevelPixel)
        open_mail(ptrack.pixel_img())
        assert [result.task.queue_name for result in SlowPixel.task().get_backend().results] == ["opens"]
        assert [message.id for message in messages()] == ["ptrack.W005", "ptrack.E004"]
    assert len(seen) == 1


def messages():
    return [message for message in checks.run_checks(tags=["ptrack"]) if message.id != "ptrack.I001"]


@pytest.mark.parametrize(
    ("backend", "fault"),
    [(ImmediateBackend, "runs tasks at once"), (DummyBackend, "never runs tasks")],
)
def test_w005_a_backend_without_workers(backend, fault):
    with override_settings(TASKS=tasks(backend)):
        assert messages() == []
        ptrack.tracker.register(TopLevelPixel)
        [message] = messages()
    assert (message.id, message.level) == ("ptrack.W005", checks.WARNING)
    assert message.msg.startswith(f"{__name__}.TopLevelPixel ")
    assert fault in message.msg
    assert "TASKS" in message.hint


class WorkingBackend(DummyBackend.__base__):
    """A task engine that looks as if it had workers."""

    def enqueue(self, *args, **kwargs): ...


def test_a_backend_with_workers_is_fine():
    with override_settings(TASKS=tasks(WorkingBackend)):
        ptrack.tracker.register(TopLevelPixel)
        assert messages() == []


@pytest.mark.parametrize(
    ("options", "fault"),
    [({"backend": "absent"}, "absent"), ({"queue_name": "absent"}, "absent"), ({"prio": 1}, "prio")],
)
def test_e004_options_that_do_not_fit_the_backend(options, fault):
    class BrokenPixel(TopLevelPixel):
        task_options = options

    with override_settings(TASKS=tasks(WorkingBackend, QUEUES=["default"])):
        ptrack.tracker.register(BrokenPixel)
        [message] = messages()
    assert (message.id, message.level) == ("ptrack.E004", checks.ERROR)
    assert "BrokenPixel cannot use its task backend: " in message.msg
    assert fault in message.msg
    assert "TASKS" in message.hint


def test_a_pixel_may_have_a_check_of_its_own():
    warning = checks.Warning("a fault", id="mine.W001")

    class CheckedPixel(ptrack.TrackingPixel):
        def record(self): ...

        def check(self):
            return [warning]

    ptrack.tracker.register(CheckedPixel)
    assert messages() == [warning]


# Import


def test_without_a_task_engine_the_error_says_what_to_install(monkeypatch):
    for name in ("django.tasks", "django_tasks"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImproperlyConfigured, match=r"ptrack\.BackgroundPixel .* need a task engine: .* 'tasks'"):
        fresh_copy(background)


def test_the_package_offers_the_class():
    assert ptrack.BackgroundPixel is background.BackgroundPixel
    assert issubclass(ptrack.BackgroundPixel, ptrack.TrackingPixel)
    assert ptrack.BackgroundLink is background.BackgroundLink
    assert issubclass(ptrack.BackgroundLink, ptrack.TrackingLink)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ptrack.nothing
