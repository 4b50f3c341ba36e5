from __future__ import annotations

import sys
from importlib import invalidate_caches

import pytest
from django.apps import apps
from django.core import checks as django_checks
from django.test import override_settings

import ptrack
from ptrack.apps import PtrackConfig, SimplePtrackConfig
from ptrack.trackers import tracker

from faulty.pixels import CallbackError
from project import pixels as project_pixels
from welcome import pixels as welcome_pixels


@pytest.fixture
def fresh_modules(monkeypatch):
    """Let every pixels.py be imported anew, into an empty registry."""
    tracker.restore({})
    for name in ("welcome.pixels", "faulty.pixels", "project.pixels", "refusing.pixels", "pixels"):
        # Set, then deleted, so that both are undone.
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]


def registered():
    return [f"{pixel.__module__}.{pixel.__name__}" for pixel in tracker]


EVERY_PIXEL = [
    "welcome.pixels.OpenPixel",
    "welcome.pixels.UserAgentPixel",
    "faulty.pixels.FaultyPixel",
    "project.pixels.OpenPixel",
]


def test_the_name_alone_in_installed_apps_selects_the_config_with_autodiscovery():
    config = apps.get_app_config("ptrack")
    assert type(config) is PtrackConfig
    assert (config.name, config.verbose_name, config.default) == ("ptrack", "ptrack", True)


def test_start_up_finds_the_pixels_of_apps_and_of_the_project_package():
    assert registered() == EVERY_PIXEL


def test_a_hit_reaches_every_pixel_found(client, caplog):
    response = client.get(
        ptrack.pixel_url("welcome", user=7).removeprefix("https://www.example.com"),
        headers={"User-Agent": "Thunderbird"},
    )
    assert response.status_code == 200
    assert welcome_pixels.opens.pop() == project_pixels.opens.pop() == (("welcome",), {"user": 7})
    assert welcome_pixels.user_agents.pop() == "Thunderbird"
    [entry] = caplog.records
    assert entry.getMessage() == "Pixel faulty.pixels.FaultyPixel failed to record a hit."
    assert entry.exc_info[0] is CallbackError
    assert not welcome_pixels.opens + project_pixels.opens + welcome_pixels.user_agents


def test_autodiscover_finds_apps_first_and_the_project_last(fresh_modules):
    ptrack.autodiscover()
    assert registered() == EVERY_PIXEL


def test_autodiscover_may_run_again(fresh_modules):
    ptrack.autodiscover()
    ptrack.autodiscover()
    assert registered() == EVERY_PIXEL


@pytest.mark.parametrize("urlconf", ["silent.urls", "toplevel", "ptrack.testing"])
def test_a_project_package_without_pixels_is_no_error(fresh_modules, urlconf):
    with override_settings(ROOT_URLCONF=urlconf):
        ptrack.autodiscover()
    assert registered() == EVERY_PIXEL[:3]


def test_an_error_inside_a_pixels_module_of_an_app_surfaces_and_its_registrations_go(fresh_modules):
    with override_settings(INSTALLED_APPS=["ptrack", "welcome"]):
        before = registered()
    tracker.restore({})
    del sys.modules["welcome.pixels"], sys.modules["project.pixels"]
    assert before == [*EVERY_PIXEL[:2], EVERY_PIXEL[3]]
    with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
        override_settings(INSTALLED_APPS=["ptrack", "refusing"]).enable()
    assert registered() == []


def test_an_error_inside_the_pixels_module_of_the_project_surfaces(fresh_modules):
    with override_settings(ROOT_URLCONF="refusing.urls"):
        with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
            ptrack.autodiscover()


@pytest.mark.parametrize("urlconf", ["no_such_project.urls", "silent.no_such_package.urls"])
def test_a_project_package_that_is_not_there_has_no_pixels(fresh_modules, urlconf):
    with override_settings(ROOT_URLCONF=urlconf):
        ptrack.autodiscover()
    assert registered() == EVERY_PIXEL[:3]


def test_an_error_inside_the_project_package_surfaces(fresh_modules, tmp_path, monkeypatch):
    (tmp_path / "faulty_project.py").write_text("import a_module_that_does_not_exist")
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(ROOT_URLCONF="faulty_project.urls"):
        with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
            ptrack.autodiscover()


def test_the_simple_config_checks_and_imports_nothing(fresh_modules):
    with override_settings(INSTALLED_APPS=["ptrack.apps.SimplePtrackConfig", "welcome"]):
        assert type(apps.get_app_config("ptrack")) is SimplePtrackConfig
        assert registered() == []
        assert [message.id for message in django_checks.run_checks(tags=["ptrack"])] == ["ptrack.I001"]


@pytest.fixture
def flat_project(fresh_modules, tmp_path, monkeypatch):
    """A project without a package, whose modules are on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "flat_urls.py").write_text("urlpatterns = []")
    with override_settings(ROOT_URLCONF="flat_urls"):
        yield tmp_path


PIXELS = """
import ptrack

@ptrack.tracker.register
class FlatPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs): ...
"""


def test_a_project_without_a_package_has_its_pixels_beside_the_urlconf(flat_project):
    ptrack.autodiscover()
    assert registered() == EVERY_PIXEL[:3]
    (flat_project / "pixels.py").write_text(PIXELS)
    invalidate_caches()
    ptrack.autodiscover()
    assert registered() == [*EVERY_PIXEL[:3], "pixels.FlatPixel"]


def test_a_module_of_that_name_elsewhere_is_not_imported(flat_project, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "pixels.py").write_text(PIXELS)
    monkeypatch.syspath_prepend(elsewhere)
    for urlconf in ("flat_urls", "__main__", "sys", "no_such_module"):
        with override_settings(ROOT_URLCONF=urlconf):
            ptrack.autodiscover()
    assert registered() == EVERY_PIXEL[:3]


def test_what_the_pixels_module_of_a_project_registered_before_it_failed_goes(flat_project):
    (flat_project / "pixels.py").write_text(f"{PIXELS}\n1 / 0")
    invalidate_caches()
    with pytest.raises(ZeroDivisionError):
        ptrack.autodiscover()
    assert registered() == EVERY_PIXEL[:3]
