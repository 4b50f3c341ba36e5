"""The checks of links and of consent."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from django.core import checks, signing
from django.test import override_settings
from django.urls import include, path

import ptrack
from ptrack.testing import temporarily

from support import UrlConf

pytestmark = pytest.mark.usefixtures("no_pixels")

PIXELS = path("ptrack/", include("ptrack.urls"))
LINKS = path("go/", include("ptrack.link_urls"))
BOTH = UrlConf(PIXELS, LINKS)
HOSTS = ["www.example.com", ".example.org"]


class ClickPixel(ptrack.TrackingPixel):
    def record(self, *args): ...


class ClickLog(ptrack.TrackingLink):
    def record(self, url, *args): ...


def run(**kwargs):
    return [message for message in checks.run_checks(tags=["ptrack"], **kwargs) if message.id != "ptrack.I001"]


def ids(urlconf=BOTH, hosts=HOSTS, **kwargs):
    with override_settings(ROOT_URLCONF=urlconf, PTRACK_LINK_ALLOWED_HOSTS=hosts):
        return [message.id for message in run(**kwargs)]


def test_a_site_without_links_hears_nothing_of_them():
    with temporarily(ClickPixel):
        assert run(include_deployment_checks=True) == []
        assert ids(UrlConf(PIXELS), None) == []


def test_a_site_with_links_that_is_well_set_up_hears_nothing():
    with temporarily(ClickLog, ClickPixel):
        assert ids(include_deployment_checks=True) == []
        assert ids(hosts=[]) == []
        assert ids(hosts=lambda host: True, include_deployment_checks=True) == []
        assert ids(hosts="support.brand_url") == []


def test_a_link_class_of_ptrack_itself_asks_for_nothing(monkeypatch):
    monkeypatch.setattr(ClickLog, "__module__", "ptrack.opens.pixels")
    with temporarily(ClickLog, ClickPixel):
        assert ids(UrlConf(PIXELS), None) == []


@pytest.mark.parametrize(
    "urlconf",
    [
        UrlConf(PIXELS),
        UrlConf(PIXELS, path("go/", include(("ptrack.link_urls", "inside"), namespace="inside"))),
        UrlConf(PIXELS, path("<str:x>/<str:y>/", lambda request, x, y: None), LINKS),
        UrlConf(PIXELS, path("<slug:tenant>/", include("ptrack.link_urls"))),
    ],
)
def test_w010_a_link_route_that_the_tag_cannot_use(urlconf):
    with temporarily(ClickLog):
        assert ids(urlconf) == ["ptrack.W010"]


def test_w003_an_empty_prefix_of_links():
    with temporarily(ClickLog):
        assert "ptrack.W003" in ids(UrlConf(PIXELS, path("", include("ptrack.link_urls"))))


@pytest.mark.parametrize("hosts", [None, 5, "no.such.module", ["a", 5], {"a": 1}])
def test_e009_bad_hosts_where_there_are_links(hosts):
    assert ids(hosts=hosts) == ["ptrack.E009"]
    with temporarily(ClickLog):
        assert "ptrack.E009" in ids(UrlConf(PIXELS), hosts)


def test_w011_every_host_is_allowed():
    assert ids(hosts=["*"]) == []
    assert ids(hosts=["*"], include_deployment_checks=True) == ["ptrack.W011"]
    assert ids(hosts=None, include_deployment_checks=True) == ["ptrack.E009"]


@pytest.mark.parametrize("urlconf", [BOTH, UrlConf(LINKS)], ids=["both routes", "links alone"])
def test_w008_a_host_that_allowed_hosts_refuses_to_clicks(urlconf):
    with temporarily(ClickLog), override_settings(ALLOWED_HOSTS=["other.example"]):
        assert "ptrack.W008" in ids(urlconf, include_deployment_checks=True)
        assert "ptrack.W008" not in ids(UrlConf(), include_deployment_checks=True)
    with override_settings(ALLOWED_HOSTS=["other.example"]):
        assert "ptrack.W008" not in ids(urlconf, include_deployment_checks=True)


def test_i001_a_link_is_no_pixel():
    with temporarily(ClickLog):
        assert "ptrack.I001" in [message.id for message in checks.run_checks(tags=["ptrack"])]
    with temporarily(ClickLog, ClickPixel):
        assert "ptrack.I001" not in [message.id for message in checks.run_checks(tags=["ptrack"])]


@pytest.mark.parametrize("consent", [5, "no.such.module", "project.settings.USE_TZ", ["a"]])
def test_e008_bad_consent(consent):
    with override_settings(PTRACK_CONSENT=consent):
        assert [message.id for message in run()] == ["ptrack.E008"]


@pytest.mark.parametrize("consent", [None, lambda *args, **kwargs: True, "support.brand_url"])
def test_good_consent_is_fine(consent):
    with override_settings(PTRACK_CONSENT=consent):
        assert run() == []


class SigningEncoder:
    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return signing.dumps([args, kwargs], salt="ptrack")

    @staticmethod
    def decrypt(token):
        return signing.loads(token, salt="ptrack")


class BytesEncoder(SigningEncoder):
    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return SigningEncoder.encrypt(*args, **kwargs).encode()


class RefusingEncoder(SigningEncoder):
    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        raise LookupError("no key")


class ChoosyEncoder(SigningEncoder):
    """Refuses what it cannot escape."""

    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        if ":" in "".join(args):
            raise ValueError("no colons")
        return SigningEncoder.encrypt(*args, **kwargs)


class UndeclaredEncoder(SigningEncoder):
    """A subclass has to say it again."""


class AlmostEncoder(SigningEncoder):
    authenticated = 1


class SubclassEncoder(ptrack.PtrackEncoder):
    authenticated = True


class LyingEncoder:
    """Encodes, and says that it authenticates."""

    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return urlsafe_b64encode(json.dumps([args, kwargs]).encode()).decode()

    @staticmethod
    def decrypt(token):
        return json.loads(urlsafe_b64decode(token))


class UnescapedEncoder:
    """Signs, and joins the arguments by separators that it does not escape."""

    authenticated = True

    @staticmethod
    def encrypt(*args, **kwargs):
        return signing.Signer(salt="ptrack").sign(
            "&".join([*args, *(f"{name}={value}" for name, value in kwargs.items())])
        )

    @staticmethod
    def decrypt(token):
        items = signing.Signer(salt="ptrack").unsign(token).split("&")
        return [[item for item in items if "=" not in item], dict(item.split("=", 1) for item in items if "=" in item)]


@pytest.mark.parametrize("encoder", [SigningEncoder, BytesEncoder, SubclassEncoder, ptrack.PtrackEncoder])
def test_an_encoder_that_authenticates_is_fine(encoder):
    ptrack.ptrack_encoder = encoder
    assert ids() == []


@pytest.mark.parametrize(
    ("encoder", "fault"),
    [
        (UndeclaredEncoder, "does not say"),
        (AlmostEncoder, "does not say"),
        (LyingEncoder, "was changed"),
        (UnescapedEncoder, "does not return arguments"),
        (RefusingEncoder, "raises LookupError"),
        (ChoosyEncoder, "does not return arguments"),
    ],
)
def test_e010_an_encoder_that_cannot_carry_links(encoder, fault):
    ptrack.ptrack_encoder = encoder
    assert ids() == ["ptrack.E010"]
    with override_settings(ROOT_URLCONF=BOTH, PTRACK_LINK_ALLOWED_HOSTS=HOSTS):
        assert fault in run()[0].msg
    # Without links, it is good enough.
    assert ids(UrlConf(PIXELS)) == []


def test_e010_beside_a_missing_secret():
    ptrack.ptrack_encoder = SubclassEncoder
    with override_settings(PTRACK_SECRET=""):
        assert sorted(ids()) == ["ptrack.E001", "ptrack.E010"]
