"""A value in a JSON column as text, for SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, F, Func, TextField, Value, When
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, In


class JSONText(Func):
    """The text of one value in a column of positional or keyword arguments; NULL without such a value.

    Django's ``KeyTextTransform`` is not enough: on PostgreSQL it reads a name of digits as a
    position, and on SQLite it misses names outside ASCII and returns large integers as floats.
    """

    function = "JSONB_EXTRACT_PATH_TEXT"
    output_field = TextField()

    def __init__(self, column: str, key: int | str) -> None:
        """Take the name of the column, and a position counted from 0 or a name without quotation marks."""
        super().__init__(F(column), Value(str(key)))
        self.key = key

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the SQL for SQLite, which needs a way of its own for each type of value."""
        column = self.get_source_expressions()[0]
        path = Value(f'$."{self.key}"' if isinstance(self.key, str) else f"$[{self.key}]")
        json_type = Func(column, path, function="JSON_TYPE", output_field=TextField())
        value = Func(column, path, function="JSON_EXTRACT", output_field=TextField())
        # SQLite returns an integer of more than 64 bits as a float, but as it is written if there is
        # a second path. Here that path leads nowhere, and TRIM leaves the number of "[number,null]".
        array = Func(column, path, Value("$[999999]"), function="JSON_EXTRACT", output_field=TextField())
        text = Case(
            When(In(json_type, ["true", "false"]), then=json_type),
            When(Exact(json_type, "integer"), then=Func(array, Value("[nul,]"), function="TRIM")),
            # Without the cast, SQLite would tell the float 1.5 and the text "1.5" apart.
            default=Cast(value, TextField()),
            output_field=TextField(),
        )
        return text.as_sql(compiler, connection)
