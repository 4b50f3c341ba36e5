"""The system checks of ``ptrack.opens``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import Error, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from ptrack import conf
from ptrack._messages import check_setting, warn

from .models import PixelHit

TAG = "ptrack"

#: The databases that the tables were made for, beside MariaDB, and tried with.
VENDORS = ("sqlite", "postgresql")

#: The first version of MariaDB that they were tried with.
MARIADB_VERSION = (10, 11)

# What PostgreSQL's client passes to the server, such as "-c lock_timeout=500". Zero is no limit.
_LIMIT_OF_STATEMENTS = re.compile(r"\b(?:lock|statement)[_-]timeout\s*=\s*'?0*[1-9]", re.IGNORECASE)


def register_checks() -> None:
    """Make ``manage.py check`` run the checks of this module, and ``migrate`` those that are not for deployment."""
    checks.register(check_ptrack_is_installed, TAG)
    checks.register(check_database, TAG)
    checks.register(check_time_zone, TAG)
    checks.register(check_opens_sent, TAG)
    checks.register(check_keep_days, TAG)
    checks.register(check_time_outs, TAG, deploy=True)
    checks.register(check_retention, TAG, deploy=True)


def check_ptrack_is_installed(**kwargs: Any) -> list[checks.CheckMessage]:
    # This check is not in ptrack.checks, because the app ptrack registers those.
    if apps.is_installed("ptrack"):
        return []
    return [
        checks.Error(
            "ptrack.opens is in INSTALLED_APPS, but ptrack itself is not, so no hit is recorded.",
            hint="Add 'ptrack' to INSTALLED_APPS, beside 'ptrack.opens'.",
            id="ptrack.E005",
        )
    ]


def check_database(**kwargs: Any) -> list[checks.CheckMessage]:
    connection = _connection_of_rows()
    # The vendor is known without a connection; whether it is MariaDB takes one.
    if connection.vendor in VENDORS or (connection.vendor == "mysql" and _may_be_mariadb(connection)):
        return []
    return [
        checks.Error(
            f"ptrack.opens cannot use the database {connection.alias!r}, of the kind {connection.vendor!r}: it was "
            "neither made for it nor tried with it, and its numbers could be wrong.",
            hint="Use PostgreSQL, SQLite, or MariaDB 10.11 or newer. If the site has such a database under another "
            "alias, send the app 'ptrack_opens' there with DATABASE_ROUTERS.",
            id="ptrack.E006",
        )
    ]


def check_time_zone(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check that MariaDB knows the time zone of the site, for else it cannot tell on which day a hit arrived."""
    connection = _connection_of_rows()
    if connection.vendor != "mysql" or not conf.uses_time_zones() or _knows_time_zone(connection):
        return []
    return warn(
        f"The database {connection.alias!r} does not know TIME_ZONE = {conf.time_zone()!r}, so the report of "
        "ptrack.opens has no chart.",
        "Fill MariaDB's tables of time zones: mariadb-tzinfo-to-sql /usr/share/zoneinfo | mariadb mysql",
        "ptrack.W013",
    )


def check_opens_sent(**kwargs: Any) -> list[checks.CheckMessage]:
    hint = "Correct the setting, or remove it if there shall be no rates. Until then, a running server shows no rates."
    return check_setting(conf.opens_sent, hint, "ptrack.E012")


def check_time_outs(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check, before a site is deployed, that a database that hangs does not hold the images."""
    connection = _connection_of_rows()
    if connection.vendor != "postgresql" or conf.opens_in_background():
        return []
    missing = _missing_time_outs(connection.settings_dict["OPTIONS"])
    if not missing:
        return []
    return warn(
        f"ptrack.opens writes to the database {connection.alias!r} while the image waits, and OPTIONS have "
        f"{' and '.join(missing)}. If that database hangs, every image waits for it.",
        "Set the time-outs in OPTIONS, best in those of a second alias for ptrack.opens, or set "
        "PTRACK_OPENS_IN_BACKGROUND = True. If the role or the environment sets them, silence this message.",
        "ptrack.W009",
    )


def check_keep_days(**kwargs: Any) -> list[checks.CheckMessage]:
    hint = "Correct the setting. Until then no hit is stored, and ptrack_prune deletes none."
    return check_setting(conf.opens_keep_days, hint, "ptrack.E011")


def check_retention(**kwargs: Any) -> list[checks.CheckMessage]:
    """Check, before a site is deployed, that somebody decided how long hits are kept."""
    if check_keep_days() or conf.opens_keep_days() is not None:
        return []
    return warn(
        "PTRACK_OPENS_KEEP_DAYS is not set, so ptrack.opens keeps data about people for ever.",
        "Set it to a number of days, such as 365, and run 'python manage.py ptrack_prune' every day. If hits are to be "
        "kept for ever, silence this message.",
        "ptrack.W012",
    )


def _connection_of_rows() -> BaseDatabaseWrapper:
    return connections[router.db_for_write(PixelHit)]


def _may_be_mariadb(connection: Any) -> bool:
    """Return whether a database of the kind "mysql" is a MariaDB that is new enough, or cannot be asked."""
    try:
        return bool(connection.mysql_is_mariadb and connection.mysql_version >= MARIADB_VERSION)
    except Error:
        # Whatever needs the database says better why it cannot be reached.
        return True


def _knows_time_zone(connection: BaseDatabaseWrapper) -> bool:
    """Return whether MariaDB knows the time zone of the site, or cannot be asked."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT CONVERT_TZ('2001-01-01', 'UTC', %s)", [conf.time_zone()])
            return bool(cursor.fetchone() != (None,))
    except Error:
        return True


def _missing_time_outs(options: Mapping[str, Any]) -> list[str]:
    missing = []
    if not re.match(r"0*[1-9]", str(options.get("connect_timeout"))):
        missing.append("no connect_timeout")
    if not _LIMIT_OF_STATEMENTS.search(str(options.get("options"))):
        missing.append("neither lock_timeout nor statement_timeout")
    # Django's connection pool waits 30 seconds for a connection, whatever connect_timeout says.
    pool = options.get("pool")
    if pool and not (isinstance(pool, Mapping) and pool.get("timeout")):
        missing.append("no timeout of the pool")
    return missing
