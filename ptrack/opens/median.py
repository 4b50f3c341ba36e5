"""The median as an aggregate of the database, for SQLite and PostgreSQL."""

from __future__ import annotations

import statistics
from typing import Any

from django.db.models import Aggregate


class Median(Aggregate):
    """The middle value of an expression, or the mean of the two in the middle; NULL without any value."""

    name = "Median"
    template = "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for SQLite, which has no median of its own."""
        return self.as_sql(compiler, connection, template="ptrack_median(%(expressions)s)", **context)


class SQLiteMedian:
    """The aggregate ``ptrack_median``, in the form that Python's ``sqlite3`` asks for."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def step(self, value: float | None) -> None:
        """Take the value of one row."""
        if value is not None:
            self.values.append(value)

    def finalize(self) -> float | None:
        """Return the median of the values, or None without any."""
        return statistics.median(self.values) if self.values else None


def add_median_to_sqlite(connection: Any, **kwargs: Any) -> None:
    """Give a new connection the aggregate that ``Median`` calls, if it is a connection to SQLite."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("ptrack_median", 1, SQLiteMedian)
