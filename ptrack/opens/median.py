"""The median as an aggregate of the database, for PostgreSQL and SQLite."""

from __future__ import annotations

import statistics
from typing import Any

from django.db.models import Aggregate


class _SQLiteMedian:
    def __init__(self) -> None:
        self._values: list[float] = []

    def step(self, value: float | None) -> None:
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        return statistics.median(self._values) if self._values else None


def add_median_to_sqlite(connection: Any, **kwargs: Any) -> None:
    """Teach a new connection the function that ``Median`` calls, if it is one to SQLite."""
    if connection.vendor == "sqlite":
        connection.connection.create_aggregate("ptrack_median", 1, _SQLiteMedian)


class Median(Aggregate):
    """The middle value of an expression, or the mean of the two in the middle; NULL without any."""

    function = "ptrack_median"
    name = "Median"

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **extra)
