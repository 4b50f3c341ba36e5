"""Stores a hit by one statement, whatever other hits of the same pixel arrive meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connections, models, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ptrack import conf
from ptrack.hits import HitKind

from .models import MARKERS, StoredHit

#: A conflict with another hit is tried again; there may be one for each marker.
TRIES = 3

#: The code of MariaDB, and the SQLSTATEs of PostgreSQL, for a statement that another one made fail and that may be
#: tried again.
_DEADLOCK = 1213
_SERIALIZATION_FAILURE_OR_DEADLOCK = ("40001", "40P01")


class UnlessTaken(models.Expression):
    """A value for a unique column, or NULL if the column holds it already.

    Django's ``Case(When(Exists()))`` gives the same SQL and takes twice as long to make it.
    """

    output_field = models.UUIDField()

    def __init__(self, column: models.Field[Any, Any], value: Any) -> None:
        """Take the field of the column, and a value of it."""
        super().__init__()
        self.column = column
        self.value = value

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Return the SQL of the expression, and its parameters."""
        quote = connection.ops.quote_name
        table, column = quote(self.column.model._meta.db_table), quote(self.column.column)
        value = self.column.get_db_prep_value(self.value, connection)
        return f"CASE WHEN EXISTS(SELECT 1 FROM {table} WHERE {column} = %s) THEN NULL ELSE %s END", (value, value)  # noqa: S608


def store(hit: StoredHit) -> None:
    """Store a hit, first or repeat. One that is stored already, as when a task runs twice, is left as it is.

    Raises what the database raises.
    """
    connection = connections[router.db_for_write(type(hit))]
    tries_left = TRIES
    while True:
        tries_left -= 1
        # In a snapshot the row of another hit is never seen, so the last try does without markers.
        for name, value in _markers(hit, connection).items():
            setattr(hit, name, value if tries_left else None)
        try:
            with savepoint(connection):
                hit.save(force_insert=True, using=connection.alias)
        except (IntegrityError, OperationalError) as error:
            if not is_conflict(error):
                raise
            if type(hit)._base_manager.using(connection.alias).filter(pk=hit.pk).exists():
                return
            if not tries_left:
                raise
        else:
            return


def is_late(age: timedelta | None) -> bool:
    """Return whether a hit came when others of its pixel may be deleted, so that nobody knows whether it is the first.

    Takes the time from rendering to arrival.
    """
    days = conf.opens_keep_days()
    return days is not None and age is not None and age > timedelta(days=days)


def _markers(hit: StoredHit, connection: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return the values of the columns that mark first hits."""
    return {
        name: _marker(hit, name, connection) if HitKind(hit.kind) in kinds and not is_late(hit.age) else None
        for name, kinds in MARKERS.items()
        if hasattr(hit, name)
    }


def _marker(hit: StoredHit, name: str, connection: BaseDatabaseWrapper) -> Any:
    """Return the value of a column that marks first hits, for a hit that may be first."""
    if connection.vendor == "mysql" and not connection.get_autocommit():
        # MariaDB locks what an INSERT reads, and a deadlock undoes all of somebody's transaction.
        # What a statement of its own reads stays free.
        is_taken = type(hit)._base_manager.using(connection.alias).filter((name, hit.pixel_id)).exists()
        return None if is_taken else hit.pixel_id
    return UnlessTaken(hit._meta.get_field(name), hit.pixel_id)  # type: ignore[arg-type]


def savepoint(connection: BaseDatabaseWrapper) -> AbstractContextManager[Any]:
    """Return what keeps a conflict from breaking somebody's transaction; there is nothing to break outside of one."""
    return nullcontext() if connection.get_autocommit() else transaction.atomic(using=connection.alias)


def is_conflict(error: Exception) -> bool:
    """Return whether a statement failed because of another one that ran at the same time."""
    if isinstance(error, IntegrityError):
        return True
    return error.args[:1] == (_DEADLOCK,) or (
        getattr(error.__cause__, "sqlstate", None) in _SERIALIZATION_FAILURE_OR_DEADLOCK
    )
