"""Texts in a query, which every database compares character by character."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import BooleanField, F, Func, TextField, Value

from .fields import escape


class ExactText(Func):
    """A text whose upper and lower case and whose blanks at the end tell it from others, whatever the collation."""

    template = "%(expressions)s"
    output_field = TextField()

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for MariaDB, whose collations fold case and ignore blanks at the end."""
        template = "CONVERT(%(expressions)s USING utf8mb4) COLLATE utf8mb4_nopad_bin"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for PostgreSQL, with the order of the other databases."""
        return self.as_sql(compiler, connection, template='(%(expressions)s COLLATE "C")', **context)


class ArgumentText(Func):
    """The text of one argument of a stored hit; NULL without that argument."""

    function = "JSONB_EXTRACT_PATH_TEXT"
    output_field = TextField()

    def __init__(self, key: int | str) -> None:
        """Take a position counted from 0, or a name."""
        self.key = escape(key) if isinstance(key, str) else key
        super().__init__(F("kwargs" if isinstance(key, str) else "args"), Value(str(self.key)))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for PostgreSQL, with the order of the other databases."""
        return self.as_sql(compiler, connection, template='(%(function)s(%(expressions)s) COLLATE "C")', **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for SQLite, whose paths do not find all names."""
        column, _ = self.get_source_expressions()
        sql, params = compiler.compile(column)
        return f"(SELECT value FROM JSON_EACH({sql}) WHERE key = %s)", (*params, self.key)  # noqa: S608

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for MariaDB."""
        column, _ = self.get_source_expressions()
        # A path quotes names as JSON does.
        path = Value(f"$[{self.key}]" if isinstance(self.key, int) else f"$.{json.dumps(self.key, ensure_ascii=False)}")
        found = Func(column, path, function="JSON_EXTRACT", output_field=TextField())
        return ExactText(Func(found, function="JSON_UNQUOTE")).as_mysql(compiler, connection)


class HoldsText(Func):
    """Whether a column of texts, ``args`` or ``kwargs``, has exactly this one among its values."""

    function = "JSONB_PATH_EXISTS"
    output_field = BooleanField()

    def __init__(self, column: str, text: str) -> None:
        """Take the name of the column, and a text as it is stored."""
        # A path of SQL/JSON: the items at any depth that equal a variable.
        super().__init__(F(column), Value("$.** ? (@ == $text)"), Value(json.dumps({"text": text})))
        self.items = "$[*]" if column == "args" else "$.*"
        self.text = text

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for PostgreSQL."""
        column, path, variables = map(compiler.compile, self.get_source_expressions())
        sql = f"{self.function}({column[0]}, {path[0]}::jsonpath, {variables[0]}::jsonb)"
        return sql, (*column[1], *path[1], *variables[1])

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for SQLite."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return f"EXISTS(SELECT 1 FROM JSON_EACH({sql}) WHERE value = %s)", (*params, self.text)  # noqa: S608

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for MariaDB."""
        sql, params = compiler.compile(self.get_source_expressions()[0])
        table = f"JSON_TABLE({sql}, '{self.items}' COLUMNS (value LONGTEXT PATH '$')) AS items"
        value = "CONVERT(value USING utf8mb4) COLLATE utf8mb4_nopad_bin"
        return f"EXISTS(SELECT 1 FROM {table} WHERE {value} = %s)", (*params, self.text)  # noqa: S608
