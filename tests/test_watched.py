from __future__ import annotations

from contextvars import Context, ContextVar
from unittest.mock import Mock

import pytest
from django.urls import get_script_prefix, get_urlconf, include, path, set_script_prefix, set_urlconf

from ptrack import pixel_url, watched

from support import UrlConf, script_prefix

OTHER = UrlConf(path("other/", include("ptrack.urls")))

watches = pytest.mark.skipif(not watched.WATCHED, reason="This asgiref changes contexts in place.")

thing = ContextVar("thing")


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
    monkeypatch.setattr(watched, "Local", local)
    for name in ("set_urlconf", "set_script_prefix", "clear_script_prefix"):
        monkeypatch.setattr(watched, name, Mock(side_effect=AssertionError))
    assert Context().run(watched._find_watched) is None


@watches
@pytest.mark.parametrize("name", ["set_urlconf", "set_script_prefix"])
def test_values_that_django_keeps_elsewhere_are_found_out(monkeypatch, name):
    monkeypatch.setattr(watched, name, lambda value: None)
    assert Context().run(watched._find_watched) is None


def test_nothing_is_changed_by_finding_out():
    with script_prefix("/mounted/"):
        set_urlconf(OTHER)
        Context().run(watched._find_watched)
        assert "/mounted/other/" in pixel_url()


@pytest.mark.parametrize("variables", [watched.WATCHED, None])
def test_a_urlconf_is_cleared(monkeypatch, variables):
    monkeypatch.setattr(watched, "WATCHED", variables)
    for urlconf in (OTHER, None, OTHER, OTHER):
        set_urlconf(urlconf)
        watched.clear_urlconf()
        assert get_urlconf() is None


@watches
def test_whether_there_is_a_urlconf_to_clear_is_not_asked_again(monkeypatch):
    watched.clear_urlconf()
    monkeypatch.setattr(watched, "get_urlconf", Mock(side_effect=AssertionError))
    watched.clear_urlconf()


@pytest.mark.parametrize("variables", [watched.WATCHED, None])
def test_a_script_prefix_is_used(monkeypatch, variables):
    monkeypatch.setattr(watched, "WATCHED", variables)
    for prefix in ("/a/", "/a/", "/", "/a/"):
        watched.use_script_prefix(prefix)
        assert get_script_prefix() == prefix
    set_script_prefix("/b/")
    watched.use_script_prefix("/a/")
    assert get_script_prefix() == "/a/"


@watches
def test_the_script_prefix_in_use_is_not_asked_for_again(monkeypatch):
    watched.use_script_prefix("/a/")
    monkeypatch.setattr(watched, "get_script_prefix", Mock(side_effect=AssertionError))
    watched.use_script_prefix("/a/")
