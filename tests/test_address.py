from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, ContextVar, copy_context

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import (
    NoReverseMatch,
    clear_script_prefix,
    clear_url_caches,
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

from support import UrlConf, remembered, script_prefix

PREFIX = "https://www.example.com/ptrack/"

OTHER = UrlConf(path("other/", include("ptrack.urls")))

remembers = pytest.mark.skipif(not address._WATCHED, reason="This asgiref changes contexts in place.")

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
    monkeypatch.setattr(address.translation, "get_language", lambda: asked.append(1) or "en")
    pixel_url()
    assert asked == []
    translated = UrlConf(*i18n_patterns(path("other/", include("ptrack.urls"))))
    with override_settings(ROOT_URLCONF=translated):
        pixel_url()
    assert asked == [1]


def test_translated_routes_of_others_do_not_matter(monkeypatch):
    monkeypatch.setattr(address.translation, "get_language", lambda: pytest.fail("was asked"))
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
        monkeypatch.setattr(address, name, lambda: pytest.fail("was asked"))
    thing.set(object())
    assert pixel_url().startswith(f"https://www.example.com{start}")


@pytest.mark.parametrize("watched", [address._WATCHED, None])
def test_contexts_and_threads_have_addresses_of_their_own(monkeypatch, watched):
    monkeypatch.setattr(address, "_WATCHED", watched)
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
    class Lazy:
        def __eq__(self, other):
            pytest.fail("was compared")

    def find_twice():
        for _ in range(2):
            thing.set(Lazy())
            assert pixel_url().startswith(PREFIX)

    Context().run(find_twice)


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


class LocalInPlace:
    """What asgiref's ``Local`` once was: to change a value is not to change the context."""


class LocalLeavingBehind:
    """What asgiref's ``Local`` was in one version: a value that is deleted stays in the context."""

    def __setattr__(self, name, value):
        thing.set(value)

    def __delattr__(self, name):
        pass


@pytest.mark.parametrize("local", [LocalInPlace, LocalLeavingBehind])
def test_contexts_that_do_not_tell_are_found_out(monkeypatch, local):
    monkeypatch.setattr(address, "Local", local)
    for name in ("set_urlconf", "set_script_prefix", "clear_script_prefix"):
        monkeypatch.setattr(address, name, lambda *args: pytest.fail("was touched"))
    assert Context().run(address._find_watched) is None


@remembers
@pytest.mark.parametrize("name", ["set_urlconf", "set_script_prefix"])
def test_values_that_django_keeps_elsewhere_are_found_out(monkeypatch, name):
    monkeypatch.setattr(address, name, lambda value: None)
    assert Context().run(address._find_watched) is None


def test_nothing_is_changed_by_finding_out():
    with script_prefix("/mounted/"):
        set_urlconf(OTHER)
        Context().run(address._find_watched)
        assert "/mounted/other/" in pixel_url()


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
