from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

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
from ptrack import pixel_url
from ptrack.testing import open_mail

from support import UrlConf, remembered, script_prefix

PREFIX = "https://www.example.com/ptrack/"

OTHER = UrlConf(path("other/", include("ptrack.urls")))


def test_the_url_follows_the_setting_root_urlconf_and_the_url_caches():
    urlconf = UrlConf(path("one/", include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf):
        assert "/one/" in pixel_url()
        urlconf.urlpatterns[:] = [path("two/", include("ptrack.urls"))]
        clear_url_caches()
        assert "/two/" in pixel_url()
    assert pixel_url().startswith(PREFIX)


def test_the_url_follows_the_urlconf_of_the_thread():
    assert pixel_url().startswith(PREFIX)
    set_urlconf(OTHER)
    assert "/other/" in pixel_url()
    set_urlconf(None)
    assert pixel_url().startswith(PREFIX)


def test_of_two_prefixes_the_last_is_rendered_and_both_are_answered(opens):
    urlconf = UrlConf(path("old/", include("ptrack.urls")), path("new/", include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf):
        image = ptrack.pixel_img("x")
        assert "/new/" in image
        open_mail(image + image.replace("/new/", "/old/"))
    assert opens == [(["x"], {})] * 2


def test_the_url_follows_the_script_prefix():
    assert pixel_url().startswith(PREFIX)
    with script_prefix("/below/"):
        assert pixel_url().startswith("https://www.example.com/below/ptrack/")
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
def test_the_url_follows_the_language(urlconf, english, german):
    with override_settings(ROOT_URLCONF=urlconf):
        for _ in range(2):
            for language, start in (("en", english), ("de", german)):
                with override(language):
                    assert pixel_url().startswith(f"https://www.example.com{start}"), language


def test_contexts_and_threads_have_urls_of_their_own():
    found = set()

    def start(urlconf, prefix):
        set_urlconf(urlconf)
        set_script_prefix(prefix)

    def find():
        # asgiref decides how contexts and threads share these, and its versions differ.
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


def test_script_prefixes_and_urlconfs_are_not_kept_for_ever():
    with override_settings(ROOT_URLCONF=OTHER):
        pixel_url()
        resolver = weakref.ref(get_resolver())
    # A server that takes the prefix from a header may be told a new one each time.
    for number in range(2000):
        with script_prefix(f"/{number}/"):
            assert f"/{number}/ptrack/" in pixel_url()
    gc.collect()
    assert resolver() is None


def test_a_prefix_may_be_called_token():
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
    assert "Add path('ptrack/', include('ptrack.urls')) to the URLconf" in str(caught.value)
    assert caught.value.__context__ is None
    assert "plaintext" not in remembered(caught.value)
