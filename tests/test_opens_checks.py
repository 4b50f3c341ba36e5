"""The checks of ptrack.opens: which database it may use, and how long that may take."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core import checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connections
from django.test import override_settings

import ptrack
from ptrack.opens.models import LinkHit, PixelHit

from support import on_each_database

TIME_OUTS = {"connect_timeout": 2, "options": "-c lock_timeout=500 -c statement_timeout=1000"}


class OtherRouter:
    """Sends the rows to the alias ``other``."""

    def db_for_write(self, model, **hints):
        return "other" if model in (PixelHit, LinkHit) else None


@pytest.fixture
def other():
    """Let the rows be written to the alias ``other``, and return its connection."""
    with override_settings(DATABASE_ROUTERS=[OtherRouter()]):
        yield connections["other"]


@pytest.fixture
def on_postgresql(other, monkeypatch):
    """Let the alias ``other`` be PostgreSQL, and return its OPTIONS."""
    monkeypatch.setattr(other, "vendor", "postgresql")
    monkeypatch.setitem(other.settings_dict, "OPTIONS", {})
    return other.settings_dict["OPTIONS"]


def found(check_id, **kwargs):
    return [message for message in checks.run_checks(tags=["ptrack"], **kwargs) if message.id == check_id]


# Which database


def pretend(monkeypatch, connection, vendor, is_mariadb=None, version=None):
    """Let a connection say that it leads to another database, for there is no such server here."""
    monkeypatch.setattr(connection, "vendor", vendor)
    monkeypatch.setattr(connection, "mysql_is_mariadb", is_mariadb, raising=False)
    monkeypatch.setattr(connection, "mysql_version", version, raising=False)
    monkeypatch.setattr(connection, "cursor", answer_nothing)


def answer_nothing():
    raise OperationalError("nobody there")


@pytest.mark.parametrize(
    "database",
    [
        ["sqlite"],
        ["postgresql"],
        ["mysql", True, (10, 11, 6)],
        ["mysql", True, (11, 4, 1)],
        ["mysql", True, (12, 0, 0)],
    ],
)
def test_the_database_may_be_one_of_three(other, monkeypatch, database):
    pretend(monkeypatch, other, *database)
    assert found("ptrack.E006") == []


@pytest.mark.parametrize(
    "database",
    [["mysql", False, (8, 4, 0)], ["mysql", True, (10, 6, 22)], ["oracle"], ["microsoft"], ["cockroachdb"]],
)
def test_e006_any_other_database(other, monkeypatch, database):
    pretend(monkeypatch, other, *database)
    vendor = database[0]
    [message] = found("ptrack.E006")
    assert message.level == checks.ERROR
    assert f"'other', of the kind '{vendor}'" in message.msg
    assert "MariaDB 10.11" in message.hint
    # The command migrate names the alias that it migrates.
    assert found("ptrack.E006", databases=["other"]) == [message]


def test_the_database_of_the_site_may_be_any_if_the_rows_go_elsewhere(other, monkeypatch):
    monkeypatch.setattr(connections["default"], "vendor", "oracle")
    assert found("ptrack.E006") == []
    with override_settings(DATABASE_ROUTERS=[]):
        assert len(found("ptrack.E006")) == 1


def test_manage_py_check_fails(other, monkeypatch):
    monkeypatch.setattr(other, "vendor", "oracle")
    with pytest.raises(SystemCheckError, match=r"ptrack\.E006"):
        call_command("check", "--tag", "ptrack", stdout=io.StringIO())


class Unreachable:
    """What Django makes of a MySQL or MariaDB that nobody reaches."""

    alias, vendor = "other", "mysql"
    cursor = staticmethod(answer_nothing)

    @property
    def mysql_is_mariadb(self):
        raise OperationalError("nobody there")


def test_a_database_that_cannot_be_asked_is_not_judged(monkeypatch):
    monkeypatch.setattr("ptrack.opens.checks._connection_of_rows", Unreachable)
    assert found("ptrack.E006") == found("ptrack.W013") == []


# A backend that says it is another database, for there is no such server here.
STAND_IN = """
from django.db.backends.sqlite3 import base

class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "oracle"
"""

SITE = """
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["ptrack", "ptrack.opens"], PTRACK_SECRET="secret", USE_TZ=True,
    DATABASES={{"default": {{"ENGINE": {engine!r}, "NAME": {name!r}}}}},
)
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "migrate"])
"""


@pytest.mark.parametrize(("engine", "works"), [("stand_in", False), ("django.db.backends.sqlite3", True)])
def test_migrate_stops_before_it_does_anything(tmp_path, engine, works):
    (tmp_path / "stand_in").mkdir()
    (tmp_path / "stand_in" / "base.py").write_text(STAND_IN)
    name = str(tmp_path / "db")
    environ = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    environ["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(Path(ptrack.__file__).parents[1])])
    code = SITE.format(engine=engine, name=name)
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert ("ptrack.E006" in done.stderr) is not works
    assert (done.returncode == 0) is works
    with closing(sqlite3.connect(name)) as database:
        tables = {table for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert ("ptrack_opens_pixelhit" in tables) is works
    assert bool(tables) is works


# Time zones


class TimeZoneCursor:
    """A cursor of a MariaDB that knows one time zone."""

    def __enter__(self):
        return self

    def __exit__(self, *args):
        pass

    def execute(self, sql, params):
        self.row = ("2001-01-01 09:00:00",) if params == ["Asia/Tokyo"] else (None,)

    def fetchone(self):
        return self.row


@pytest.mark.parametrize(
    ("zone", "use_tz", "knows"),
    [("Asia/Tokyo", True, True), ("Europe/Berlin", True, False), ("Europe/Berlin", False, True)],
)
def test_w013_mariadb_does_not_know_the_time_zone(other, monkeypatch, zone, use_tz, knows):
    pretend(monkeypatch, other, "mysql", True, (10, 11, 6))
    monkeypatch.setattr(other, "cursor", TimeZoneCursor)
    with override_settings(TIME_ZONE=zone, USE_TZ=use_tz):
        messages = found("ptrack.W013")
    assert [message.level for message in messages] == [checks.WARNING] * (not knows)
    assert all(zone in message.msg and "mariadb-tzinfo-to-sql" in message.hint for message in messages)


@on_each_database
@pytest.mark.django_db
def test_the_databases_of_the_tests_know_the_time_zone():
    assert found("ptrack.W013") == []


# Emails sent


@pytest.mark.parametrize("setting", ["no.such.function", 5, "ptrack.conf"])
def test_e012_what_says_how_many_emails_were_sent_cannot_be_called(other, setting):
    with override_settings(PTRACK_OPENS_SENT=setting):
        [message] = found("ptrack.E012")
    assert message.level == checks.ERROR
    assert "PTRACK_OPENS_SENT" in message.msg


def test_what_says_how_many_emails_were_sent_can_be_called(other):
    with override_settings(PTRACK_OPENS_SENT="stored_hits.click"):
        assert found("ptrack.E012") == []


# How long


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({}, ["connect_timeout", "statement_timeout"]),
        ({"connect_timeout": 2}, ["statement_timeout"]),
        ({"connect_timeout": 0, "options": "-c lock_timeout=500"}, ["connect_timeout"]),
        ({"connect_timeout": None, "options": "-c lock_timeout=500"}, ["connect_timeout"]),
        ({"options": TIME_OUTS["options"]}, ["connect_timeout"]),
        (TIME_OUTS | {"options": "-c lock_timeout=0"}, ["statement_timeout"]),
        (TIME_OUTS | {"options": "-c idle_in_transaction_session_timeout=9"}, ["statement_timeout"]),
        (TIME_OUTS | {"options": None}, ["statement_timeout"]),
        (TIME_OUTS | {"pool": True}, ["timeout of the pool"]),
        (TIME_OUTS | {"pool": {"min_size": 2}}, ["timeout of the pool"]),
    ],
)
def test_w009_postgresql_without_time_outs(on_postgresql, options, missing):
    on_postgresql.update(options)
    assert found("ptrack.W009") == []
    [message] = found("ptrack.W009", include_deployment_checks=True)
    assert message.level == checks.WARNING
    assert "'other'" in message.msg
    named = [name for name in ("connect_timeout", "statement_timeout", "timeout of the pool") if name in message.msg]
    assert named == missing
    assert "PTRACK_OPENS_IN_BACKGROUND" in message.hint


@pytest.mark.parametrize(
    "options",
    [
        TIME_OUTS,
        TIME_OUTS | {"pool": False},
        TIME_OUTS | {"pool": {"timeout": 2}},
        {"connect_timeout": "10", "options": "-c statement_timeout=1s"},
        {"connect_timeout": 2, "options": "-c search_path=a --lock-timeout=500"},
        {"connect_timeout": 2, "options": "-c LOCK_TIMEOUT='2s'"},
    ],
)
def test_with_time_outs_all_is_well(on_postgresql, options):
    on_postgresql.update(options)
    assert found("ptrack.W009", include_deployment_checks=True) == []


def test_in_the_background_no_image_waits_for_the_database(on_postgresql):
    with override_settings(PTRACK_OPENS_IN_BACKGROUND=True):
        assert found("ptrack.W009", include_deployment_checks=True) == []


def test_other_databases_have_no_such_time_outs(other):
    assert found("ptrack.W009", include_deployment_checks=True) == []


# How long


@pytest.mark.parametrize("days", [0, -1, 36_526, "30", 30.0, True])
def test_days_that_are_none_are_an_error(days):
    with override_settings(PTRACK_OPENS_KEEP_DAYS=days):
        [message] = found("ptrack.E011")
        assert found("ptrack.W012", include_deployment_checks=True) == []
    assert message.level == checks.ERROR
    assert f"PTRACK_OPENS_KEEP_DAYS is {days!r}" in message.msg


@pytest.mark.parametrize("days", [1, 365, 36_525])
def test_days_that_are_good(days):
    with override_settings(PTRACK_OPENS_KEEP_DAYS=days):
        assert found("ptrack.E011") + found("ptrack.W012", include_deployment_checks=True) == []


def test_a_site_that_is_deployed_is_asked_how_long_it_keeps_hits():
    with override_settings(PTRACK_OPENS_KEEP_DAYS=None):
        assert found("ptrack.W012") == found("ptrack.E011") == []
        [message] = found("ptrack.W012", include_deployment_checks=True)
    assert message.level == checks.WARNING
    assert "PTRACK_OPENS_KEEP_DAYS" in message.msg
    assert "ptrack_prune" in message.hint
