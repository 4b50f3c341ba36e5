from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context
from unittest.mock import Mock

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import (
    NoReverseMatch,
    clear_script_prefix,
    clear_url_caches,
    get_resolver,
    include,
    path,
    re_path,
    reverse,
    set_script_prefix,
    set_urlconf,
)
from django.utils.translation import gettext_lazy, override

import ptrack
from ptrack import address, pixel_url
from ptrack.routes import find_token

from support import UrlConf, remembered, script_prefix

PREFIX = "https://www.example.com/ptrack/"

OTHER = UrlConf(path("other/", include("ptrack.urls")))

remembers = pytest.mark.skipif(not address.WATCHED, reason="This asgiref changes contexts in place.")

thing = ContextVar("thing")


def test_the_address_follows_the_url_caches_and_the_urlconf_setting():
    urlconf = UrlConf(path("one/", include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf):
        assert "/one/" in pixel_url()
        urlconf.urlpatterns[:] = [path("two/", include("ptrack.urls"))]
        clear_url_caches()
        assert "/two/" in pixel_url()
    assert pixel_url().startswith(PREFIX)


def test_the_address_follows_the_urlconf_of_the_thread():
    assert pixel_url().startswith(PREFIX)
    set_urlconf(OTHER)
    try:
        assert "/other/" in pixel_url()
    finally:
        set_urlconf(None)
    assert pixel_url().startswith(PREFIX)


def test_the_address_follows_the_script_prefix():
    assert pixel_url().startswith(PREFIX)
    with script_prefix("/mounted/"):
        assert pixel_url().startswith("https://www.example.com/mounted/ptrack/")
        clear_script_prefix()
        assert pixel_url().startswith(PREFIX)
    assert pixel_url().startswith(PREFIX)


@pytest.mark.parametrize(
    ("urlconf", "english", "german"),
    [
        (UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls")))), "/en/ptrack/", "/de/ptrack/"),
        (UrlConf(path(gettext_lazy("Yes") + "/", include("ptrack.urls"))), "/Yes/", "/Yes/"),
        (UrlConf(path(gettext_lazy("Sunday"), include("ptrack.urls"))), "/Sunday", "/Sonntag"),
        (UrlConf(re_path(gettext_lazy("Sunday"), include("ptrack.urls"))), "/Sunday", "/Sonntag"),
        (UrlConf(path("ptrack/", include("ptrack.urls"))), "/ptrack/", "/ptrack/"),
    ],
)
def test_the_address_follows_the_language(urlconf, english, german):
    with override_settings(ROOT_URLCONF=urlconf):
        for _ in range(2):
            for language, start in (("en", english), ("de", german)):
                with override(language):
                    assert pixel_url().startswith(f"https://www.example.com{start}"), language


def test_the_language_is_asked_for_only_where_a_route_depends_on_it(monkeypatch):
    asked = []
    monkeypatch.setattr(address, "get_language", lambda: asked.append(1) or "en")
    pixel_url()
    assert asked == []
    translated = UrlConf(*i18n_patterns(path("other/", include("ptrack.urls"))))
    with override_settings(ROOT_URLCONF=translated):
        pixel_url()
    assert asked == [1]


def test_translated_routes_of_others_do_not_matter(monkeypatch):
    monkeypatch.setattr(address, "get_language", lambda: pytest.fail("was asked"))
    other = path("other/", lambda request: None, name="other")
    with override_settings(ROOT_URLCONF=UrlConf(*i18n_patterns(other), path("p/", include("ptrack.urls")))):
        assert "/p/" in pixel_url()


def test_the_address_is_worked_out_once(monkeypatch):
    pixel_url()
    monkeypatch.setattr(address, "reverse", lambda *args, **kwargs: pytest.fail("worked out again"))
    pixel_url()


@remembers
@pytest.mark.parametrize(("urlconf", "start"), [(None, "/ptrack/"), (OTHER, "/other/")])
def test_django_is_not_asked_again(monkeypatch, urlconf, start):
    set_urlconf(urlconf)
    pixel_url()
    for name in ("get_urlconf", "get_script_prefix"):
        monkeypatch.setattr(address, name, Mock(side_effect=AssertionError))
    thing.set(object())
    assert pixel_url().startswith(f"https://www.example.com{start}")


@pytest.mark.parametrize("watched", [address.WATCHED, None])
def test_contexts_and_threads_have_addresses_of_their_own(monkeypatch, watched):
    monkeypatch.setattr(address, "WATCHED", watched)
    found = set()

    def start(urlconf, prefix):
        set_urlconf(urlconf)
        set_script_prefix(prefix)

    def find():
        # How contexts and threads share these is for asgiref to say, and its versions differ.
        path = reverse("ptrack", args=["token"]).removesuffix("token/")
        found.add(path)
        for _ in range(3):
            assert pixel_url().startswith(f"https://www.example.com{path}")

    async def find_in_turns(urlconf, prefix):
        start(urlconf, prefix)
        for _ in range(3):
            find()
            await asyncio.sleep(0)

    async def gather():
        await asyncio.gather(find_in_turns(None, "/one/"), find_in_turns(OTHER, "/two/"), find_in_turns(None, "/"))

    find()
    asyncio.run(gather())
    with script_prefix("/here/"), ThreadPoolExecutor(1) as thread:
        find()
        thread.submit(find).result()
        thread.submit(start, None, "/there/").result()
        find()
        thread.submit(find).result()
        thread.submit(copy_context().run, find).result()
        thread.submit(find).result()
    find()
    assert found >= {"/ptrack/", "/here/ptrack/", "/there/ptrack/"}


def test_what_else_the_context_holds_is_not_looked_at():
    compare = Mock(return_value=True)
    lazy_class = type("Lazy", (), {"__eq__": compare})

    def find_twice():
        for _ in range(2):
            thing.set(lazy_class())
            assert pixel_url().startswith(PREFIX)

    Context().run(find_twice)
    compare.assert_not_called()


@pytest.mark.parametrize(("urlconf", "start"), [(None, "/ptrack/"), (OTHER, "/other/")])
def test_what_else_the_context_holds_is_let_go(urlconf, start):
    class Thing:
        pass

    def work():
        thing.set(Thing())
        set_urlconf(urlconf)
        assert start in pixel_url()
        return weakref.ref(thing.get())

    held = Context().run(work)
    gc.collect()
    assert held() is None


def test_resolvers_that_django_has_forgotten_are_let_go():
    with override_settings(ROOT_URLCONF=OTHER):
        pixel_url()
        resolver = weakref.ref(get_resolver())
        assert find_token("/other/x/") == "x"
    pixel_url()
    assert find_token("/ptrack/x/") == "x"
    gc.collect()
    assert resolver() is None


def test_script_prefixes_are_not_remembered_without_end(monkeypatch):
    monkeypatch.setattr(address, "MAX_ADDRESSES", 3)
    for number in range(10):
        with script_prefix(f"/{number}/"):
            assert f"/{number}/ptrack/" in pixel_url()
    assert len(address._routes_of(get_resolver()).addresses) <= 3


def test_a_prefix_that_looks_like_the_token_is_no_problem():
    with override_settings(ROOT_URLCONF=UrlConf(path("token/", include("ptrack.urls")))):
        url = pixel_url()
    token = url.removeprefix("https://www.example.com/token/").removesuffix("/")
    assert ptrack.PtrackEncoder.decrypt(token) == [[], {}]


@pytest.mark.parametrize(
    "urlconf",
    [
        UrlConf(),
        UrlConf(path("ptrack/", include(("ptrack.urls", "inside"), namespace="inside"))),
        UrlConf(path("<slug:tenant>/", include("ptrack.urls"))),
        UrlConf(path("10%b/", include("ptrack.urls"))),
    ],
)
def test_a_missing_route_is_named_with_the_line_to_add(urlconf):
    with override_settings(ROOT_URLCONF=urlconf), pytest.raises(NoReverseMatch) as caught:
        pixel_url("plaintext")
    assert str(caught.value) == (
        "ptrack cannot build the address of a pixel: the URLconf has no URL named 'ptrack', or one that needs "
        "more arguments or has a per cent sign. Add path('ptrack/', include('ptrack.urls')) to it, outside any "
        "namespace."
    )
    assert caught.value.__context__ is None
    assert "plaintext" not in remembered(caught.value)
