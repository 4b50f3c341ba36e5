from __future__ import annotations

import sys
from importlib import invalidate_caches

import pytest
from django.test import override_settings

import ptrack
from ptrack.trackers import tracker

# What the apps and the project of these tests register, in order.
PIXELS_OF_APPS = ["welcome.pixels.OpenPixel", "welcome.pixels.UserAgentPixel", "faulty.pixels.FaultyPixel"]
PIXEL_OF_PROJECT = "project.pixels.OpenPixel"

MODULE = """
import ptrack

@ptrack.tracker.register
class FlatPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs): ...
"""


def registered():
    return [f"{pixel.__module__}.{pixel.__name__}" for pixel in tracker]


@pytest.fixture(autouse=True)
def _fresh_modules(no_pixels, monkeypatch):
    """Let every pixels.py be imported anew, into an empty registry."""
    for name in ("welcome.pixels", "faulty.pixels", "project.pixels", "refusing.pixels", "pixels"):
        # Set, then deleted, so that both are undone.
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]


@pytest.fixture
def flat_project(tmp_path, monkeypatch):
    """The folder of a project without a package, which is on Python's path."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "flat_urls.py").write_text("urlpatterns = []")
    with override_settings(ROOT_URLCONF="flat_urls"):
        yield tmp_path


def test_the_apps_come_first_and_the_project_last():
    ptrack.autodiscover()
    assert registered() == [*PIXELS_OF_APPS, PIXEL_OF_PROJECT]


def test_a_second_run_changes_nothing():
    ptrack.autodiscover()
    ptrack.autodiscover()
    assert registered() == [*PIXELS_OF_APPS, PIXEL_OF_PROJECT]


@pytest.mark.parametrize(
    "urlconf", ["silent.urls", "toplevel", "ptrack.testing", "no_such_project.urls", "silent.no_such_package.urls"]
)
def test_a_project_without_a_pixels_module_is_no_error(urlconf):
    with override_settings(ROOT_URLCONF=urlconf):
        ptrack.autodiscover()
    assert registered() == PIXELS_OF_APPS


def test_an_error_in_the_pixels_module_of_an_app_surfaces_and_its_registrations_are_undone():
    with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
        override_settings(INSTALLED_APPS=["ptrack", "refusing"]).enable()
    assert registered() == []


def test_an_error_in_the_pixels_module_of_the_project_surfaces_and_its_registrations_are_undone(flat_project):
    (flat_project / "pixels.py").write_text(f"{MODULE}\n1 / 0")
    invalidate_caches()
    with pytest.raises(ZeroDivisionError):
        ptrack.autodiscover()
    assert registered() == PIXELS_OF_APPS


def test_an_import_that_fails_in_the_pixels_module_of_the_project_surfaces():
    with override_settings(ROOT_URLCONF="refusing.urls"):
        with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
            ptrack.autodiscover()


def test_an_import_that_fails_in_the_project_package_surfaces(tmp_path, monkeypatch):
    (tmp_path / "faulty_project.py").write_text("import a_module_that_does_not_exist")
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(ROOT_URLCONF="faulty_project.urls"):
        with pytest.raises(ModuleNotFoundError, match="a_module_that_does_not_exist"):
            ptrack.autodiscover()


def test_a_project_without_a_package_has_its_pixels_beside_the_urlconf(flat_project):
    ptrack.autodiscover()
    assert registered() == PIXELS_OF_APPS
    (flat_project / "pixels.py").write_text(MODULE)
    invalidate_caches()
    ptrack.autodiscover()
    assert registered() == [*PIXELS_OF_APPS, "pixels.FlatPixel"]


@pytest.mark.parametrize("urlconf", ["flat_urls", "__main__", "sys", "no_such_module"])
def test_a_pixels_module_elsewhere_on_the_path_is_not_imported(flat_project, tmp_path_factory, monkeypatch, urlconf):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "pixels.py").write_text(MODULE)
    monkeypatch.syspath_prepend(elsewhere)
    with override_settings(ROOT_URLCONF=urlconf):
        ptrack.autodiscover()
    assert registered() == PIXELS_OF_APPS
