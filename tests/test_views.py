from __future__ import annotations

import asyncio
import io
import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils.decorators import sync_only_middleware
from PIL import Image

import ptrack
from ptrack import views
from ptrack.views import TRANSPARENT_1_PIXEL_GIF as GIF

from drivers import DRIVERS
from support import seal_json

pytestmark = pytest.mark.usefixtures("no_pixels", "unconnected")


@pytest.fixture(params=DRIVERS)
def client(request):
    """Requests images in each of the ways in which a site may serve them."""
    return DRIVERS[request.param]()


HEADERS = {
    "Content-Type": "image/gif",
    "Content-Length": "43",
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0, private",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}

JUNK = [
    "",
    "/",
    "junk",
    "a/b/c",
    "\n",
    "abc\n",
    "\nabc",
    "\r\n",
    "é",
    "\x00",
    "=" * 100,
    "A" * 16_384,
    "A" * 16_385,
    "A" * 100_000,
    "../../etc/passwd",
    "%",
    "<script>",
    "'; drop table opens; --",
]


def path_of(token):
    """Return the path of the URL that holds a token."""
    return f"/ptrack/{quote(token)}/"


def token(*args, **kwargs):
    return ptrack.PtrackEncoder.encrypt(*args, **kwargs)


# The image


def test_the_gif_is_one_transparent_pixel():
    with Image.open(io.BytesIO(GIF)) as image:
        image.load()
        assert (image.format, image.size, image.n_frames) == ("GIF", (1, 1), 1)
        assert image.convert("RGBA").getpixel((0, 0))[3] == 0
    assert len(GIF) == 43


# A readable token


def test_a_hit_runs_the_pixels_once_with_the_arguments(client, opens):
    response = client.get(path_of(token("welcome", user=7)))
    assert (response.status_code, response.content) == (200, GIF)
    assert opens == [(["welcome"], {"user": 7})]


def test_each_hit_counts(client, opens):
    path = path_of(token("welcome"))
    for _ in range(3):
        client.get(path)
    assert opens == [(["welcome"], {})] * 3


def test_a_hit_may_carry_no_arguments(client, opens):
    client.get(path_of(token()))
    assert opens == [([], {})]


def test_any_json_of_an_old_token_arrives(client, opens):
    payload = [[1.5, None, {"a": [1]}, ["b"]], {"flag": None, "é": {}}]
    client.get(path_of(seal_json(payload)))
    assert opens == [tuple(payload)]


def test_the_answer_has_exactly_these_headers(client, opens):
    assert dict(client.get(path_of(token())).headers) == HEADERS


def test_a_pixel_receives_the_request(client):
    requests = []

    @ptrack.tracker.register
    class RequestPixel(ptrack.TrackingPixel):
        def record(self, request, campaign):
            requests.append((request.headers["User-Agent"], request.META["REMOTE_ADDR"], campaign))

    client.get(path_of(token("spring")), headers={"User-Agent": "Thunderbird"}, remote_addr="192.0.2.1")
    assert requests == [("Thunderbird", "192.0.2.1", "spring")]


def test_the_answer_waits_for_every_pixel(client):
    done = []

    @ptrack.tracker.register
    class SlowPixel(ptrack.TrackingPixel):
        async def record(self):
            done.append("slow")

    client.get(path_of(token()))
    assert done == ["slow"]


@pytest.mark.parametrize("suffix", ["", "/"])
def test_the_last_slash_may_be_missing(client, opens, suffix):
    response = client.get(f"/ptrack/{token('welcome')}{suffix}")
    assert (response.status_code, response.content) == (200, GIF)
    assert opens == [(["welcome"], {})]


def test_a_query_is_ignored(client, opens):
    client.get(path_of(token("welcome")) + "?utm_source=mail")
    assert opens == [(["welcome"], {})]


# An unreadable token


def assert_same_answer(response, good):
    assert response.status_code == good.status_code == 200
    assert response.serialize() == good.serialize()
    assert response.cookies == good.cookies == {}


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("suffix", ["", "/"])
def test_junk_is_answered_like_a_good_token_and_runs_nothing(client, opens, caplog, junk, suffix):
    good = client.get(path_of(token()))
    opens.clear()
    assert_same_answer(client.get(f"/ptrack/{quote(junk)}{suffix}"), good)
    assert opens == []
    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


def test_an_altered_token_runs_nothing(client, opens):
    good = token("welcome")
    for altered in (good[:-1], good + "A", good.swapcase(), good[1:], good + "=", good + "==", good + "===="):
        assert client.get(path_of(altered)).content == GIF
    assert opens == []


@pytest.mark.parametrize("payload", [None, [], {}, [[]], [{}, []], [[], {}, []], ["a", {}], [[], "b"]])
def test_a_wrong_json_shape_runs_nothing(client, opens, payload):
    good = client.get(path_of(token()))
    opens.clear()
    assert_same_answer(client.get(path_of(seal_json(payload))), good)
    assert opens == []


def test_a_token_of_another_secret_runs_nothing(client, opens):
    path = path_of(token("welcome"))
    with override_settings(PTRACK_SECRET="another"):
        assert client.get(path).content == GIF
    assert opens == []
    with override_settings(PTRACK_SECRET="another", PTRACK_SECRET_FALLBACKS=[settings.PTRACK_SECRET]):
        client.get(path)
    assert opens == [(["welcome"], {})]


@pytest.mark.parametrize(("length", "decoded"), [(16_384, True), (16_385, False)])
def test_a_token_of_over_16384_characters_is_not_even_decoded(client, opens, length, decoded):
    class LongEncoder:
        @staticmethod
        def decrypt(text):
            return [[len(text)], {}]

    ptrack.ptrack_encoder = LongEncoder
    assert client.get(path_of("A" * length)).content == GIF
    assert opens == ([([length], {})] if decoded else [])


def test_an_unreadable_token_is_logged_for_debugging_without_being_shown(client, opens, caplog):
    caplog.set_level(logging.DEBUG, logger="ptrack")
    client.get(path_of("junk-token"))
    [entry] = caplog.records
    assert (entry.name, entry.levelno) == ("ptrack", logging.DEBUG)
    assert "PtrackDecodeError" in entry.getMessage()
    assert "junk-token" not in caplog.text


# Faults


@pytest.mark.parametrize(
    "bad",
    [
        {"PTRACK_SECRET": None},
        {"PTRACK_SECRET": "a" * 33},
        {"PTRACK_SECRET_FALLBACKS": "aaa"},
        {"PTRACK_SECRET_FALLBACKS": ["a" * 33]},
    ],
)
def test_with_a_bad_secret_the_image_is_served_and_the_fault_is_logged(client, opens, caplog, bad):
    path = path_of(token("welcome"))
    good = client.get(path)
    opens.clear()
    with override_settings(**bad):
        assert_same_answer(client.get(path), good)
    assert opens == []
    [entry] = caplog.records
    assert (entry.name, entry.levelno) == ("ptrack", logging.ERROR)
    assert next(iter(bad)) in entry.getMessage()
    # An exception would hold frames, and these the token.
    assert entry.exc_info is None
    assert all(isinstance(arg, str) for arg in entry.args)
    assert "aaa" not in caplog.text


def test_a_failing_pixel_stops_neither_the_image_nor_the_other_pixels(client, opens, caplog):
    good = client.get(path_of(token()))
    opens.clear()

    @ptrack.tracker.register
    class FailingPixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs):
            raise ZeroDivisionError("of the pixel")

    late = []

    @ptrack.tracker.register
    class LatePixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs):
            late.append(args)

    assert_same_answer(client.get(path_of(token("welcome"))), good)
    assert opens == [(["welcome"], {})]
    assert late == [("welcome",)]
    [entry] = caplog.records
    assert "FailingPixel" in entry.getMessage()
    assert "ZeroDivisionError: of the pixel" in caplog.text


# A custom encoder


@pytest.mark.parametrize("exception", [ValueError, KeyError, RecursionError, MemoryError, asyncio.CancelledError])
def test_any_exception_of_a_custom_encoder_is_an_unreadable_token(client, opens, caplog, exception):
    class RaisingEncoder:
        @staticmethod
        def decrypt(text):
            raise exception(text)

    good = client.get(path_of(token()))
    opens.clear()
    ptrack.ptrack_encoder = RaisingEncoder
    caplog.set_level(logging.DEBUG, logger="ptrack")
    assert_same_answer(client.get(path_of("my-token")), good)
    assert opens == []
    assert "my-token" not in caplog.text


def test_a_custom_encoder_that_is_not_configured_is_logged_as_a_fault(client, opens, caplog):
    class UnconfiguredEncoder:
        @staticmethod
        def decrypt(text):
            raise ImproperlyConfigured("MY_KEY is not set.")

    ptrack.ptrack_encoder = UnconfiguredEncoder
    assert client.get(path_of("my-token")).content == GIF
    [entry] = caplog.records
    assert entry.levelno == logging.ERROR
    assert "MY_KEY is not set." in entry.getMessage()


@pytest.mark.parametrize("payload", [None, 5, [], [[]], [[], {}, {}], [5, {}], ["ab", {}], [[], []], [{}, []], [[], 5]])
def test_a_wrong_result_of_a_custom_encoder_is_an_unreadable_token(client, opens, caplog, payload):
    class MisshapenEncoder:
        @staticmethod
        def decrypt(text):
            return payload

    ptrack.ptrack_encoder = MisshapenEncoder
    assert client.get(path_of("my-token")).content == GIF
    assert opens == []
    assert caplog.records == []


def test_a_custom_encoder_may_return_tuples_and_any_values(client, opens):
    anything = object()

    class TupleEncoder:
        @staticmethod
        def decrypt(text):
            return (text, anything), {"key": anything}

    ptrack.ptrack_encoder = TupleEncoder
    client.get(path_of("my token/with ü"))
    assert opens == [(["my token/with ü", anything], {"key": anything})]


def test_a_custom_encoder_works_in_the_tag_and_in_the_view(client, opens):
    class ReversingEncoder:
        @staticmethod
        def encrypt(*args, **kwargs):
            return "&".join(args)[::-1]

        @staticmethod
        def decrypt(text):
            return [text[::-1].split("&"), {}]

    ptrack.ptrack_encoder = ReversingEncoder
    url = ptrack.pixel_url("one 100%", "zwei/drei", "?")
    client.get(url.removeprefix("https://www.example.com"))
    assert opens == [(["one 100%", "zwei/drei", "?"], {})]


# Methods


@pytest.mark.parametrize("text", ["junk", None])
def test_head_has_the_same_headers_and_no_body_and_records_nothing(client, opens, text):
    path = path_of(text or token("welcome"))
    response = client.head(path)
    assert response.status_code == 200
    assert dict(response.headers) == HEADERS
    assert response.content == b""
    assert opens == []


def test_head_has_no_body_of_its_own(opens):
    # Like some servers, the test client would remove a body.
    response = views.serve_pixel(RequestFactory().head("/"), token())
    assert b"".join(response) == b""


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_other_methods_are_not_allowed_and_leave_no_log_line(client, opens, caplog, method):
    caplog.set_level(logging.DEBUG)
    with override_settings(MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"]):
        response = client.send(method.upper(), path_of(token("welcome")))
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD"
    assert response.content == b""
    assert opens == []
    assert caplog.records == []


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_an_unknown_method_is_not_allowed(client, opens):
    response = client.send("BREW", path_of(token("welcome")))
    assert response.status_code == 405
    assert opens == []


# Around the view


@override_settings(
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)
def test_pixels_stay_public_on_a_site_that_requires_a_login(client, opens):
    response = client.get(path_of(token("welcome")))
    assert (response.status_code, response.content) == (200, GIF)
    assert opens == [(["welcome"], {})]


ALL_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


@override_settings(MIDDLEWARE=ALL_MIDDLEWARE, SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
def test_behind_djangos_middleware_good_and_bad_tokens_look_alike_and_set_no_cookie(client, opens):
    good = client.get(path_of(token("welcome")), headers={"Accept-Encoding": "gzip"})
    bad = client.get(path_of("junk"), headers={"Accept-Encoding": "gzip"})
    assert_same_answer(bad, good)
    assert good.content == GIF
    assert HEADERS.items() <= dict(good.headers).items()
    assert opens == [(["welcome"], {})]
    for path in (path_of(token("welcome"))[:-1], path_of("junk")[:-1]):
        assert client.get(path).status_code == 200
    assert len(opens) == 2


@sync_only_middleware
def header_middleware(get_response):
    def middleware(request):
        response = get_response(request)
        response.headers["X-Seen"] = request.path
        response.set_cookie("seen", "yes")
        del response.headers["X-Robots-Tag"]
        return response

    return middleware


def test_a_middleware_that_changes_one_answer_does_not_change_the_next():
    with override_settings(MIDDLEWARE=[f"{__name__}.header_middleware"]):
        changed = Client().get(path_of("one"))
    assert changed.headers["X-Seen"] == "/ptrack/one/"
    untouched = Client().get(path_of("two"))
    assert dict(untouched.headers) == HEADERS
    assert untouched.cookies == {}


def test_the_asynchronous_client_of_django_gets_the_same_answers(opens):
    calls = []

    @ptrack.tracker.register
    class AsyncPixel(ptrack.TrackingPixel):
        async def record(self, request, *args):
            await asyncio.sleep(0)
            calls.append(args)

    async def get_and_head():
        client = AsyncClient()
        return await client.get(path_of(token("welcome"))), await client.head(path_of(token("welcome")))

    response, head = async_to_sync(get_and_head)()
    assert response.content == GIF
    assert dict(response.headers) == HEADERS
    assert head.content == b""
    assert dict(head.headers) == HEADERS
    assert opens == [(["welcome"], {})]
    assert calls == [("welcome",)]


def test_hits_of_many_threads_are_each_recorded_once(opens):
    paths = [path_of(token(number)) for number in range(400)]
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda path: Client().get(path).content, paths))
    assert answers == {GIF}
    assert sorted(args[0] for args, _ in opens) == list(range(400))
