"""What fails in one callback, in the log or in the encoder harms neither the image nor the next callback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

import ptrack
from ptrack import BackgroundPixel
from ptrack.background import run_pixel
from ptrack.hits import Hit
from ptrack.trackers import tracker
from ptrack.views import TRANSPARENT_1_PIXEL_GIF as GIF

from drivers import DRIVERS
from support import seal_json

pytestmark = pytest.mark.usefixtures("no_pixels", "unconnected")


class Timeout(BaseException):
    """As that of gevent, which is no ``Exception``."""


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no message")


class Odd(Exception):
    """An exception with an attribute that raises."""

    @property
    def __cause__(self):
        raise RuntimeError("no cause")


class OddBase(BaseException):
    @property
    def __context__(self):
        raise Timeout


EXCEPTIONS = [
    Timeout,
    SystemExit,
    asyncio.CancelledError,
    Unprintable,
    Odd,
    OddBase,
    RecursionError,
    lambda: BaseExceptionGroup("several", [Timeout(), ExceptionGroup("inner", [ValueError(), Odd()])]),
    lambda: ExceptionGroup("several", [ValueError(), KeyError()]),
]


@pytest.fixture(params=DRIVERS)
def driver(request):
    return DRIVERS[request.param]()


def get(driver, *args):
    """Request a pixel in a thread of its own, as a server with threads does: SystemExit is a failure there."""
    path = f"/ptrack/{seal_json([list(args), {}])}/"
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(driver.get, path).result()


def failing_pixel(make, is_async):
    class SynchronousPixel(ptrack.TrackingPixel):
        def record(self, *args):
            raise make()

    class AsynchronousPixel(ptrack.TrackingPixel):
        async def record(self, *args):
            await asyncio.sleep(0)
            raise make()

    return AsynchronousPixel if is_async else SynchronousPixel


def first_and_last(pixel_class):
    """Register a pixel between two that note their hits, and return the notes."""
    notes = []

    class FirstPixel(ptrack.TrackingPixel):
        def record(self, *args):
            notes.append(("first", *args))

    class LastPixel(ptrack.TrackingPixel):
        def record(self, *args):
            notes.append(("last", *args))

    for each in (FirstPixel, pixel_class, LastPixel):
        tracker.register(each)
    return notes


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("make", EXCEPTIONS)
def test_whatever_a_callback_raises_the_image_comes_and_the_next_callback_runs(driver, caplog, make, is_async):
    pixel_class = failing_pixel(make, is_async)
    notes = first_and_last(pixel_class)
    response = get(driver, "welcome")
    assert (response.status_code, response.content) == (200, GIF)
    assert notes == [("first", "welcome"), ("last", "welcome")]
    [entry] = [entry for entry in caplog.records if entry.name == "ptrack"]
    assert entry.levelno == logging.ERROR
    assert pixel_class.__qualname__ in entry.getMessage()
    assert "welcome" not in caplog.text


class RaisingHandler(logging.Handler):
    """As one that sends records elsewhere, without a way out when that fails."""

    def emit(self, record):
        raise OSError("The log server is away.")


class TimeoutHandler(logging.Handler):
    def emit(self, record):
        raise Timeout


class RaisingFormatter(logging.Formatter):
    def format(self, record):
        raise ZeroDivisionError


class UnguardedHandler(logging.Handler):
    def emit(self, record):
        self.format(record)


def raising_filter(record):
    raise LookupError("no such tenant")


@contextlib.contextmanager
def broken_log(name):
    logger = logging.getLogger("ptrack")
    handlers = {"handler": RaisingHandler, "handler with a time-out": TimeoutHandler, "formatter": UnguardedHandler}
    handler = handlers.get(name, logging.NullHandler)()
    if name == "formatter":
        handler.setFormatter(RaisingFormatter())
    logger.addHandler(handler)
    if name == "filter":
        logger.addFilter(raising_filter)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.removeFilter(raising_filter)


BROKEN = ["handler", "handler with a time-out", "formatter", "filter"]


@pytest.mark.parametrize("make", [ValueError, Odd, Timeout])
@pytest.mark.parametrize("name", BROKEN)
def test_a_log_that_fails_harms_nobody_and_the_message_is_not_lost(driver, capsys, name, make):
    pixel_class = failing_pixel(make, is_async=False)
    notes = first_and_last(pixel_class)
    with broken_log(name):
        response = get(driver, "welcome")
    assert response.content == GIF
    assert notes == [("first", "welcome"), ("last", "welcome")]
    [line] = [line for line in capsys.readouterr().err.splitlines() if "ptrack" in line]
    assert pixel_class.__qualname__ in line
    assert "welcome" not in line


@pytest.mark.parametrize("name", BROKEN)
def test_neither_the_log_of_junk_nor_that_of_a_bad_secret_breaks_the_image(driver, settings, name):
    logging.getLogger("ptrack").setLevel(logging.DEBUG)
    with broken_log(name):
        assert driver.get("/ptrack/junk/").content == GIF
        settings.PTRACK_SECRET = ""
        assert driver.get("/ptrack/junk/").content == GIF


@pytest.mark.parametrize("name", BROKEN)
def test_a_log_that_fails_does_not_keep_a_long_url_from_being_rendered(name):
    with broken_log(name):
        assert len(ptrack.pixel_url("x" * 3000)) > 2000


def test_a_standard_error_stream_that_fails_too_harms_nobody(driver, monkeypatch):
    notes = first_and_last(failing_pixel(ValueError, is_async=False))
    monkeypatch.setattr("sys.stderr", None)
    with broken_log("handler"):
        assert get(driver).content == GIF
    assert notes == [("first",), ("last",)]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_a_log_handler_may_stop_the_process(exception):
    class StoppingHandler(logging.Handler):
        def emit(self, record):
            raise exception

    handler = StoppingHandler()
    logging.getLogger("ptrack").addHandler(handler)
    try:
        with pytest.raises(exception):
            ptrack.pixel_url("x" * 3000)
    finally:
        logging.getLogger("ptrack").removeHandler(handler)


class Stopping(Exception):
    """An exception that nobody can look at without stopping the process."""

    @property
    def __cause__(self):
        raise KeyboardInterrupt


def test_an_attribute_may_stop_the_process():
    tracker.register(failing_pixel(Stopping, is_async=False))
    with pytest.raises(KeyboardInterrupt):
        tracker.record([], {}, lambda: None)


@pytest.mark.parametrize("make", [*EXCEPTIONS, RuntimeError])
def test_any_exception_of_an_encoder_makes_a_token_unreadable(driver, opens, make):
    class RaisingEncoder:
        @staticmethod
        def decrypt(token):
            raise make()

    ptrack.ptrack_encoder = RaisingEncoder
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(driver.get, "/ptrack/token/").result().content == GIF
    assert opens == []


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_encoder_may_stop_the_process(exception):
    class StoppingEncoder:
        @staticmethod
        def decrypt(token):
            raise exception

        issued_at = decrypt

    ptrack.ptrack_encoder = StoppingEncoder
    with pytest.raises(exception):
        DRIVERS["fast path"]().get("/ptrack/token/")
    with pytest.raises(exception):
        _ = Hit("token", {}, 0).issued_at


class Unspeakable(ImproperlyConfigured):
    """A fault whose message cannot be had."""

    def __str__(self):
        raise self.args[0]


def test_a_fault_whose_message_cannot_be_had_is_logged_by_its_name(driver, caplog):
    class UnspeakableEncoder:
        @staticmethod
        def decrypt(token):
            raise Unspeakable(Timeout)

    ptrack.ptrack_encoder = UnspeakableEncoder
    assert driver.get("/ptrack/token/").content == GIF
    assert "Unspeakable" in caplog.text


def test_a_message_may_stop_the_process():
    class UnspeakableEncoder:
        @staticmethod
        def decrypt(token):
            raise Unspeakable(KeyboardInterrupt)

    ptrack.ptrack_encoder = UnspeakableEncoder
    with pytest.raises(KeyboardInterrupt):
        DRIVERS["fast path"]().get("/ptrack/token/")


class Falsy(Exception):
    def __len__(self):
        return 0


class Liar(Exception):
    """An exception that lies of its class."""

    @property
    def __class__(self):
        return KeyboardInterrupt


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("make", [Falsy, Liar])
def test_an_exception_that_is_false_or_lies_is_logged_with_its_traceback(driver, caplog, make, is_async):
    notes = first_and_last(failing_pixel(make, is_async))
    assert get(driver).content == GIF
    assert notes == [("first",), ("last",)]
    [entry] = [entry for entry in caplog.records if entry.name == "ptrack"]
    assert entry.exc_info[2] is not None
    assert "raise make()" in caplog.text


def test_an_exception_that_is_raised_again_and_again_gathers_nothing(caplog):
    error = ValueError("always the same")

    class AgainPixel(ptrack.TrackingPixel):
        def record(self, *args):
            raise error

    tracker.register(AgainPixel)
    for _ in range(20):
        tracker.record([], {}, lambda: None)
    sizes = {len(logging.Formatter().formatException(entry.exc_info)) for entry in caplog.records}
    assert len(caplog.records) == 20
    assert len(sizes) == 1
    assert error.__traceback__ is None


def generate(*args):
    return (arg for arg in args)


def generate_asynchronously(*args):
    return (await arg for arg in args)


@pytest.mark.parametrize("make", [generate, generate_asynchronously])
def test_a_generator_behind_a_decorator_is_a_failure(driver, caplog, make):
    class WrappedPixel(ptrack.TrackingPixel):
        def record(self, *args):
            return make(*args)

    tracker.register(WrappedPixel)
    assert get(driver).content == GIF
    assert "remove the yield" in caplog.text


def test_a_logger_that_is_disabled_does_not_lose_an_error(driver, capsys, monkeypatch):
    """As logging.config.dictConfig() disables it unless it is told not to."""
    monkeypatch.setattr(logging.getLogger("ptrack"), "disabled", True)
    notes = first_and_last(failing_pixel(ValueError, is_async=False))
    assert get(driver).content == GIF
    assert notes == [("first",), ("last",)]
    assert "SynchronousPixel failed" in capsys.readouterr().err


class StoppingStream:
    def write(self, text):
        raise KeyboardInterrupt


def test_a_standard_error_stream_may_stop_the_process(monkeypatch):
    monkeypatch.setattr("sys.stderr", StoppingStream())
    with broken_log("handler"), pytest.raises(KeyboardInterrupt):
        ptrack.pixel_url("x" * 3000)


# In the worker

called = []


class NotedPixel(BackgroundPixel):
    def record(self, *args):
        raise Timeout


class PlainPixel(ptrack.TrackingPixel):
    record = called.append


HIT = (
    '{"id": "00000000000000000000000000000000", "timestamp": 0, "method": "GET", "meta": {}, "args": [], "kwargs": {}, '
    '"path": "/", "token": "x"}'
)


def test_the_worker_logs_any_exception_and_hands_it_to_the_engine(caplog):
    with pytest.raises(Timeout):
        run_pixel.func(f"{__name__}.NotedPixel", HIT)
    assert "NotedPixel failed" in caplog.text


callable_of_a_stranger = called.append


@pytest.mark.parametrize(
    "path",
    [
        *(f"{__name__}.callable_of_a_stranger", f"{__name__}.PlainPixel", "ptrack.TrackingPixel", "ptrack.tracker"),
        *("os.getcwd", "threading.Lock", "builtins.dict"),
    ],
)
def test_the_worker_refuses_whatever_else_a_task_names(path):
    with pytest.raises(ptrack.exceptions.PtrackRegistrationError, match="is not run"):
        run_pixel.func(path, HIT)
    assert called == []


@pytest.mark.parametrize("hit", ["no JSON", "{}", HIT.replace("args", "arguments")])
def test_a_task_that_cannot_be_run_is_logged_without_its_values(caplog, hit):
    with pytest.raises((ValueError, KeyError)):
        run_pixel.func(f"{__name__}.NotedPixel", hit)
    assert "cannot be run" in caplog.text
    assert "no JSON" not in caplog.text


def test_a_task_may_stop_the_worker(monkeypatch):
    monkeypatch.setattr("json.loads", stop)
    with pytest.raises(KeyboardInterrupt):
        run_pixel.func(f"{__name__}.NotedPixel", HIT)


def stop(text):
    raise KeyboardInterrupt


def test_the_worker_runs_what_is_registered():
    notes = []

    @tracker.register
    class LocalPixel(ptrack.TrackingPixel):
        def record(self, *args):
            notes.append(args)

    run_pixel.func(f"{__name__}.{LocalPixel.__qualname__}", HIT)
    assert notes == [()]
