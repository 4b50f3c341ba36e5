from __future__ import annotations

import io
import re
import sys
from functools import wraps

import pytest
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.core import checks as django_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.middleware.locale import LocaleMiddleware
from django.test import override_settings
from django.urls import include, path, re_path
from django.utils import translation

import ptrack
from ptrack import checks
from ptrack.testing import temporarily

import support
from support import UrlConf, script_prefix, without_setting

GOOD_SECRET = "hA7-0kq_Zr3tYb1nWc5dXe8fVg2jLm4p"


class CompleteEncoder:
    @staticmethod
    def encrypt(*args, **kwargs): ...

    @staticmethod
    def decrypt(token): ...


def run(**kwargs):
    return django_checks.run_checks(tags=[checks.TAG], **kwargs)


def ids(**kwargs):
    return [message.id for message in run(**kwargs)]


def the_only(check_id, **kwargs):
    [message] = run(**kwargs)
    assert message.id == check_id
    return message


def printed(*args):
    """Return what ``manage.py check`` prints, and whether it failed."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("check", *args, stdout=out, stderr=err)
    except SystemCheckError as error:
        return str(error), True
    return out.getvalue() + err.getvalue(), False


def test_a_right_set_up_is_fine():
    assert ids() == []


@override_settings(PTRACK_SECRET=GOOD_SECRET)
def test_a_right_set_up_is_fine_at_deployment():
    assert ids(include_deployment_checks=True) == []


@override_settings(PTRACK_SECRET=None, PTRACK_SECRET_FALLBACKS="bad")
def test_a_custom_encoder_needs_no_secret():
    ptrack.ptrack_encoder = CompleteEncoder
    assert ids(include_deployment_checks=True) == []
    ptrack.ptrack_encoder = CompleteEncoder()
    assert ids(include_deployment_checks=True) == []


@pytest.mark.parametrize("secret", [None, "", "a" * 33, 5])
def test_e001_bad_secret(secret):
    with override_settings(PTRACK_SECRET=secret):
        message = the_only("ptrack.E001", include_deployment_checks=True)
    assert message.level == django_checks.ERROR
    assert message.msg.startswith("PTRACK_SECRET ")
    assert "ptrack_secret" in message.hint


@pytest.mark.parametrize("fallbacks", ["bare", b"bare", [""], ["a" * 33], None])
def test_e002_bad_fallbacks(fallbacks):
    with override_settings(PTRACK_SECRET_FALLBACKS=fallbacks):
        message = the_only("ptrack.E002")
    assert message.level == django_checks.ERROR
    assert message.msg.startswith("PTRACK_SECRET_FALLBACKS")
    assert "former values of PTRACK_SECRET" in message.hint


def test_a_derived_encoder_needs_the_secret():
    derived = type("DerivedEncoder", (ptrack.PtrackEncoder,), {})
    for encoder in (derived, derived(), ptrack.PtrackEncoder()):
        ptrack.ptrack_encoder = encoder
        with override_settings(PTRACK_SECRET=None):
            assert ids() == ["ptrack.E001"]


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({}, "no method encrypt and has no method decrypt"),
        ({"encrypt": staticmethod(len)}, "no method decrypt"),
        ({"decrypt": staticmethod(len)}, "no method encrypt"),
        ({"encrypt": "text", "decrypt": None}, "no method encrypt and has no method decrypt"),
    ],
)
def test_e003_encoder_without_its_methods(attributes, fault):
    ptrack.ptrack_encoder = type("MyEncoder", (), attributes)
    message = the_only("ptrack.E003")
    assert message.level == django_checks.ERROR
    assert repr(ptrack.ptrack_encoder) in message.msg
    assert fault in message.msg
    assert "static methods encrypt(*args, **kwargs) and decrypt(token)" in message.hint


def test_e003_encoder_whose_methods_expect_self():
    class MyEncoder:
        def encrypt(self, *args, **kwargs): ...

        def decrypt(self, token): ...

    ptrack.ptrack_encoder = MyEncoder
    message = the_only("ptrack.E003")
    assert "expects self in encrypt and expects self in decrypt" in message.msg
    ptrack.ptrack_encoder = MyEncoder()
    assert ids() == []


@pytest.mark.parametrize(
    ("encrypt", "decrypt"),
    [
        (dict, str),
        (staticmethod(lambda self=None, *args, **kwargs: None), lambda token: None),
        (lambda first, *rest: None, classmethod(lambda self, token: None)),
        (lambda *args, self=None: None, wraps(CompleteEncoder.decrypt)(lambda *args: None)),
    ],
)
def test_an_encoder_whose_methods_do_not_expect_self_is_fine(encrypt, decrypt):
    ptrack.ptrack_encoder = type("MyEncoder", (), {"encrypt": encrypt, "decrypt": decrypt})
    assert ids() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com",
        "http://localhost:8000/",
        "https://www.example.com/a/path/",
        "https://[::1]:8000",
        "HTTPS://EXAMPLE.COM",
    ],
)
def test_an_absolute_app_url_is_fine(url):
    with override_settings(PTRACK_APP_URL=url):
        assert ids() == []


def test_a_site_that_only_serves_pixels_needs_no_app_url():
    with without_setting("PTRACK_APP_URL"):
        assert ids() == []


@pytest.mark.parametrize("url", ["ftp://www.example.com", "https://", "https:///path", "://www.example.com"])
def test_w001_app_url_that_is_not_absolute(url):
    expect_w001(url, "is not an absolute http(s) URL")


@pytest.mark.parametrize("url", ["www.example.com", "//www.example.com", "/ptrack", "mailto:ada@example.com", "a.b"])
def test_w001_app_url_that_is_neither_a_url_nor_a_path_to_a_callable(url):
    expect_w001(url, f"is {url!r}, without '://' and so a dotted path, which cannot be imported")


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
        ("https://münchen.example:8000/base", "https://xn--mnchen-3ya.example:8000/base"),
        ("https://www.example.com/тест", "https://www.example.com/%D1%82%D0%B5%D1%81%D1%82"),
    ],
)
def test_w001_app_url_outside_ascii_is_named_with_the_ascii_form(url, cure):
    message = expect_w001(url, "has a character outside ASCII")
    assert f"'{cure}'" in message.hint
    with override_settings(PTRACK_APP_URL=cure):
        assert ids() == []


class FinePixel(ptrack.TrackingPixel):
    def record(self, *args): ...


@pytest.mark.parametrize("app_url", [lambda *args: 5, "math.sqrt"])
def test_a_callable_app_url_is_left_alone(app_url):
    with override_settings(PTRACK_APP_URL=app_url):
        assert ids() == []
        assert ids(include_deployment_checks=True) == []


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "web",
        "www.localhost",
        "nas.local",
        "127.0.0.1",
        "10.0.0.7:80",
        "[::1]:8000",
        "[fd00::1]",
    ],
)
def test_w007_host_that_others_cannot_reach(host):
    with override_settings(PTRACK_APP_URL=f"http://{host}", ALLOWED_HOSTS=["*"]):
        assert ids() == []
        assert ids(include_deployment_checks=True) == ["ptrack.W007"]


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "www.example.com", "WWW.example.com:8000"])
def test_a_public_host_that_is_allowed_is_fine(host):
    hosts = ["8.8.8.8", "[2001:4860:4860::8888]", "www.example.com"]
    with override_settings(PTRACK_APP_URL=f"https://{host}", ALLOWED_HOSTS=hosts), temporarily(FinePixel):
        assert ids(include_deployment_checks=True) == []


def test_w008_host_that_allowed_hosts_refuses():
    with override_settings(ALLOWED_HOSTS=[".example.org"]), temporarily(FinePixel):
        assert ids() == []
        assert ids(include_deployment_checks=True) == ["ptrack.W008"]


def test_a_site_that_only_sends_may_have_any_hosts():
    ptrack.tracker.restore({})
    with override_settings(ALLOWED_HOSTS=["internal.example"]):
        assert [check_id for check_id in ids(include_deployment_checks=True) if check_id != "ptrack.I001"] == []


def test_a_broken_app_url_is_reported_once():
    with override_settings(PTRACK_APP_URL="https://[::1"):
        assert ids(include_deployment_checks=True) == ["ptrack.W001"]


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com:port",
        "https://www.example.com:80800",
        "https://[::1",
    ],
)
def test_w001_app_url_with_an_impossible_host_or_port(url):
    expect_w001(url, "has an impossible host or port")


@pytest.mark.parametrize("mark", ["?query", "?", "/#", "#fragment"])
def test_w001_app_url_that_no_path_can_follow(mark):
    expect_w001(f"https://www.example.com{mark}", "has a query or a fragment")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com\\path",
        "https://www.exam ple.com",
        "https://www.example\0.com",
        "https://www.example.com\n",
    ],
)
def test_w001_app_url_with_a_character_that_none_has(url):
    expect_w001(url, "has a character that no URL has")


@pytest.mark.parametrize(("url", "kind"), [(b"https://www.example.com", "bytes"), (5, "int")])
def test_w001_app_url_of_another_type(url, kind):
    expect_w001(url, f"is of type {kind}")


def expect_w001(url, fault):
    with override_settings(PTRACK_APP_URL=url):
        message = the_only("ptrack.W001")
    assert message.level == django_checks.WARNING
    assert message.msg.startswith(f"PTRACK_APP_URL {fault}")
    assert "https://" in message.msg + message.hint
    return message


ADD_LINE = "path('ptrack/', include('ptrack.urls')),"
NOT_USABLE = "The route named 'ptrack' needs arguments"
FREE_PREFIX = "a prefix that captures nothing"
INSIDE = include(("ptrack.urls", "inner"), namespace="inner")


@pytest.mark.parametrize(
    ("urlconf", "fault", "hint"),
    [
        (UrlConf(), "is not in the URLconf", ADD_LINE),
        (
            UrlConf(path("ptrack/", INSIDE)),
            "only in the namespace 'inner'",
            ADD_LINE,
        ),
        (
            UrlConf(path("outer/", include(([path("ptrack/", INSIDE)], "outer"), namespace="outer"))),
            "only in the namespace 'outer:inner'",
            ADD_LINE,
        ),
        (
            UrlConf(path("<slug:tenant>/", include("ptrack.urls"))),
            NOT_USABLE,
            FREE_PREFIX,
        ),
        (
            UrlConf(path("p/", include("ptrack.urls")), re_path("^other/(.*)$", lambda request: None, name="ptrack")),
            NOT_USABLE,
            FREE_PREFIX,
        ),
        (
            UrlConf(path("p/", include("ptrack.urls")), path("other/<str:name>/", lambda request: None, name="ptrack")),
            NOT_USABLE,
            FREE_PREFIX,
        ),
        (UrlConf(path("10%k/", include("ptrack.urls"))), NOT_USABLE, FREE_PREFIX),
        (UrlConf(re_path("^ptrack/$", include("ptrack.urls"))), NOT_USABLE, FREE_PREFIX),
        (
            UrlConf(path("<path:page>", lambda request: None), path("p/", include("ptrack.urls"))),
            "/p/..., leads to another route that comes first in the URLconf, '<path:page>'",
            "Move the line with ptrack.urls above",
        ),
        (
            UrlConf(path("p/", include("ptrack.urls"), {"site": 1, "user": 2})),
            "/p/..., leads to a route that passes further arguments, site, user",
            "without a dict of arguments",
        ),
    ],
)
def test_w002_route_that_the_tag_cannot_use(urlconf, fault, hint):
    with override_settings(ROOT_URLCONF=urlconf):
        message = the_only("ptrack.W002")
    assert message.level == django_checks.WARNING
    assert fault in message.msg
    assert hint in message.hint


class OurLocaleMiddleware(LocaleMiddleware):
    pass


def __getattr__(name):
    """Be a module with a middleware that fails where it is not needed."""
    raise KeyError(name) if name == "Failing" else AttributeError(name)


TRANSLATED = UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls"))))


@pytest.mark.parametrize("middleware", [LocaleMiddleware, OurLocaleMiddleware])
@override_settings(ROOT_URLCONF=TRANSLATED, LANGUAGE_CODE="en-us", LANGUAGES=[("en", "English"), ("de", "German")])
def test_w002_language_that_requests_cannot_have(middleware):
    with override_settings(
        MIDDLEWARE=["no.such.module", f"{__name__}.Failing", f"{middleware.__module__}.{middleware.__qualname__}"]
    ):
        message = the_only("ptrack.W002")
        with translation.override("de"):
            assert ids() == []
    assert "/en-us/ptrack/..., leads nowhere" in message.msg
    assert "outside of i18n_patterns()" in message.hint


@pytest.mark.parametrize("middleware", [[], [f"{__name__}.pass_through"]])
@override_settings(ROOT_URLCONF=TRANSLATED, LANGUAGE_CODE="en-us", LANGUAGES=[("en", "English"), ("de", "German")])
def test_without_a_middleware_that_reads_it_the_language_of_a_request_is_the_default(middleware, client):
    with override_settings(MIDDLEWARE=middleware):
        assert ids() == []
        assert client.get("/en-us/ptrack/token/").status_code == 200


def pass_through(get_response):
    return get_response


@pytest.mark.parametrize("code", ["no language", "xx"])
def test_an_invalid_language_code_is_left_to_django(code):
    with override_settings(
        ROOT_URLCONF=TRANSLATED, LANGUAGE_CODE=code, MIDDLEWARE=["django.middleware.locale.LocaleMiddleware"]
    ):
        run()
        assert "translation.E004" in {message.id for message in django_checks.run_checks(tags=["translation"])}


def test_without_a_urlconf_the_routes_are_not_checked(settings):
    settings.ROOT_URLCONF = None
    assert ids() == []


@pytest.mark.parametrize(
    "urlconf",
    [
        UrlConf(path("ptrack/", include("ptrack.urls"))),
        UrlConf(re_path("^ptrack/", include("ptrack.urls"))),
        UrlConf(path("a/", include([path("b/", include("ptrack.urls"))]))),
        UrlConf(path("a/", include([path("", include("ptrack.urls"))]))),
        UrlConf(*i18n_patterns(path("ptrack/", include("ptrack.urls")))),
        UrlConf(path("ptrack/", include("ptrack.urls")), path("in/", INSIDE)),
        UrlConf(path("zähler für e-mails/", include("ptrack.urls"))),
        UrlConf(path("/ptrack/", include("ptrack.urls"))),
    ],
)
def test_a_route_with_a_prefix_is_fine(urlconf):
    with override_settings(ROOT_URLCONF=urlconf), translation.override("en"):
        assert ids() == []


def test_a_route_is_found_below_a_script_prefix():
    with script_prefix("/below/"):
        assert ids() == []


@pytest.mark.parametrize(
    "urlconf",
    [
        UrlConf(path("", include("ptrack.urls"))),
        UrlConf(re_path("", include("ptrack.urls"))),
        UrlConf(re_path("^", include("ptrack.urls"))),
        UrlConf(path("", include([re_path("^", include("ptrack.urls"))]))),
        UrlConf(*i18n_patterns(path("", include("ptrack.urls")))),
    ],
)
def test_w003_empty_prefix(urlconf):
    with override_settings(ROOT_URLCONF=urlconf), translation.override("en"):
        message = the_only("ptrack.W003")
    assert message.level == django_checks.WARNING
    assert "has an empty prefix" in message.msg
    assert "path('ptrack/', include('ptrack.urls'))," in message.hint


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        (path("p", include("ptrack.urls")), "'p'"),
        (re_path("^track2", include("ptrack.urls")), "'track2'"),
        (path("a/", include([path("b", include("ptrack.urls"))])), "'a/b'"),
    ],
)
def test_w003_prefix_without_a_slash(route, fault):
    with override_settings(ROOT_URLCONF=UrlConf(route)):
        message = the_only("ptrack.W003")
    assert f"has the prefix {fault}, which does not end in a slash" in message.msg


@pytest.mark.parametrize("prefix", ["t-", "t_", "t~"])
def test_punctuation_ends_a_prefix_as_a_slash_does(prefix):
    with override_settings(ROOT_URLCONF=UrlConf(path(prefix, include("ptrack.urls")))):
        assert "ptrack.W003" not in ids()


@pytest.mark.parametrize(
    ("app_url", "prefix"),
    [
        ("https://www.example.com/ptrack", "/ptrack"),
        ("https://www.example.com/ptrack/", "/ptrack"),
        ("https://www.example.com/base/ptrack/", "/ptrack"),
    ],
)
def test_w006_app_url_that_ends_in_the_prefix(app_url, prefix):
    with override_settings(PTRACK_APP_URL=app_url):
        message = the_only("ptrack.W006")
    assert message.level == django_checks.WARNING
    assert f"ends in {prefix!r}" in message.msg
    assert f"Remove {prefix!r} from PTRACK_APP_URL" in message.hint


def test_w006_app_url_that_ends_in_a_prefix_outside_ascii():
    urlconf = UrlConf(path("mäil/", include("ptrack.urls")))
    with override_settings(PTRACK_APP_URL="https://www.example.com/m%C3%A4il", ROOT_URLCONF=urlconf):
        assert ids() == ["ptrack.W006"]


def test_an_app_url_that_ends_in_the_forced_script_name_is_fine():
    with override_settings(PTRACK_APP_URL="https://www.example.com/ptrack", FORCE_SCRIPT_NAME="/ptrack"):
        assert ids() == []


@pytest.mark.parametrize("prefix", ["/ptrack/", "/base/"])
def test_an_app_url_that_ends_in_the_script_prefix_is_fine(prefix):
    with override_settings(PTRACK_APP_URL=f"https://www.example.com{prefix}"), script_prefix(prefix):
        assert ids() == []


@pytest.mark.parametrize(
    ("secret", "length", "distinct"),
    [("short", 5, 5), ("a" * 32, 32, 1), ("abcdefg" * 4 + "abcd", 32, 7), (GOOD_SECRET[:31], 31, 31)],
)
def test_w004_weak_secret(secret, length, distinct):
    with override_settings(PTRACK_SECRET=secret):
        assert ids() == []
        message = the_only("ptrack.W004", include_deployment_checks=True)
    assert message.level == django_checks.WARNING
    assert f"it has {length}, {distinct} of them distinct" in message.msg
    assert "PTRACK_SECRET_FALLBACKS" in message.hint
    assert secret not in message.msg


@pytest.mark.parametrize(
    "secret", ["0123456789abcdef" * 2, "abcdefgh" * 4, bytes(range(32)), "é" * 8 + GOOD_SECRET[:16]]
)
def test_a_secret_of_32_various_bytes_is_strong_enough(secret):
    with override_settings(PTRACK_SECRET=secret):
        assert ids(include_deployment_checks=True) == []


@pytest.mark.usefixtures("no_pixels")
def test_a_pixel_whose_check_returns_none_is_named():
    @ptrack.tracker.register
    class ForgetfulPixel(ptrack.TrackingPixel):
        def record(self): ...

        def check(self): ...

    with pytest.raises(TypeError, match=r"ForgetfulPixel returned None: it must return a list"):
        run()


@pytest.mark.usefixtures("no_pixels")
def test_i001_no_pixel():
    message = the_only("ptrack.I001")
    assert message.level == django_checks.INFO
    assert "no pixel is registered" in message.msg
    assert f"{', '.join(settings.INSTALLED_APPS)}, project." in message.hint


@pytest.mark.usefixtures("no_pixels")
@pytest.mark.parametrize(
    ("urlconf", "searched"),
    [("welcome.urls", "faulty, silent."), ("support", "silent, the folder of support."), ("urls", "faulty, silent.")],
)
def test_i001_names_each_searched_package_once(monkeypatch, urlconf, searched):
    monkeypatch.setattr(support, "urlpatterns", [path("ptrack/", include("ptrack.urls"))], raising=False)
    monkeypatch.setitem(sys.modules, urlconf, support if urlconf == "support" else UrlConf(*support.urlpatterns))
    with override_settings(ROOT_URLCONF=urlconf):
        hint = the_only("ptrack.I001").hint
    assert searched in hint
    assert hint.count("welcome") == 1


@pytest.mark.usefixtures("no_pixels")
def test_without_the_route_missing_pixels_are_not_reported():
    with override_settings(ROOT_URLCONF=UrlConf()):
        assert ids() == ["ptrack.W002"]


WITH_LINKS = UrlConf(path("ptrack/", include("ptrack.urls")), path("go/", include("ptrack.link_urls")))
BROKEN_SETTINGS = {
    "ptrack.E001": {"PTRACK_SECRET": None},
    "ptrack.E002": {"PTRACK_SECRET_FALLBACKS": "bare"},
    "ptrack.E007": {"PTRACK_RULES": "bare"},
    "ptrack.W001": {"PTRACK_APP_URL": "www.example.com"},
    "ptrack.W002": {"ROOT_URLCONF": UrlConf()},
    "ptrack.W003": {"ROOT_URLCONF": UrlConf(path("", include("ptrack.urls")))},
    "ptrack.W006": {"PTRACK_APP_URL": "https://www.example.com/ptrack"},
    "ptrack.W004": {"PTRACK_SECRET": "weak"},
    "ptrack.W007": {"PTRACK_APP_URL": "http://localhost:8000"},
    "ptrack.W008": {"PTRACK_APP_URL": "https://other.example"},
    "ptrack.E008": {"PTRACK_CONSENT": 5},
    "ptrack.E009": {"ROOT_URLCONF": WITH_LINKS},
    "ptrack.E012": {"PTRACK_OPENS_SENT": 5},
    "ptrack.W011": {"ROOT_URLCONF": WITH_LINKS, "PTRACK_LINK_ALLOWED_HOSTS": ["*"]},
    "ptrack.E011": {"PTRACK_OPENS_KEEP_DAYS": 0},
    "ptrack.W012": {"PTRACK_OPENS_KEEP_DAYS": None},
}
DEPLOY_IDS = ("ptrack.W004", "ptrack.W007", "ptrack.W008", "ptrack.W011", "ptrack.W012")


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize("check_id", BROKEN_SETTINGS)
def test_manage_py_check_reports_the_id(check_id):
    with override_settings(**BROKEN_SETTINGS[check_id]):
        output, failed = printed(*(["--deploy", "--tag", "ptrack"] if check_id in DEPLOY_IDS else []))
    assert f"({check_id})" in output
    assert failed == (".E" in check_id)


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.usefixtures("no_pixels")
def test_manage_py_check_reports_the_encoder_and_missing_pixels():
    assert "(ptrack.I001)" in printed()[0]
    ptrack.ptrack_encoder = object
    output, failed = printed("--tag", "ptrack")
    assert "(ptrack.E003)" in output
    assert failed


def test_the_security_tag_runs_the_check_of_the_secret():
    with override_settings(PTRACK_SECRET="weak"):
        assert "(ptrack.W004)" in printed("--tag", "security", "--deploy")[0]
        assert "(ptrack.W004)" not in printed("--tag", "security")[0]


def test_every_id_is_listed_once_in_the_docstring():
    listed = re.findall(r"ptrack\.[EWI]\d{3}", checks.__doc__)
    assert sorted(listed) == sorted(
        [
            *BROKEN_SETTINGS,
            "ptrack.E003",
            "ptrack.E004",
            "ptrack.E005",
            "ptrack.E006",
            "ptrack.E010",
            "ptrack.I001",
            "ptrack.W005",
            "ptrack.W009",
            "ptrack.W010",
            "ptrack.W013",
        ]
    )
