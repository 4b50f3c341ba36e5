from __future__ import annotations

import contextlib
import sys

import pytest
from django.apps import apps
from django.core import checks
from django.db import DatabaseError, connections, transaction
from django.test import Client, override_settings
from django.urls import include, path

import ptrack
from ptrack.apps import PtrackConfig, SimplePtrackConfig
from ptrack.testing import open_mail, temporarily
from ptrack.views import TRANSPARENT_1_PIXEL_GIF

from faulty.pixels import CallbackError
from project import pixels as project_pixels
from support import WITH_LINKS, UrlConf, link_class
from welcome import pixels as welcome_pixels

# Start-up


def test_the_name_alone_in_installed_apps_selects_the_config_with_autodiscovery():
    config = apps.get_app_config("ptrack")
    assert type(config) is PtrackConfig
    assert (config.name, config.verbose_name) == ("ptrack", "ptrack")


def test_a_hit_reaches_the_pixels_of_apps_and_of_the_project(caplog):
    [response] = open_mail(ptrack.pixel_img("welcome", user=7), user_agent="Thunderbird")
    assert response.content == TRANSPARENT_1_PIXEL_GIF
    assert welcome_pixels.opens.pop() == project_pixels.opens.pop() == (("welcome",), {"user": 7})
    assert welcome_pixels.user_agents.pop() == "Thunderbird"
    assert welcome_pixels.opens == project_pixels.opens == welcome_pixels.user_agents == []
    assert [entry.exc_info[0] for entry in caplog.records] == [CallbackError]


@pytest.mark.usefixtures("no_pixels")
def test_the_simple_config_runs_the_checks_and_imports_no_pixels(monkeypatch):
    # Set, then deleted, so that both are undone.
    monkeypatch.setitem(sys.modules, "welcome.pixels", None)
    del sys.modules["welcome.pixels"]
    with override_settings(INSTALLED_APPS=["ptrack.apps.SimplePtrackConfig", "welcome"]):
        assert type(apps.get_app_config("ptrack")) is SimplePtrackConfig
        assert "welcome.pixels" not in sys.modules
        assert [message.id for message in checks.run_checks(tags=["ptrack"])] == ["ptrack.I001"]


# With ATOMIC_REQUESTS on two databases, the error of one pixel undoes no row of another

ALIASES = ["default", "other"]

on_both_databases = pytest.mark.django_db(transaction=True, databases=ALIASES)


@pytest.fixture
def table():
    for alias in ALIASES:
        with connections[alias].cursor() as cursor:
            cursor.execute("CREATE TABLE opened (pixel text)")
    yield
    for alias in ALIASES:
        with connections[alias].cursor() as cursor:
            cursor.execute("DROP TABLE opened")


def insert(alias, pixel):
    with connections[alias].cursor() as cursor:
        cursor.execute("INSERT INTO opened VALUES (%s)", [pixel])


def rows(alias):
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pixel FROM opened ORDER BY pixel")
        return [row[0] for row in cursor.fetchall()]


class FirstPixel(ptrack.TrackingPixel):
    def record(self, alias):
        insert(alias, "first")


class DoomingPixel(ptrack.TrackingPixel):
    """Fails within a block that would doom a transaction around it."""

    def record(self, alias):
        with transaction.atomic(using=alias, savepoint=False):
            insert(alias, "doomed")
            raise DatabaseError("the row cannot stay")


class LastPixel(ptrack.TrackingPixel):
    def record(self, alias):
        insert(alias, "last")


@on_both_databases
@pytest.mark.usefixtures("no_pixels")
@pytest.mark.parametrize("alias", ALIASES)
def test_an_error_that_dooms_a_transaction_undoes_no_row_of_other_pixels(table, caplog, alias):
    assert all(connections[each].settings_dict["ATOMIC_REQUESTS"] for each in ALIASES)
    with temporarily(FirstPixel, DoomingPixel, LastPixel):
        [response] = open_mail(ptrack.pixel_img(alias))
    assert response.content == TRANSPARENT_1_PIXEL_GIF
    assert rows(alias) == ["first", "last"]
    assert [entry.exc_info[0] for entry in caplog.records] == [DatabaseError]


@on_both_databases
@pytest.mark.usefixtures("no_pixels")
@pytest.mark.parametrize("alias", ALIASES)
def test_an_error_that_dooms_a_transaction_undoes_no_row_of_other_links(table, caplog, alias):
    def record_like(pixel_class):
        return link_class(lambda self, url, alias: pixel_class().record(alias))

    links = map(record_like, [FirstPixel, DoomingPixel, LastPixel])
    with override_settings(**WITH_LINKS), temporarily(*links):
        url = ptrack.link_url("https://shop.example/", alias)
        response = Client().get(url.removeprefix("https://www.example.com"))
    assert response.headers["Location"] == "https://shop.example/"
    assert rows(alias) == ["first", "last"]
    assert [entry.exc_info[0] for entry in caplog.records] == [DatabaseError]


def doomed_view(request, alias):
    insert(alias, "first")
    with contextlib.suppress(DatabaseError):
        DoomingPixel().record(alias)
    insert(alias, "last")


@on_both_databases
@pytest.mark.parametrize("alias", ALIASES)
def test_the_same_error_in_an_ordinary_view_undoes_all_rows(table, alias):
    # Without this, the test above would prove nothing.
    urlconf = UrlConf(path("<str:alias>/", doomed_view), path("p/", include("ptrack.urls")))
    with override_settings(ROOT_URLCONF=urlconf), pytest.raises(transaction.TransactionManagementError):
        Client().get(f"/{alias}/")
    assert rows(alias) == []
