"""With ATOMIC_REQUESTS on two databases, the error of one pixel undoes no row of another."""

from __future__ import annotations

import contextlib

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import Client, override_settings
from django.urls import include, path

import ptrack
from ptrack.testing import open_mail, temporarily
from ptrack.views import TRANSPARENT_1_PIXEL_GIF

from support import UrlConf

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "other"]),
    pytest.mark.usefixtures("no_pixels"),
]

ALIASES = ["default", "other"]


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


@pytest.mark.parametrize("alias", ALIASES)
def test_an_error_that_dooms_a_transaction_undoes_no_row_of_other_pixels(table, caplog, alias):
    assert all(connections[each].settings_dict["ATOMIC_REQUESTS"] for each in ALIASES)
    with temporarily(FirstPixel, DoomingPixel, LastPixel):
        [response] = open_mail(ptrack.pixel_img(alias))
    assert response.content == TRANSPARENT_1_PIXEL_GIF
    assert rows(alias) == ["first", "last"]
    assert [entry.exc_info[0] for entry in caplog.records] == [DatabaseError]


def doomed_view(request, alias):
    insert(alias, "first")
    with contextlib.suppress(DatabaseError):
        DoomingPixel().record(alias)
    insert(alias, "last")


DOOMED = UrlConf(path("<str:alias>/", doomed_view), path("p/", include("ptrack.urls")))


@pytest.mark.parametrize("alias", ALIASES)
def test_the_same_in_an_ordinary_view_does_undo_them(table, alias):
    # What the test above proves would otherwise prove nothing.
    with override_settings(ROOT_URLCONF=DOOMED), pytest.raises(transaction.TransactionManagementError):
        Client().get(f"/{alias}/")
    assert rows(alias) == []
