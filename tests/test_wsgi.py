from __future__ import annotations

import contextlib
import gc
import io
import logging
import random
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.cache import caches
from django.core.cache.backends.dummy import DummyCache
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import connections
from django.test import override_settings
from django.urls import get_script_prefix, include, path, re_path, reverse, set_urlconf
from django.utils.translation import gettext_lazy

import ptrack
from ptrack import wsgi
from ptrack.views import TRANSPARENT_1_PIXEL_GIF as GIF

from drivers import FastDriver, WSGIDriver, make_environ
from support import UrlConf, script_prefix, seal_json, without_setting

pytestmark = pytest.mark.usefixtures("no_pixels", "unconnected")


def path_of(*args, **kwargs):
    return f"/ptrack/{ptrack.PtrackEncoder.encrypt(*args, **kwargs)}/"


def environ_of(path_info, **environ):
    """Return the environment of a GET, with a path as servers pass it: each byte is one character."""
    return make_environ() | {"PATH_INFO": path_info} | environ


@pytest.fixture
def without_django():
    """An application that fails for every request that it does not answer itself."""
    return wsgi.serve_pixels(None)


@pytest.mark.parametrize("application", [ASGIHandler(), ASGIHandler().__call__])
def test_an_asgi_application_is_refused_at_once(application):
    with pytest.raises(TypeError, match="is an ASGI one"):
        wsgi.serve_pixels(application)


@pytest.fixture
def requests(opens):
    """Let another pixel append what it sees of the request to this list."""
    seen = []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request, *args, **kwargs):
            match = request.resolver_match
            seen.append(
                {
                    "class": isinstance(request, WSGIRequest),
                    "paths": (request.method, request.path, request.path_info, request.get_full_path()),
                    "query": dict(request.GET),
                    "headers": dict(request.headers),
                    "cookies": request.COOKIES,
                    "remote address": request.META.get("REMOTE_ADDR"),
                    "match": (match.func, match.args, match.kwargs, match.url_name, match.route),
                    "prefix": (get_script_prefix(), reverse("ptrack", args=["x"])),
                    "hit": (request.ptrack.token, request.ptrack.pixel_id, request.ptrack.kind, request.ptrack.reason),
                }
            )

    return seen


# The same answers as the view


def mutate(text, rng):
    """Return a text with one change of those that email clients, proxies and attackers make."""
    at = rng.randrange(len(text) + 1)
    character = rng.choice("ABCDxyz019-_=+/%&;.\\\"'<> \t\n\r\x00\x7f\x80\xc3\xa9\xff")
    return rng.choice(
        [
            text[:at] + character + text[at:],
            text[:at] + character + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text[:at],
            text[at:],
            text + character,
            text[::-1],
            text.encode("latin1").swapcase().decode("latin1"),
            text + text,
            text.rstrip("/"),
            text + "/",
            "/" + text,
            text.replace("ptrack", "Ptrack"),
        ]
    )


def hostile_environs(count):
    rng = random.Random(20_261_123)
    tokens = [path_of(*args).encode().decode("latin1") for args in ([], ["welcome"], ["ü", 7], ["x" * 1000])]
    odd = [
        *("/", "/ptrack", "/ptrack/", "/ptrack//", "/bare/x/", "/ptrack/\xff\xfe/", "/ptrack/\xc3\xa9/"),
        *(f"/ptrack/{seal_json(payload)}/" for payload in (None, [], [[]], [[1.5, None], {"a": [1]}])),
        *("/ptrack/" + "A" * length for length in (16_383, 16_384, 16_385, 70_000)),
    ]
    for _ in range(count):
        path = rng.choice(tokens) if rng.random() < 0.8 else rng.choice(odd)
        for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
            path = mutate(path, rng)
        yield environ_of(
            path if path.startswith("/") else f"/{path}",
            REQUEST_METHOD=rng.choice(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "DELETE"]),
            QUERY_STRING=rng.choice(["", "", "utm=1&x=%ff", "a=b" * 500, "\xff"]),
            SCRIPT_NAME=rng.choice(["", "", "/app", "/a/b/"]),
            HTTP_COOKIE=rng.choice(["", "sessionid=abc", "\xff;=;"]),
            HTTP_USER_AGENT=rng.choice(["", "Thunderbird", "\xff\x00", "GoogleImageProxy"]),
            HTTP_HOST=rng.choice(["testserver", "evil.example", "", "\x00"]),
            HTTP_X_FORWARDED_FOR="192.0.2.1, junk",
        )


def test_thousands_of_good_and_hostile_requests_are_answered_as_by_the_view(opens, requests, caplog):
    caplog.set_level(logging.DEBUG, logger="ptrack")
    environs = list(hostile_environs(4000))
    outcomes = []
    recorded = 0
    for driver in (WSGIDriver(), FastDriver()):
        outcomes.append([])
        for environ in environs:
            answer = driver.exchange(dict(environ))
            logged = [(entry.name, entry.levelno, entry.getMessage()) for entry in caplog.records]
            outcomes[-1].append((answer, [*opens], [*requests], [line for line in logged if line[0] == "ptrack"]))
            recorded += len(opens)
            for kept in (opens, requests, caplog.records):
                kept.clear()
    for environ, viewed, fast in zip(environs, *outcomes, strict=True):
        assert fast == viewed, (environ["REQUEST_METHOD"], environ["PATH_INFO"])
    # Without hits, there would be nothing to compare.
    assert recorded > 1000


def test_a_hit_does_not_reach_django(opens, without_django):
    driver = FastDriver()
    driver.application = without_django
    for method, body in (("GET", GIF), ("HEAD", b"")):
        assert driver.send(method, path_of("welcome")).content == body
        assert driver.send(method, "/ptrack/junk").content == body
    assert opens == [(["welcome"], {})]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/ptrack/x/"), ("get", "/ptrack/x/"), ("GET", "/other/"), ("GET", "/ptrack"), ("GET", "")],
)
def test_every_other_request_goes_through_untouched(method, path):
    environ = environ_of(path, REQUEST_METHOD=method)
    seen = []

    def application(environ, start_response):
        seen.append((environ, dict(environ), start_response))
        return answer

    answer = [b"an answer"]
    assert wsgi.serve_pixels(application)(environ, len) is answer
    assert [(id(environ), dict(environ), len)] == [(id(got), copy, start) for got, copy, start in seen]


def test_a_request_without_a_path_goes_through():
    environ = environ_of("")
    del environ["PATH_INFO"]
    assert wsgi.serve_pixels(lambda environ, start_response: ["of Django"])(environ, len) == ["of Django"]


@override_settings(MIDDLEWARE=["project.middleware.that.is.not.there"])
def test_no_middleware_runs_for_a_pixel(opens, without_django):
    b"".join(without_django(environ_of(path_of("welcome"), HTTP_HOST="evil.example"), lambda status, headers: None))
    assert opens == [(["welcome"], {})]


def test_each_answer_has_headers_of_its_own(without_django):
    lists = []
    for _ in range(2):
        without_django(environ_of("/ptrack/junk"), lambda status, headers: lists.append(headers))
    assert lists[0] == lists[1]
    assert lists[0] is not lists[1]


@pytest.mark.parametrize(
    "text", ["\xff", "\xc3", "\xc3\xa9", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xff/\x80%"]
)
def test_a_token_of_any_bytes_is_read_as_by_the_view(opens, text):
    class BytesEncoder:
        @staticmethod
        def decrypt(token):
            return [token], {}

    ptrack.ptrack_encoder = BytesEncoder
    for driver in (WSGIDriver(), FastDriver()):
        driver.exchange(environ_of(f"/ptrack/{text}/"))
    viewed, fast = opens
    assert fast == viewed
    assert "\ufffd" not in fast[0][0]


def test_a_long_path_that_is_not_utf_8_is_answered_in_linear_time(opens, without_django):
    # Django's own decoding would take minutes.
    assert [*without_django(environ_of("/ptrack/" + "\xff" * 2**20), lambda status, headers: None)] == [GIF]
    assert opens == []


# The request


def test_a_request_is_made_only_for_a_pixel_that_takes_it(opens, without_django, caplog):
    environ = environ_of(path_of("welcome"))
    # Django cannot make a request without it.
    del environ["wsgi.input"]
    without_django(environ, lambda status, headers: None)
    assert caplog.records == []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request, *args): ...

    without_django(environ, lambda status, headers: None)
    assert opens == [(["welcome"], {})] * 2
    assert [entry.exc_info[0] for entry in caplog.records] == [KeyError]


def test_pixels_share_one_request(requests):
    shared = []

    class SharingPixel(ptrack.TrackingPixel):
        def record(self, request, *args):
            shared.append(request)

    class AnotherPixel(SharingPixel): ...

    ptrack.tracker.register(SharingPixel)
    ptrack.tracker.register(AnotherPixel)
    FastDriver().get(path_of("welcome"))
    assert shared[0] is shared[1]


def test_the_request_is_closed_with_the_answer(without_django):
    files = []

    @ptrack.tracker.register
    class FilePixel(ptrack.TrackingPixel):
        def record(self, request):
            files.append(io.BytesIO(b"x"))
            request.close = files[0].close

    body = without_django(environ_of(path_of()), lambda status, headers: None)
    assert [file.closed for file in files] == [False]
    body.close()
    assert [file.closed for file in files] == [True]


def test_a_request_that_cannot_be_closed_does_not_keep_the_signal_from_being_sent(application):
    finished = []

    @ptrack.tracker.register
    class FilePixel(ptrack.TrackingPixel):
        def record(self, request):
            request.close = Mock(side_effect=OSError)

    with connected(request_finished, lambda **details: finished.append(1), weak=False):
        application(environ_of(path_of()), lambda status, headers: None).close()
    assert finished == [1]


def test_no_reference_keeps_the_request_after_the_answer(without_django):
    requests = []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request):
            assert request.resolver_match.url_name == "ptrack"
            requests.append(weakref.ref(request))

    gc.disable()
    try:
        without_django(environ_of(path_of()), lambda status, headers: None).close()
        assert [request() for request in requests] == [None]
    finally:
        gc.enable()


# Signals


@contextlib.contextmanager
def connected(signal, receiver, sender=None, weak=True):
    signal.connect(receiver, sender=sender, weak=weak)
    try:
        yield
    finally:
        signal.disconnect(receiver, sender=sender)


def test_signals_are_sent_as_by_djangos_handler(opens, without_django):
    sent = []

    def receive(signal, sender, **details):
        details = {name: value["PATH_INFO"] if name == "environ" else value for name, value in details.items()}
        sent.append(("started" if signal is request_started else "finished", sender, details, len(opens)))

    path = path_of("welcome")
    outcomes = []
    with connected(request_started, receive), connected(request_finished, receive):
        for application in (WSGIHandler(), without_django):
            body = application(environ_of(path), lambda status, headers: None)
            assert [name for name, *_ in sent] == ["started"]
            body.close()
            outcomes.append([*sent])
            sent.clear()
            opens.clear()
    viewed, fast = outcomes
    assert fast == viewed
    assert [name for name, *_ in fast] == ["started", "finished"]


calls = []


class FakeConnection:
    """The part of a database connection that Django's receivers of the signals use."""

    vendor = "none"
    queries_log = SimpleNamespace(clear=lambda: calls.append("queries forgotten"))

    def close_if_unusable_or_obsolete(self):
        calls.append("connection checked")


class ClosingCache(DummyCache):
    """A cache that does something when it is closed, as those on other machines do."""

    def close(self, **kwargs):
        calls.append("cache closed")


@pytest.fixture(params=["view", "fast path"])
def application(request, without_django):
    calls.clear()
    return WSGIHandler() if request.param == "view" else without_django


def run_in_new_thread(function):
    """Run a function in a thread without database connections."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


@override_settings(CACHES={"default": {"BACKEND": f"{__name__}.ClosingCache"}})
def test_the_connections_of_a_pixel_are_checked_and_its_caches_closed(application):
    @ptrack.tracker.register
    class ConnectingPixel(ptrack.TrackingPixel):
        def record(self, connects):
            if connects:
                connections["default"] = FakeConnection()
                caches["default"].get("key")

    seen = []

    def hits():
        for connects in (False, True, False):
            application(environ_of(path_of(connects)), lambda status, headers: None).close()
            seen.append({*calls})
            calls.clear()

    run_in_new_thread(hits)
    assert seen == [
        set(),
        {"connection checked", "cache closed"},
        {"queries forgotten", "connection checked", "cache closed"},
    ]


def test_a_urlconf_that_a_pixel_sets_is_gone_after_the_request(application):
    found = []

    @ptrack.tracker.register
    class TenantPixel(ptrack.TrackingPixel):
        def record(self):
            found.append(reverse("ptrack", args=["x"]))
            set_urlconf(UrlConf(re_path("^tenant/", include("ptrack.urls"))))

    def hits():
        for _ in range(3):
            application(environ_of(path_of()), lambda status, headers: None).close()

    run_in_new_thread(hits)
    assert found == ["/ptrack/x/"] * 3


@pytest.mark.parametrize("failing", ["receiver", "pixel", "server"])
def test_an_interruption_does_not_keep_connections_from_being_checked(without_django, failing):
    """A server may end a worker at any moment."""
    calls.clear()

    def interrupt_if(name):
        if name == failing:
            raise KeyboardInterrupt

    @ptrack.tracker.register
    class ConnectingPixel(ptrack.TrackingPixel):
        def record(self):
            connections["default"] = FakeConnection()
            interrupt_if("pixel")

    def hit():
        connections["default"] = FakeConnection()
        with pytest.raises(KeyboardInterrupt):
            without_django(environ_of(path_of()), lambda status, headers: interrupt_if("server"))

    with connected(request_started, lambda **details: interrupt_if("receiver"), weak=False):
        run_in_new_thread(hit)
    # At the beginning and at the end of the request.
    assert calls.count("connection checked") == 2


# Options


@pytest.fixture
def without_opens(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "ptrack.opens"]


def test_without_signals_none_is_sent(opens, without_opens):
    receive = Mock()
    application = wsgi.serve_pixels(None, signals=False)
    with connected(request_started, receive), connected(request_finished, receive):
        body = application(environ_of(path_of("welcome")), lambda status, headers: None)
        assert b"".join(body) == GIF
        body.close()
    assert opens == [(["welcome"], {})]
    receive.assert_not_called()


@pytest.mark.parametrize("in_background", [False, True])
def test_without_signals_a_site_with_stored_hits_is_refused(settings, in_background):
    settings.PTRACK_OPENS_IN_BACKGROUND = in_background
    with pytest.raises(ImproperlyConfigured, match=r"ptrack\.opens in INSTALLED_APPS"):
        wsgi.serve_pixels(None, signals=False)


def test_the_option_prefix_serves_the_paths_below_it_and_no_others(opens):
    paths = []

    def application(environ, start_response):
        paths.append(environ["PATH_INFO"])
        return []

    serve = wsgi.serve_pixels(application, prefix="/images/é/")
    with script_prefix("/app/"):
        for begin in ("/images/Ã©/", "/ptrack/", "/images/"):
            serve(environ_of(path_of("welcome").replace("/ptrack/", begin)), lambda status, headers: None)
    assert opens == [(["welcome"], {})]
    assert [path.rpartition("/")[0].rpartition("/")[0] for path in paths] == ["/ptrack", "/images"]


@pytest.mark.parametrize("prefix", ["", "ptrack/", "/ptrack", "ptrack"])
def test_a_prefix_without_its_slashes_is_refused(prefix):
    with pytest.raises(ImproperlyConfigured, match="begin and end with a slash"):
        wsgi.serve_pixels(None, prefix=prefix)


URLCONFS = {
    "path": (path("p/", include("ptrack.urls")), "/p/"),
    "regular expression": (re_path("^p/", include("ptrack.urls")), "/p/"),
    "without a slash": (re_path("^p-", include("ptrack.urls")), "/p-"),
    "outside ASCII": (path("é /", include("ptrack.urls")), "/Ã© /"),
    "nested": (path("a/", include([path("b/", include("ptrack.urls"))])), "/a/b/"),
    "empty": (path("", include("ptrack.urls")), "/"),
}


@pytest.mark.parametrize("name", URLCONFS)
def test_the_prefix_is_found_in_the_urlconf(opens, name):
    route, prefix = URLCONFS[name]
    with override_settings(ROOT_URLCONF=UrlConf(route)):
        application = wsgi.serve_pixels(None)
        for script_name in ("", "/app"):
            environ = environ_of(path_of(script_name).replace("/ptrack/", prefix), SCRIPT_NAME=script_name)
            application(environ, lambda status, headers: None)
    assert opens == [([""], {}), (["/app"], {})]


@pytest.mark.parametrize(
    ("urlconf", "fault"),
    [
        (UrlConf(), "no route named 'ptrack'"),
        (UrlConf(path("<slug:tenant>/", include("ptrack.urls"))), "needs more arguments"),
        (UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls")))), "depends on the language"),
        (UrlConf(path(gettext_lazy("Sunday"), include("ptrack.urls"))), "depends on the language"),
    ],
)
def test_without_a_single_prefix_the_option_is_named(urlconf, fault):
    with (
        override_settings(ROOT_URLCONF=urlconf),
        pytest.raises(ImproperlyConfigured, match=rf"{fault}.*pass prefix='/ptrack/'"),
    ):
        wsgi.serve_pixels(None)


LINKS = path("go/", include("ptrack.link_urls"))


@pytest.mark.parametrize(
    ("routes", "options"),
    [
        ([path("t/", include([LINKS])), path("t/", include("ptrack.urls"))], {}),
        ([path("t/", include([LINKS])), path("t/", include("ptrack.urls"))], {"prefix": "/t/"}),
        ([LINKS, path("", include("ptrack.urls"))], {}),
        ([LINKS], {"prefix": "/"}),
        ([path("é/", include([LINKS])), path("é/", include("ptrack.urls"))], {}),
        (i18n_patterns(LINKS), {"prefix": "/de/"}),
    ],
)
def test_links_below_the_prefix_are_refused(routes, options):
    with (
        override_settings(ROOT_URLCONF=UrlConf(*routes)),
        pytest.raises(ImproperlyConfigured, match=r"ptrack\.link_urls is below '/"),
    ):
        wsgi.serve_pixels(None, **options)


def test_links_elsewhere_and_links_that_no_tag_can_build_are_left_alone(opens):
    pixels = path("ptrack/", include("ptrack.urls"))
    for links in (LINKS, path("ptrack-links/", include("ptrack.link_urls")), path("a/", include(([LINKS], "a")))):
        with override_settings(ROOT_URLCONF=UrlConf(links, pixels)):
            wsgi.serve_pixels(None)(environ_of(path_of("welcome")), lambda status, headers: None)
    assert opens == [(["welcome"], {})] * 3


def test_a_site_without_a_urlconf_passes_the_prefix(opens):
    with without_setting("ROOT_URLCONF"):
        application = wsgi.serve_pixels(None, prefix="/ptrack/")
        application(environ_of(path_of("welcome")), lambda status, headers: None)
    assert opens == [(["welcome"], {})]


def test_without_languages_there_is_one_prefix(opens):
    urlconf = UrlConf(path(gettext_lazy("Sunday"), include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf, USE_I18N=False):
        path_info = path_of("welcome").replace("/ptrack/", "/Sunday")
        wsgi.serve_pixels(None)(environ_of(path_info), lambda status, headers: None)
    assert opens == [(["welcome"], {})]


# Threads


def test_hits_of_many_threads_are_each_recorded_once(requests, opens, without_django):
    paths = [path_of(number) for number in range(400)]
    start = threading.Barrier(8)

    def request_all(part):
        start.wait()
        for path_info in part:
            assert [*without_django(environ_of(path_info), lambda status, headers: None)] == [GIF]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(request_all, [paths[number::8] for number in range(8)]))
    assert sorted(args[0] for args, _ in opens) == list(range(400))
    assert len(requests) == 400
