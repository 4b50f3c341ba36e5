"""Links: what is rendered, and what a click on it does, under WSGI and ASGI."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial
from urllib.parse import quote, unquote

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import NoReverseMatch, include, path, re_path

import ptrack
from ptrack import link_url, pixel_url
from ptrack.exceptions import PtrackArgumentError, PtrackError
from ptrack.testing import temporarily
from ptrack.views import TRANSPARENT_1_PIXEL_GIF as GIF

from drivers import DRIVERS
from support import WITH_LINKS, UrlConf, brand_url, link_class, remembered, script_prefix, seal_json, unseal

pytestmark = pytest.mark.usefixtures("no_pixels", "unconnected")

SHOP = "https://shop.example/offers/?size=42&x=%20#new"
PREFIX = "https://www.example.com/go/"
NO_STORE = "no-store, no-cache, must-revalidate, max-age=0, private"
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": NO_STORE,
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Location": SHOP,
}
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
ERROR_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": NO_STORE}


@pytest.fixture(autouse=True)
def _site():
    with override_settings(**WITH_LINKS):
        yield


@pytest.fixture(params=["WSGI", "ASGI"])
def client(request):
    return DRIVERS[request.param]()


@pytest.fixture
def clicks(opens):
    """Let the one registered link append its arguments to this list, and let ``opens`` tell of pixels."""
    recorded = []
    ptrack.tracker.register(link_class(lambda self, url, *args, **kwargs: recorded.append((url, args, kwargs))))
    return recorded


def token_of(url, prefix=PREFIX):
    assert url.startswith(prefix)
    assert url.endswith("/")
    return unquote(url.removeprefix(prefix).removesuffix("/"))


def path_of(url):
    return url.removeprefix("https://www.example.com")


def click(client, *args, **kwargs):
    return client.get(path_of(link_url(SHOP, *args, **kwargs)))


def allow(hosts):
    return override_settings(PTRACK_LINK_ALLOWED_HOSTS=hosts)


# Rendering


def test_the_url_carries_the_destination_and_the_arguments():
    url = link_url(SHOP, "newsletter", reader=7)
    assert type(url) is str
    assert json.loads(unseal(token_of(url))) == [["newsletter"], {"reader": 7, "ptrack:to": SHOP}]


def test_the_encoder_gets_the_destination_as_one_more_keyword():
    received = []

    class Encoder(ptrack.PtrackEncoder):
        authenticated = True

        @staticmethod
        def encrypt(*args, **kwargs):
            received.append((args, kwargs))
            return ptrack.PtrackEncoder.encrypt(*args, **kwargs)

    ptrack.ptrack_encoder = Encoder
    link_url("https://shop.example/é", "newsletter", reader=7)
    assert received == [(("newsletter",), {"reader": 7, "ptrack:to": "https://shop.example/%C3%A9"})]


@pytest.mark.parametrize("name", ["self", "request", "url", "ptrack:", "ptrack:to", "ptrack:x"])
def test_a_reserved_keyword_is_refused(name):
    with pytest.raises(PtrackArgumentError, match="choose another name") as caught:
        link_url(SHOP, **{name: "plaintext"})
    assert ("The destination of a link comes first" in str(caught.value)) == (name == "url")
    assert "plaintext" not in remembered(caught.value)


def test_a_pixel_may_have_a_keyword_url_and_none_that_begins_with_ours():
    assert ptrack.PtrackEncoder.decrypt(token_of(pixel_url(url="x"), "https://www.example.com/ptrack/")) == [
        [],
        {"url": "x"},
    ]
    for name in ("ptrack:to", "ptrack:"):
        with pytest.raises(PtrackArgumentError, match="choose another name"):
            pixel_url(**{name: SHOP})


def test_arguments_are_judged_as_those_of_a_pixel():
    with pytest.raises(PtrackArgumentError, match="argument 'reader' of type NoneType"):
        link_url(SHOP, reader=None)


def test_an_error_holds_neither_destination_nor_arguments():
    def fail(host):
        raise ZeroDivisionError

    for hosts, destination in (([], SHOP), (None, SHOP), (["*"], "size=42"), (fail, SHOP)):
        with allow(hosts), pytest.raises((PtrackArgumentError, ImproperlyConfigured, ZeroDivisionError)) as caught:
            link_url(destination, "plaintext")
        assert "size=42" not in remembered(caught.value)
        assert "plaintext" not in remembered(caught.value)


@pytest.mark.parametrize("bad", ["PTRACK_SECRET", "PTRACK_APP_URL", "PTRACK_LINK_ALLOWED_HOSTS"])
def test_a_missing_setting_is_an_error(bad):
    with override_settings(**{bad: None}), pytest.raises(ImproperlyConfigured, match=bad):
        link_url(SHOP)


def test_only_a_link_needs_the_hosts():
    with allow(None):
        assert pixel_url()


def test_without_the_route_the_error_says_what_to_add():
    with override_settings(ROOT_URLCONF="project.urls"):
        assert pixel_url()
        with pytest.raises(NoReverseMatch, match=r"path\('go/', include\('ptrack\.link_urls'\)\)"):
            link_url(SHOP)


def test_a_callable_app_url_gets_the_arguments_without_the_destination():
    received = []

    def app_url(*args, **kwargs):
        received.append((args, kwargs))
        return brand_url()

    with override_settings(PTRACK_APP_URL=app_url):
        assert link_url(SHOP, "newsletter", reader=7).startswith("https://one.example/base/go/")
    assert received == [(("newsletter",), {"reader": 7})]


def test_a_script_prefix_belongs_to_the_url():
    with script_prefix("/site/"):
        assert token_of(link_url(SHOP), "https://www.example.com/site/go/")


def test_a_long_url_is_warned_of_as_one_of_a_link(caplog):
    url = link_url(SHOP, "x" * 2000)
    [entry] = caplog.records
    assert (entry.name, entry.levelno) == ("ptrack", logging.WARNING)
    assert "URL of a link has" in entry.getMessage()
    assert token_of(url)[:20] not in caplog.text


# A click


def test_a_click_runs_every_link_and_no_pixel_and_then_redirects(client, clicks, opens):
    response = click(client, "newsletter", reader=7)
    assert response.status_code == 302
    assert dict(response.headers) == HEADERS
    assert response.content == b""
    assert response.cookies == {}
    assert clicks == [(SHOP, ("newsletter",), {"reader": 7})]
    assert opens == []


def test_a_pixel_runs_no_link(client, clicks, opens):
    client.get(path_of(pixel_url("newsletter")))
    assert opens == [(["newsletter"], {})]
    assert clicks == []


def test_the_answer_waits_for_every_link(client):
    done = []

    async def record(self, url):
        await asyncio.sleep(0)
        done.append(url)

    ptrack.tracker.register(link_class(record))
    click(client)
    assert done == [SHOP]


def test_a_link_may_take_the_request_before_the_destination(client):
    seen = []

    @ptrack.tracker.register
    class RequestLink(ptrack.TrackingLink):
        def record(self, request, url, *args):
            seen.append((request.headers["User-Agent"], request.META["REMOTE_ADDR"], request.ptrack, url, args))

    target = link_url(SHOP, "newsletter")
    client.get(path_of(target), headers={"User-Agent": "Mozilla/5.0"}, remote_addr="192.0.2.1")
    [(agent, remote_address, hit, url, args)] = seen
    assert (agent, remote_address, url, args) == ("Mozilla/5.0", "192.0.2.1", SHOP, ("newsletter",))
    assert hit.token == token_of(target)
    assert hit.age is not None
    # Of an image it would be a proxy's.
    assert hit.kind == "scanner"


@pytest.mark.parametrize(
    ("agent", "is_secure", "headers", "kind"),
    [
        ("GoogleImageProxy", True, {}, "unknown"),
        (CHROME, True, {}, "unknown"),
        (CHROME, False, {}, "person"),
        (
            CHROME,
            True,
            {"Sec-Fetch-Mode": "navigate"},
            "person",
        ),
    ],
)
def test_a_hit_is_judged_as_a_click(agent, is_secure, headers, kind):
    kinds = []
    ptrack.tracker.register(
        link_class(lambda self, request, url: kinds.append(request.ptrack.kind), takes_request=True)
    )
    Client().get(path_of(link_url(SHOP)), secure=is_secure, headers={"User-Agent": agent, **headers})
    assert kinds == [kind]


def test_the_id_of_a_click_is_that_of_its_link(client):
    ids = []
    ptrack.tracker.register(
        link_class(lambda self, request, url: ids.append(request.ptrack.pixel_id), takes_request=True)
    )
    one, two = link_url(SHOP), link_url(SHOP)
    for url in (one, two, one):
        client.get(path_of(url))
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize(
    "destination", ["https://shop.example", "HTTP://Shop.Example:0080?a=1&b=%zz#é", "http://a.shop.example/'<\">"]
)
def test_the_location_is_the_text_that_travelled_byte_for_byte(client, clicks, destination):
    url = link_url(destination)
    [_, kwargs] = ptrack.PtrackEncoder.decrypt(token_of(url))
    response = client.get(path_of(url))
    assert response.status_code == 302
    assert response.headers["Location"] == kwargs["ptrack:to"]
    assert clicks == [(kwargs["ptrack:to"], (), {})]


def test_the_last_slash_may_be_missing_and_the_query_is_ignored(client, clicks):
    target = path_of(link_url(SHOP, "newsletter"))
    for spelling in (target[:-1], target + "?utm_source=x&url=https://other.example/", target[:-1] + "?next=//a"):
        response = client.get(spelling)
        assert (response.status_code, response.headers["Location"]) == (302, SHOP)
    assert clicks == [(SHOP, ("newsletter",), {})] * 3


def test_head_has_the_same_answer_and_records_nothing(client, clicks):
    response = client.head(path_of(link_url(SHOP)))
    assert response.status_code == 302
    assert dict(response.headers) == HEADERS
    assert clicks == []


def test_a_failing_link_is_logged_and_stops_neither_the_redirect_nor_the_other_links(client, clicks, caplog):
    def fail(self, url):
        raise ZeroDivisionError("of the link")

    late = []
    ptrack.tracker.register(link_class(fail))
    ptrack.tracker.register(link_class(lambda self, url: late.append(url)))
    assert dict(click(client).headers) == HEADERS
    assert clicks == [(SHOP, (), {})]
    assert late == [SHOP]
    [entry] = caplog.records
    assert (entry.name, entry.levelno) == ("ptrack", logging.ERROR)
    assert entry.getMessage().startswith("Link ")
    assert "MadeLink failed" in entry.getMessage()
    assert "ZeroDivisionError: of the link" in caplog.text


# The registry


def test_links_and_pixels_share_a_registry_and_what_registers_for_a_while():
    class ALink(ptrack.TrackingLink):
        def record(self, url): ...

    class APixel(ptrack.TrackingPixel):
        def record(self): ...

    with temporarily(APixel, ALink):
        assert list(ptrack.tracker) == [APixel, ALink]
    assert list(ptrack.tracker) == []


# Bad tokens


def assert_refused(response, status, caplog, token):
    assert response.status_code == status
    assert "Location" not in response.headers
    assert response.content == b""
    allow_header = {"Allow": "GET, HEAD"} if status == 405 else {}
    assert dict(response.headers) == ERROR_HEADERS | allow_header
    # At any level, on any logger, Django's included.
    assert [entry.name for entry in caplog.records] == ["ptrack"] * len(caplog.records)
    assert [entry.levelno for entry in caplog.records if entry.levelno > logging.DEBUG] == (
        [logging.ERROR] if status == 503 else []
    )
    assert not token or token not in caplog.text
    assert not any(entry.exc_info for entry in caplog.records)


def altered(token):
    middle = len(token) // 2
    return [token[:-1], token[1:], token[:middle], token + "A", token.swapcase(), f"{token[:middle]}/{token[middle:]}"]


@pytest.fixture
def refuse(client, clicks, caplog):
    """Return a function that requests a token and expects a status, and that nothing is recorded or logged."""
    caplog.set_level(logging.DEBUG)

    def check(token, status=404, method="GET"):
        for suffix in ("", "/"):
            caplog.clear()
            assert_refused(client.send(method, f"/go/{quote(token)}{suffix}"), status, caplog, token.strip())
        assert clicks == []

    return check


@pytest.mark.parametrize(
    "junk", ["", "/", "junk", "a/b", "\n", "é", "\x00", "https://shop.example/", "A" * 16_385, "%"]
)
def test_junk_is_not_found(refuse, junk):
    refuse(junk)
    refuse(junk, method="HEAD")


def test_an_altered_token_is_not_found(refuse):
    for token in altered(token_of(link_url(SHOP))):
        refuse(token)


def test_the_token_of_a_pixel_is_not_found_whatever_its_arguments(refuse):
    for kwargs in ({}, {"url": SHOP}, {"to": SHOP}, {"ptrack": SHOP}, {"next": SHOP}):
        refuse(token_of(pixel_url(SHOP, **kwargs), "https://www.example.com/ptrack/"))


def test_the_token_of_a_link_is_a_bad_one_on_the_route_of_pixels(clicks, opens, caplog):
    caplog.set_level(logging.DEBUG)
    token = token_of(link_url(SHOP))
    with override_settings(ROOT_URLCONF="project.urls"):
        drivers = [make() for make in DRIVERS.values()]
    for driver in drivers:
        for method in ("GET", "HEAD"):
            response = driver.send(method, f"/ptrack/{token}/")
            good = driver.send(method, path_of(pixel_url()))
            assert (response.status_code, response.content) == (200, GIF if method == "GET" else b"")
            assert dict(response.headers) == dict(good.headers)
    assert clicks == []
    # Those of the good tokens alone.
    assert opens == [([], {})] * len(drivers)


@pytest.mark.parametrize(
    "value", [None, "", 5, True, [SHOP], {"url": SHOP}, "/path", "//shop.example/", "shop.example"]
)
def test_another_value_than_a_destination_is_a_bad_token(refuse, value):
    refuse(seal_json([[], {"ptrack:to": value}]))


@pytest.mark.parametrize("payload", [None, [], {}, SHOP, [[SHOP]], {"ptrack:to": SHOP}, [{"ptrack:to": SHOP}, []]])
def test_another_shape_is_a_bad_token(refuse, payload):
    refuse(seal_json(payload))


@pytest.mark.parametrize(
    "destination",
    [
        "https://other.example/",
        "javascript:alert(1)",
        "https://shop.example\\@other.example/",
        "https://shop.example/é",
    ],
)
def test_what_no_tag_would_render_is_a_bad_token_even_under_the_right_key(refuse, destination):
    refuse(seal_json([[], {"ptrack:to": destination}]))


def test_taking_a_host_out_stops_its_links(refuse, client):
    url = link_url(SHOP)
    for hosts in ([], ["other.example"], lambda host: False):
        with allow(hosts):
            refuse(token_of(url))
    assert client.head(path_of(url)).status_code == 302


@pytest.mark.parametrize(("length", "decoded"), [(16_384, True), (16_385, False)])
def test_a_token_of_over_16384_characters_is_not_even_decoded(client, length, decoded):
    read = []

    class LongEncoder:
        authenticated = True

        @staticmethod
        def decrypt(text):
            read.append(len(text))
            return [[], {"ptrack:to": SHOP}]

    ptrack.ptrack_encoder = LongEncoder
    assert client.get(f"/go/{'A' * length}/").status_code == (302 if decoded else 404)
    assert read == [length] * decoded


@pytest.mark.parametrize("exception", [ValueError, KeyError, RecursionError, asyncio.CancelledError])
def test_any_exception_of_a_custom_encoder_is_a_bad_token(refuse, exception):
    class RaisingEncoder:
        authenticated = True

        @staticmethod
        def decrypt(text):
            raise exception(text)

    ptrack.ptrack_encoder = RaisingEncoder
    refuse("my-token")


# Faults of the site


@pytest.mark.parametrize(
    "bad",
    [
        {"PTRACK_SECRET": None},
        {"PTRACK_SECRET": "a" * 33},
        {"PTRACK_SECRET_FALLBACKS": "aaa"},
        {"PTRACK_LINK_ALLOWED_HOSTS": None},
        {"PTRACK_LINK_ALLOWED_HOSTS": "*"},
        {"PTRACK_LINK_ALLOWED_HOSTS": {"shop.example"}},
        {"PTRACK_LINK_ALLOWED_HOSTS": [5]},
        {"PTRACK_LINK_ALLOWED_HOSTS": lambda host: "yes"},
    ],
)
def test_with_a_bad_setting_a_link_is_unavailable_and_the_fault_is_logged(refuse, caplog, bad):
    token = token_of(link_url(SHOP))
    with override_settings(**bad):
        refuse(token, 503)
        refuse(token, 503, method="HEAD")
        assert f"ImproperlyConfigured: {next(iter(bad))}" in caplog.text


def answer_later(host):
    return asyncio.sleep(0, True)


def test_a_coroutine_says_nothing_of_a_host(refuse, caplog):
    token = token_of(link_url(SHOP))
    with allow(answer_later):
        refuse(token, 503)
        assert "answered with the type coroutine" in caplog.text


@pytest.mark.parametrize("exception", [ZeroDivisionError, asyncio.CancelledError])
def test_a_callable_that_raises_is_logged_by_the_type_of_its_exception(refuse, caplog, exception):
    token = token_of(link_url(SHOP))

    def fail(host):
        raise exception(f"{host} {token}")

    with allow(fail):
        refuse(token, 503)
        assert exception.__name__ in caplog.text
        with pytest.raises(exception):
            link_url(SHOP)


def test_a_callable_may_stop_the_process(client):
    def stop(host):
        raise KeyboardInterrupt

    url = link_url(SHOP)
    with allow(stop), pytest.raises(KeyboardInterrupt):
        DRIVERS["WSGI"]().get(path_of(url))


# Other methods


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@override_settings(MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"])
def test_other_methods_are_not_allowed(refuse, method):
    refuse(token_of(link_url(SHOP)), 405, method=method)
    refuse("junk", 405, method=method)


# Encoders


class SigningEncoder:
    """Django's own signing. Its tokens can be read by anybody, and forged by nobody."""

    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return signing.dumps([args, kwargs])

    @staticmethod
    def decrypt(token):
        return signing.loads(token)


class JoiningEncoder:
    """Signs its text, and forgets that an argument may hold what separates the arguments."""

    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return signing.Signer().sign("&".join([*args, *(f"{name}={value}" for name, value in kwargs.items())]))

    @staticmethod
    def decrypt(token):
        parts = signing.Signer().unsign(token).split("&")
        named = [part.split("=", 1) for part in parts if "=" in part]
        # The first of a name counts.
        return [[part for part in parts if "=" not in part], dict(reversed(named))]


class LyingEncoder(SigningEncoder):
    """Leads somewhere else than it was told."""

    authenticated = True

    @staticmethod
    def decrypt(token):
        args, kwargs = SigningEncoder.decrypt(token)
        return [args, {**kwargs, "ptrack:to": "https://shop.example/elsewhere"}]


class SilentSubclass(ptrack.PtrackEncoder):
    """What it does with tokens nobody knows: it may override everything."""


class InheritingEncoder(SigningEncoder):
    """Inherits a promise that its own methods may break."""


class AlmostEncoder(SigningEncoder):
    authenticated = 1


class DecliningEncoder(SigningEncoder):
    authenticated = False


class DeclaredSubclass(ptrack.PtrackEncoder):
    authenticated = True


def test_an_encoder_that_signs_works(client, clicks):
    ptrack.ptrack_encoder = SigningEncoder
    response = click(client, "newsletter", reader="a:b&c=d\n")
    assert (response.status_code, response.headers["Location"]) == (302, SHOP)
    assert clicks == [(SHOP, ("newsletter",), {"reader": "a:b&c=d\n"})]


def test_what_a_signing_encoder_did_not_sign_is_a_bad_token(refuse):
    ptrack.ptrack_encoder = SigningEncoder
    for token in altered(token_of(link_url(SHOP))):
        refuse(token)


def test_a_subclass_of_the_default_encoder_may_declare_itself(client, clicks):
    ptrack.ptrack_encoder = DeclaredSubclass
    assert click(client).status_code == 302
    assert clicks == [(SHOP, (), {})]


@pytest.mark.parametrize(
    "encoder",
    [SilentSubclass, InheritingEncoder, AlmostEncoder, DecliningEncoder, SigningEncoder(), ptrack.PtrackEncoder()],
)
def test_an_encoder_that_does_not_declare_itself_renders_no_link_and_follows_none(refuse, caplog, encoder):
    ptrack.ptrack_encoder = encoder
    with pytest.raises(ImproperlyConfigured, match=r"authenticated = True into its class body"):
        link_url(SHOP)
    # The pixel needs no such promise.
    assert pixel_url("x")
    refuse(encoder.encrypt(**{"ptrack:to": SHOP}), 503)
    assert "does not say that its tokens are authenticated" in caplog.text


def test_an_encoder_that_does_not_escape_is_caught_at_rendering():
    ptrack.ptrack_encoder = JoiningEncoder
    for render in (pixel_url, partial(link_url, "https://shop.example/")):
        assert render(reader="ada=lovelace")
        with pytest.raises(PtrackError, match=r"JoiningEncoder.* another destination .* escape") as caught:
            render(reader="ada&ptrack:to=https://shop.example/forged")
        assert "forged" not in remembered(caught.value)


def test_an_encoder_that_leads_elsewhere_is_caught_at_rendering():
    ptrack.ptrack_encoder = LyingEncoder
    for render in (lambda: link_url(SHOP, "plaintext"), lambda: pixel_url("plaintext")):
        with pytest.raises(PtrackError, match=r"LyingEncoder.* another destination") as caught:
            render()
        assert "plaintext" not in remembered(caught.value)


@pytest.mark.parametrize("result", [None, [], [[], None], [[], []], ["x"], 5])
def test_an_encoder_that_cannot_read_its_own_token_is_caught_at_rendering(result):
    class MisshapenEncoder(SigningEncoder):
        authenticated = True

        @staticmethod
        def decrypt(token):
            return result

    ptrack.ptrack_encoder = MisshapenEncoder
    for render in (lambda: link_url(SHOP), pixel_url):
        with pytest.raises(PtrackError, match="cannot read its own token"):
            render()


def test_a_token_of_an_undeclared_encoder_is_not_read_back():
    class OneWayEncoder:
        @staticmethod
        def encrypt(*args, **kwargs):
            return "token"

    ptrack.ptrack_encoder = OneWayEncoder
    assert pixel_url() == "https://www.example.com/ptrack/token/"


# Around the view


@override_settings(
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)
def test_links_stay_public_and_set_no_cookie_behind_djangos_middleware(client, clicks, caplog):
    caplog.set_level(logging.DEBUG)
    response = click(client)
    assert response.status_code == 302
    assert HEADERS.items() <= dict(response.headers).items()
    assert response.cookies == {}
    assert clicks == [(SHOP, (), {})]
    target = path_of(link_url(SHOP))[:-1]
    assert client.get(target).headers["Location"] == SHOP
    for bad, status in ((f"{target}x", 404), (f"{target}x/", 404)):
        assert client.get(bad).status_code == status
    assert client.send("POST", target).status_code == 405
    assert {entry.name for entry in caplog.records} == {"ptrack"}
    assert target[4:] not in caplog.text


@override_settings(
    MIDDLEWARE=["django.middleware.locale.LocaleMiddleware", "django.middleware.common.CommonMiddleware"]
)
def test_a_bad_link_is_not_found_where_pages_below_a_language_take_every_path(client, clicks, caplog):
    caplog.set_level(logging.DEBUG)
    pages = i18n_patterns(re_path(r"^(?P<path>.*)/\Z", lambda request, path: HttpResponse()))
    target = path_of(link_url(SHOP))
    with override_settings(ROOT_URLCONF=UrlConf(*WITH_LINKS["ROOT_URLCONF"].urlpatterns, *pages)):
        # Where the path is nobody's, the middleware does redirect.
        assert client.get(f"/nothing{target}").headers["Location"] == f"/en/nothing{target}"
        caplog.clear()
        with allow([]):
            for spelling in (target, target[:-1]):
                assert dict(client.get(spelling).headers).items() >= ERROR_HEADERS.items()
                assert client.get(spelling).status_code == 404
        assert client.get(target).headers["Location"] == SHOP
    assert target[4:-1] not in caplog.text
    assert clicks == [(SHOP, (), {})]


def test_the_route_may_have_another_prefix(clicks):
    urls = UrlConf(path("read/more/", include("ptrack.link_urls")))
    with override_settings(ROOT_URLCONF=urls):
        url = link_url(SHOP)
        assert url.startswith("https://www.example.com/read/more/")
        assert DRIVERS["WSGI"]().get(path_of(url)).headers["Location"] == SHOP


def test_the_fast_path_serves_no_links(clicks):
    response = click(DRIVERS["fast path"]())
    # By Django behind it.
    assert response.headers["Location"] == SHOP
    assert clicks == [(SHOP, (), {})]


@pytest.mark.parametrize("host", ["www.example.com", "testserver"])
def test_a_link_works_on_every_host_that_the_site_answers(client, clicks, host):
    response = client.get(path_of(link_url(SHOP)), headers={"Host": host})
    assert response.headers["Location"] == SHOP
    assert clicks == [(SHOP, (), {})]
