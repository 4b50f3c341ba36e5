from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import (
    NoReverseMatch,
    clear_url_caches,
    include,
    path,
    re_path,
    set_urlconf,
)
from django.utils.translation import gettext_lazy, override

import ptrack
from ptrack import address, pixel_url

from support import UrlConf, remembered, script_prefix

PREFIX = "https://www.example.com/ptrack/"


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
    set_urlconf(UrlConf(path("of-the-request/", include("ptrack.urls"))))
    try:
        assert "/of-the-request/" in pixel_url()
    finally:
        set_urlconf(None)
    assert pixel_url().startswith(PREFIX)


def test_the_address_follows_the_script_prefix():
    assert pixel_url().startswith(PREFIX)
    with script_prefix("/mounted/"):
        assert pixel_url().startswith("https://www.example.com/mounted/ptrack/")
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
        "more arguments. Add path('ptrack/', include('ptrack.urls')) to it, outside any namespace."
    )
    assert caught.value.__context__ is None
    assert "plaintext" not in remembered(caught.value)
