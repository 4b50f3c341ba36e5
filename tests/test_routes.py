from __future__ import annotations

import types

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import Resolver404, get_resolver, include, path, re_path, register_converter, resolve
from django.urls.converters import StringConverter
from django.utils.translation import gettext_lazy

from ptrack.routes import _find_place, find_token
from ptrack.urls import urlpatterns as pixels
from ptrack.views import serve_pixel


def page(request): ...


def fail(path):
    raise ZeroDivisionError


class FailingConverter(StringConverter):
    to_python = staticmethod(fail)


asked = []


class AskedConverter(StringConverter):
    def to_python(self, value):
        asked.append(value)
        return value


# Once, as Django keeps them for good.
register_converter(FailingConverter, "failing")
register_converter(AskedConverter, "asked")


@pytest.fixture
def use_urls(settings):
    def use(*urlpatterns):
        settings.ROOT_URLCONF = types.ModuleType("urls_of_a_test")
        settings.ROOT_URLCONF.urlpatterns = [*urlpatterns]

    return use


def resolved_token(path):
    """Return the token that Django's resolver finds, or None if the path is no pixel's."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match.kwargs["ptrack_encoded_data"] if match.func is serve_pixel else None


PATHS = [
    *("", "/", "/ptrack", "/ptrack/", "/ptrack//", "/ptrack/token", "/ptrack/token/", "/ptrack/a/b/", "/ptrack/a\n"),
    *("//ptrack/token/", "/ptrack/stats/", "/ptrack/stats", "/ptrack/ü/", "/Ptrack/token/", "ptrack/token/"),
    *("/ptracks/token/", "/m/ptrack/token/", "/m/other/", "/m/", "/é/token/", "/p-x_1/token/", "/en/ptrack/token/"),
    *("/token/", "/stats/", "/a.b/token/", "/axb/token/", "/p\x00/"),
    *("/<str:page>/token/", "/ptrack/x/y/"),
]

# What may stand in a URLconf, and whether the paths of pixels are found in it without Django's help.
URLCONFS = {
    "a prefix": ([path("ptrack/", include("ptrack.urls"))], True),
    "a prefix in a regular expression": ([re_path("^ptrack/", include("ptrack.urls"))], True),
    "a prefix anywhere in a path": ([re_path("ptrack/", include("ptrack.urls"))], False),
    "a regular expression": ([re_path(r"^(?:ptrack|p-x_1)/", include("ptrack.urls"))], False),
    "a dot in a regular expression": ([re_path(r"^a.b/", include("ptrack.urls"))], False),
    "a prefix in letters and signs": ([path("p-x_1/", include("ptrack.urls"))], True),
    "a dot in a prefix": ([path("a.b/", include("ptrack.urls"))], True),
    "a prefix outside ASCII": ([path("é/", include("ptrack.urls"))], True),
    "two prefixes": ([path("m/", include([path("ptrack/", include("ptrack.urls"))]))], True),
    "a pattern that is not at its end": ([path("m/", include("ptrack.urls"))], True),
    "no prefix": ([path("", include("ptrack.urls"))], True),
    "nothing": ([], False),
    "a prefix that is a converter": ([path("<str:page>/", include("ptrack.urls"))], False),
    "two pages before": (
        [path("ptrack/stats/", page), path("m/", page), path("ptrack/", include("ptrack.urls"))],
        True,
    ),
    "converters before": ([path("<str:a>/x/<str:b>/", page), path("ptrack/", include("ptrack.urls"))], True),
    "no pixels": ([path("ptrack/", page)], False),
    "a prefix with a converter": ([path("<str:ptrack_encoded_data>/", page), path("ptrack/", include(pixels))], True),
    "arguments from the URLconf": ([path("ptrack/", include("ptrack.urls"), {"ptrack_encoded_data": "x"})], False),
    "a page before": ([path("ptrack/stats/", page), path("ptrack/", include("ptrack.urls"))], True),
    "a page after": ([path("ptrack/", include("ptrack.urls")), path("ptrack/stats/", page)], True),
    "a page before, below another prefix": ([path("stats/", page), path("ptrack/", include("ptrack.urls"))], True),
    "pages before": (
        [path("ptrack/", include([path("stats/", page)])), path("ptrack/", include("ptrack.urls"))],
        True,
    ),
    "any page before": ([path("ptrack/<slug:page>/", page), path("ptrack/", include("ptrack.urls"))], True),
    "a regular expression before": ([re_path("^ptrack/s", page), path("ptrack/", include("ptrack.urls"))], True),
    "a page before no prefix": ([path("stats/", page), path("", include("ptrack.urls"))], True),
    "pages before in the same include": (
        [path("m/", include([path("other/", page), path("ptrack/", include("ptrack.urls"))]))],
        True,
    ),
    "a list": ([path("ptrack/", include(pixels))], True),
    "the routes themselves": (pixels, False),
    "twice": ([path("m/", include("ptrack.urls")), path("ptrack/", include("ptrack.urls"))], True),
    "languages": (i18n_patterns(path("ptrack/", include("ptrack.urls"))), False),
    "languages before": ([*i18n_patterns(path("m/", page)), path("ptrack/", include("ptrack.urls"))], True),
    "a translation": ([path(gettext_lazy("ptrack/"), include("ptrack.urls"))], False),
    "a translation before": ([path(gettext_lazy("m/"), page), path("ptrack/", include("ptrack.urls"))], True),
}


@pytest.mark.parametrize("name", URLCONFS)
def test_a_path_is_a_pixels_only_where_django_says_so(use_urls, name):
    urlpatterns, is_found = URLCONFS[name]
    use_urls(*urlpatterns)
    found = {path: find_token(path) for path in PATHS}
    expected = {path: resolved_token(path) for path in PATHS}
    assert {path: token for path, token in found.items() if token is not None}.items() <= expected.items()
    assert any(token is not None for token in found.values()) is is_found


@pytest.mark.parametrize("name", ["a prefix", "two prefixes", "no prefix", "a page before", "a list"])
def test_every_pixel_below_a_fixed_prefix_is_found(use_urls, name):
    urlpatterns, _ = URLCONFS[name]
    use_urls(*urlpatterns)
    # Of an empty path Django makes "/", and of none a request.
    paths = [path for path in PATHS if path.startswith("/")]
    assert {path: find_token(path) for path in paths} == {path: resolved_token(path) for path in paths}


def test_only_what_may_come_first_is_asked(use_urls):
    asked.clear()
    use_urls(
        path("pages/<asked:page>/", page),
        path("ptrack/<asked:page>/extra/", page),
        path("ptrack/", include("ptrack.urls")),
        path("<asked:page>/", page),
    )
    assert find_token("/ptrack/token/") == "token"
    assert asked == []
    assert find_token("/ptrack/token/extra/") is None
    assert asked == ["token"]
    [(start, entry)] = _find_place(get_resolver()).earlier
    assert (start, entry.pattern._route) == (1, "ptrack/<asked:page>/extra/")


def test_what_fails_is_left_to_django(use_urls):
    use_urls(path("ptrack/<failing:page>/", page), path("ptrack/", include("ptrack.urls")))
    assert find_token("/ptrack/token/") is None
    with override_settings(ROOT_URLCONF="project.missing"):
        assert find_token("/ptrack/token/") is None
    with pytest.raises(ZeroDivisionError):
        resolve("/ptrack/token/")


def test_another_urlconf_counts_at_once(use_urls):
    assert find_token("/ptrack/token/") == "token"
    use_urls(path("mail/", include("ptrack.urls")))
    assert find_token("/ptrack/token/") is None
    assert find_token("/mail/token/") == "token"
