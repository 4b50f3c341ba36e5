from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import engines
from django.test import override_settings
from django.urls import include, path
from django.utils.safestring import SafeString, mark_safe

import ptrack
from ptrack import pixel_img, pixel_url
from ptrack.exceptions import PtrackArgumentError, PtrackError

from support import UrlConf, brand_url, remembered, script_prefix

PREFIX = "https://www.example.com/ptrack/"


def token_of(url, prefix=PREFIX):
    assert url.startswith(prefix)
    assert url.endswith("/")
    return url.removeprefix(prefix).removesuffix("/")


def encoder_returning(token):
    return type("MyEncoder", (), {"encrypt": staticmethod(lambda *args, **kwargs: token)})


# pixel_url


def test_the_url_carries_the_arguments():
    url = pixel_url("welcome", user=7)
    assert ptrack.PtrackEncoder.decrypt(token_of(url)) == [["welcome"], {"user": 7}]


def test_the_url_is_a_plain_str():
    assert type(pixel_url()) is str


def test_a_url_may_carry_no_arguments():
    assert ptrack.PtrackEncoder.decrypt(token_of(pixel_url())) == [[], {}]


@pytest.mark.parametrize(
    ("app_url", "prefix"),
    [
        ("https://www.example.com/", PREFIX),
        ("https://www.example.com/base", "https://www.example.com/base/ptrack/"),
        ("https://www.example.com/base/", "https://www.example.com/base/ptrack/"),
        ("http://localhost:8000", "http://localhost:8000/ptrack/"),
    ],
)
def test_the_url_begins_with_the_app_url(app_url, prefix):
    with override_settings(PTRACK_APP_URL=app_url):
        assert ptrack.PtrackEncoder.decrypt(token_of(pixel_url("x"), prefix)) == [["x"], {}]


@pytest.mark.parametrize(
    ("app_url", "script_name", "start"),
    [
        ("https://www.example.com", "/shop/", "https://www.example.com/shop/ptrack/"),
        ("https://www.example.com/shop/", "/shop/", "https://www.example.com/shop/ptrack/"),
        ("https://www.example.com/proxy/shop", "/shop/", "https://www.example.com/proxy/shop/ptrack/"),
        ("https://www.example.com/workshop", "/shop/", "https://www.example.com/workshop/shop/ptrack/"),
        ("https://www.example.com/shop/x", "/shop/", "https://www.example.com/shop/x/shop/ptrack/"),
        ("http://shop", "/shop/", "http://shop/shop/ptrack/"),
        ("https://www.example.com/caf%C3%A9", "/café/", "https://www.example.com/caf%C3%A9/ptrack/"),
        ("https://www.example.com/café", "/café/", "https://www.example.com/café/ptrack/"),
        ("https://www.example.com", "//shop/", "https://www.example.com/%2Fshop/ptrack/"),
    ],
)
def test_a_script_prefix_that_the_app_url_ends_in_is_not_doubled(app_url, script_name, start):
    with override_settings(PTRACK_APP_URL=app_url), script_prefix(script_name):
        assert token_of(pixel_url(), start)
        assert pixel_img().startswith(f'<img src="{start}')


@pytest.mark.parametrize("bad", [{"PTRACK_APP_URL": None}, {"PTRACK_SECRET": None}, {"PTRACK_SECRET_FALLBACKS": "a"}])
def test_a_bad_setting_is_an_error(bad):
    with override_settings(**bad), pytest.raises(ImproperlyConfigured, match=next(iter(bad))) as caught:
        pixel_img("plaintext")
    assert "plaintext" not in remembered(caught.value)


@pytest.mark.parametrize("name", ["self", "request"])
@pytest.mark.parametrize("encoder", [ptrack.PtrackEncoder, encoder_returning("token")])
def test_a_keyword_that_record_could_not_receive_is_refused(name, encoder):
    ptrack.ptrack_encoder = encoder
    with pytest.raises(PtrackArgumentError) as caught:
        pixel_url(**{name: "plaintext"})
    assert "choose another name" in str(caught.value)
    assert "plaintext" not in remembered(caught.value)


def test_the_error_of_a_bad_argument_holds_no_argument():
    for build in (pixel_url, pixel_img):
        with pytest.raises(PtrackArgumentError) as caught:
            build("plaintext", user="ada@example.com", bad=None)
        assert "plaintext" not in remembered(caught.value)
        assert "ada@example.com" not in remembered(caught.value)


@pytest.mark.parametrize("length", [2000, 2001])
def test_a_url_of_over_2000_characters_is_warned_of(caplog, length):
    fixed = len("https://www.example.com/ptrack//")
    ptrack.ptrack_encoder = encoder_returning("t" * (length - fixed))
    assert len(pixel_url()) == length
    warnings = [(record.name, record.levelno) for record in caplog.records if "2001 char" in record.getMessage()]
    assert warnings == ([("ptrack", logging.WARNING)] if length > 2000 else [])


def test_the_warning_does_not_hold_the_token(caplog):
    url = pixel_url("x" * 3000)
    assert len(caplog.records) == 1
    assert token_of(url)[:20] not in caplog.text


# A custom encoder


def test_a_custom_encoder_receives_the_arguments_as_they_are():
    received = []

    class MyEncoder:
        @staticmethod
        def encrypt(*args, **kwargs):
            received.append((args, kwargs))
            return "my-token"

    ptrack.ptrack_encoder = MyEncoder
    anything = object()
    assert pixel_url(None, anything, key=[1.5]) == PREFIX + "my-token/"
    assert received == [((None, anything), {"key": [1.5]})]


@pytest.mark.parametrize("build", [pixel_url, pixel_img])
def test_a_chain_of_exceptions_of_a_custom_encoder_holds_no_argument(build):
    def lose(arguments):
        raise LookupError

    class MyEncoder:
        @staticmethod
        def encrypt(*args):
            try:
                lose(args)
            except LookupError as error:
                raise RuntimeError("not today") from error

    def build_again(mine):
        try:
            raise KeyError
        except KeyError:
            build("plaintext")

    ptrack.ptrack_encoder = MyEncoder
    with pytest.raises(RuntimeError, match="not today") as caught:
        build_again("kept")
    assert "plaintext" not in remembered(caught.value, caught.value.__context__)
    handled = caught.value.__context__.__context__
    assert type(handled) is KeyError
    # It belongs to the caller.
    assert "kept" in remembered(handled)


@pytest.mark.parametrize("build", [pixel_url, pixel_img])
def test_a_token_that_no_url_can_hold_is_refused_without_being_shown(build):
    ptrack.ptrack_encoder = encoder_returning("plaintext\ud800")
    with pytest.raises(PtrackError, match=r"MyEncoder.* returned a character that UTF-8") as caught:
        build()
    assert "plaintext" not in remembered(caught.value)


@pytest.mark.parametrize("exception", [LookupError, KeyboardInterrupt])
@pytest.mark.parametrize("build", [pixel_url, pixel_img])
def test_an_exception_of_a_custom_encoder_holds_no_argument(build, exception):
    class MyEncoder:
        @staticmethod
        def encrypt(*args, **kwargs):
            raise exception("not today")

    ptrack.ptrack_encoder = MyEncoder
    with pytest.raises(exception, match="not today") as caught:
        build("plaintext", user="ada@example.com")
    assert "plaintext" not in remembered(caught.value)
    assert "ada@example.com" not in remembered(caught.value)


@pytest.mark.parametrize(
    ("token", "quoted"),
    [
        ("a/b", "a/b"),
        ("a b?c#d%e", "a%20b%3Fc%23d%25e"),
        ("é", "%C3%A9"),
        ("<\"'&>", "%3C%22%27%26%3E"),
        (mark_safe('"><script>'), "%22%3E%3Cscript%3E"),
        ("-._~!$()*+,;=:@", "-._~!$()*+,;=%3A@"),
        ("a./..b/...", "a./..b/..."),
        (b"bytes", "bytes"),
        ("", ""),
    ],
)
def test_the_token_of_a_custom_encoder_is_quoted(token, quoted):
    ptrack.ptrack_encoder = encoder_returning(token)
    assert pixel_url() == f"{PREFIX}{quoted}/"
    assert pixel_img() == f'<img src="{PREFIX}{quoted}/" width=1 height=1 alt="">'


@pytest.mark.parametrize("token", [".", "..", "a/../b", "./a", "a/.", b"a/.."])
def test_a_token_with_a_segment_that_clients_remove_is_refused(token):
    ptrack.ptrack_encoder = encoder_returning(token)
    with pytest.raises(PtrackError, match=r"a segment '\.'"):
        pixel_url()


@pytest.mark.parametrize(
    ("token", "kind"), [(None, "NoneType"), (5, "int"), ([], "list"), (b"\xff", "bytes outside ASCII")]
)
def test_a_custom_encoder_that_returns_another_type_is_named(token, kind):
    ptrack.ptrack_encoder = encoder_returning(token)
    with pytest.raises(PtrackError) as caught:
        pixel_url()
    assert f"returned {kind}: " in str(caught.value)
    assert "MyEncoder" in str(caught.value)


# pixel_img


def test_the_img_is_the_line_of_the_specification_with_an_empty_alt():
    ptrack.ptrack_encoder = encoder_returning("t")
    assert pixel_img() == '<img src="https://www.example.com/ptrack/t/" width=1 height=1 alt="">'
    assert isinstance(pixel_img(), SafeString)


def test_the_img_escapes_the_url_around_the_token():
    ptrack.ptrack_encoder = encoder_returning("t")
    with override_settings(PTRACK_APP_URL="https://x/'\"><&", ROOT_URLCONF=UrlConf(path("&/", include("ptrack.urls")))):
        assert pixel_img() == ('<img src="https://x/&#x27;&quot;&gt;&lt;&amp;/&amp;/t/" width=1 height=1 alt="">')
        assert pixel_url() == "https://x/'\"><&/&/t/"


def test_jinja2_needs_only_a_global():
    img = engines["jinja2"].from_string("{{ ptrack('welcome', user=user) }}").render({"user": 7})
    url = img.removeprefix('<img src="').removesuffix('" width=1 height=1 alt="">')
    assert ptrack.PtrackEncoder.decrypt(token_of(url)) == [["welcome"], {"user": 7}]


# PTRACK_APP_URL as a callable


@pytest.mark.parametrize("app_url", [brand_url, "support.brand_url"])
def test_a_callable_app_url_is_asked_for_each_tag_with_its_arguments(app_url):
    with override_settings(PTRACK_APP_URL=app_url):
        for brand in ("one", "two", "one"):
            assert pixel_url("welcome", brand=brand).startswith(f"https://{brand}.example/base/ptrack/")
            assert f'src="https://{brand}.example/base/ptrack/' in pixel_img("welcome", brand=brand)


def test_two_brands_in_one_process_get_their_own_urls_in_every_thread():
    def render(number):
        brand = ("one", "two")[number % 2]
        return brand, str(pixel_img(number, brand=brand))

    with override_settings(PTRACK_APP_URL=brand_url), ThreadPoolExecutor(8) as threads:
        images = list(threads.map(render, range(400)))
    assert [f'<img src="https://{brand}.example/base/ptrack/' in image for brand, image in images] == [True] * 400


@pytest.mark.parametrize(
    ("result", "fault"),
    [
        (None, "not set"),
        ("", "empty"),
        (5, "of type int"),
        (b"https://www.example.com", "of type bytes"),
        ("www.example.com", "without '://'"),
    ],
)
def test_what_a_callable_app_url_returns_is_judged_like_the_setting(result, fault):
    with override_settings(PTRACK_APP_URL=lambda *args: result), pytest.raises(ImproperlyConfigured) as caught:
        pixel_url()
    assert f"is {fault}: let it return" in str(caught.value)


def test_a_coroutine_is_no_app_url():
    with (
        override_settings(PTRACK_APP_URL=lambda: asyncio.sleep(0)),
        pytest.raises(ImproperlyConfigured, match=r"the callable .* is of type coroutine"),
    ):
        pixel_url()


def test_what_a_callable_app_url_raises_comes_out_without_the_arguments():
    def fail(*args):
        raise LookupError("no such tenant")

    with override_settings(PTRACK_APP_URL=fail), pytest.raises(LookupError, match="no such tenant") as caught:
        pixel_url("plaintext")
    assert "plaintext" not in remembered(caught.value)


@pytest.mark.parametrize(
    "path", ["no.such.module", "www.example.com", "project.settings.MISSING", "project.settings.USE_TZ"]
)
def test_a_path_that_leads_to_no_callable_is_an_error_that_names_both_cures(path):
    with override_settings(PTRACK_APP_URL=path), pytest.raises(ImproperlyConfigured) as caught:
        pixel_url()
    message = str(caught.value)
    assert path in message
    assert "https://www.example.com" in message
    assert "dotted path" in message
