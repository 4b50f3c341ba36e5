"""Works out what the hits of a window of time add up to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from django.db import connections, models
from django.db.models import Count, DurationField, Func, IntegerField, Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, TruncDay, TruncMonth, TruncWeek
from django.utils import timezone

from ptrack import conf
from ptrack.hits import HitKind

from .fields import unescape
from .median import Median
from .models import Open

#: Days that a report covers unless it is asked for others.
DEFAULT_DAYS = 30

#: Groups that a report lists; those with the most opens.
MAX_GROUPS = 100

# Django's syntax of templates.
_NAME_IN_TAG = re.compile(r"\w+")

# Days up to which a chart has a bar for each day, and for each week: about a hundred bars at most.
_MAX_DAILY, _MAX_WEEKLY = 100, 700


class Argument(NamedTuple):
    """An argument of the tag that hits can be grouped by: a position, from 0 on, or a name."""

    key: int | str

    @property
    def slug(self) -> str:
        """What stands for it in addresses and commands: ``1`` for the first in place, or ``=name``."""
        return str(self.key + 1) if isinstance(self.key, int) else f"={self.key}"

    @property
    def name(self) -> str:
        """What a person calls it in a command: the name, or the place."""
        return self.slug if isinstance(self.key, int) else self.key

    def __str__(self) -> str:
        return f"argument {self.key + 1}" if isinstance(self.key, int) else self.key


@dataclass(frozen=True)
class Group:
    """The hits that have one value of an argument, or all of them."""

    label: str
    #: Pixels whose first open is in the window.
    opens: int
    #: Time from rendering to first open, or None if no pixel says when it was rendered.
    median_age: timedelta | None
    #: Hits by kind.
    hits: dict[HitKind, int]

    @property
    def all_hits(self) -> int:
        return sum(self.hits.values())


#: Between these, a window has bounds in every time zone; a token's stamp lasts until 2106.
FIRST_DATE, LAST_DATE = date(1970, 1, 2), date(2199, 12, 31)


class Window(NamedTuple):
    """Days, the last included, in the current time zone."""

    since: date
    until: date

    @classmethod
    def of_days(cls, days: int) -> Window:
        """Return the window of so many days that ends today."""
        today = timezone.localdate() if conf.uses_time_zones() else date.today()  # noqa: DTZ011
        return cls(today - timedelta(days=days - 1), today)

    @classmethod
    def between(cls, since: date, until: date) -> Window:
        """Return the window from one day to another.

        Raises ``ValueError``, with words for people, if it ends before it begins or has no bounds.
        """
        if until < since:
            raise ValueError(f"The last day, {until}, is before the first, {since}: choose a later one.")
        if since < FIRST_DATE or until > LAST_DATE:
            raise ValueError(f"From {since} to {until} is too long: choose days from {FIRST_DATE} to {LAST_DATE}.")
        return cls(since, until)

    @property
    def days(self) -> int:
        return (self.until - self.since).days + 1

    def bounds(self) -> tuple[datetime, datetime]:
        """Return the moments at which it begins and ends, the end not included."""
        begin, end = (datetime.combine(day, time()) for day in (self.since, self.until + timedelta(days=1)))
        return (timezone.make_aware(begin), timezone.make_aware(end)) if conf.uses_time_zones() else (begin, end)


@dataclass(frozen=True)
class Report:
    """What the admin page, the command and the CSV file show."""

    window: Window
    by: Argument | None
    groups: list[Group]
    #: Whether there are groups beside those listed.
    has_more: bool
    total: Group
    #: First opens by the day on which a day, week or month begins.
    opens_by_date: dict[date, int]


def hits_in(window: Window) -> models.QuerySet[Open]:
    """Return the hits of a window."""
    begin, end = window.bounds()
    return Open.objects.filter(at__gte=begin, at__lt=end).order_by()


def seen_arguments() -> list[Argument]:
    """Return the arguments that any hit had: those in place first, then those with names."""
    connection = connections[Open.objects.db]
    table, column = (connection.ops.quote_name(name) for name in (Open._meta.db_table, "argument_names"))
    # The distinct values of a column, hopping through its index from each to the next; DISTINCT
    # would look at every row.
    smallest = f"SELECT MIN({column}) FROM {table}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE hop(names) AS ({smallest} UNION ALL "  # noqa: S608
            f"SELECT ({smallest} WHERE {column} > hop.names) FROM hop WHERE hop.names IS NOT NULL) "
            "SELECT names FROM hop WHERE names IS NOT NULL"
        )
        lists = [json.loads(row[0]) for row in cursor.fetchall()]
    positions = max((names[0] for names in lists), default=0)
    # Other names come from Python code alone, and not every database finds them in JSON.
    by_name = sorted({name for names in lists for name in names[1:] if _NAME_IN_TAG.fullmatch(name)})
    return [Argument(key) for key in (*range(positions), *by_name)]


def make_report(window: Window, by: Argument | None) -> Report:
    """Return the report on a window, grouped by an argument or not at all.

    Makes the same number of queries whatever the number of hits and groups.
    """
    groups, has_more, counts = _groups(window, by) if by else ([], False, _counts(window))
    return Report(
        window=window,
        by=by,
        groups=groups,
        has_more=has_more,
        total=_to_group("All", counts, _median_age(window)),
        opens_by_date=_opens_by_date(window),
    )


class _TextAt(KeyTextTransform):
    """The text of a value in JSON, at a position or a name as it is stored: Django looks for escapes on SQLite."""

    def __init__(self, key: int | str, column: str) -> None:
        super().__init__(str(key), column)
        self._key = key

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        # Django takes a name of digits for a position.
        lhs, params, _ = self.preprocess_lhs(compiler, connection)
        return f"({lhs} ->> %s)", (*params, self._key)

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:  # type: ignore[override]
        lhs, params, _ = self.preprocess_lhs(compiler, connection)
        path = f"$[{self._key}]" if isinstance(self._key, int) else f'$."{self._key}"'
        type_of, value = f"JSON_TYPE({lhs}, %s)", f"JSON_EXTRACT({lhs}, %s)"
        # Several values are given back as they are written: an int of over 64 bits as one,
        # where a single one would become a float.
        number = f"TRIM(JSON_EXTRACT({lhs}, %s, '$[999999]'), '[nul,]')"
        return (
            f"CASE {type_of} WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"WHEN 'integer' THEN {number} ELSE {value} END",
            (*params, path) * 3,
        )


class _SumOverGroups(Func):
    """The sum of an aggregate over all groups, those that LIMIT cuts off included."""

    template = "SUM(%(expressions)s) OVER ()"
    output_field = IntegerField()


_MEDIAN_AGE = Median("age", output_field=DurationField())
# Of columns that an index holds, so that counts which need no other do not read the rows.
_COUNTS = {
    "opens": Count("kind", filter=Q(is_first=True)),
    **{kind.value: Count("kind", filter=Q(kind=kind.value)) for kind in HitKind},
}
_TOTALS = {f"total_{name}": _SumOverGroups(name) for name in _COUNTS}


def _groups(window: Window, by: Argument) -> tuple[list[Group], bool, dict[str, int]]:
    """Return the groups to list, whether there are more, and the counts of all hits."""
    hits: Any = hits_in(window).annotate(value=_value_of(by))
    counted = hits.values("value").annotate(**_COUNTS).annotate(**_TOTALS).order_by("-opens", "value")
    rows = list(counted[: MAX_GROUPS + 1])
    listed, has_more = rows[:MAX_GROUPS], len(rows) > MAX_GROUPS
    firsts = hits.filter(is_first=True)
    if has_more:
        firsts = firsts.filter(Q(value__in=[row["value"] for row in listed]) | Q(value__isnull=True))
    medians = dict(firsts.values("value").annotate(median=_MEDIAN_AGE).values_list("value", "median"))
    groups = [_to_group(_to_label(row["value"]), row, medians.get(row["value"])) for row in listed]
    return groups, has_more, {name: rows[0][f"total_{name}"] if rows else 0 for name in _COUNTS}


def _counts(window: Window) -> dict[str, int]:
    by_kind = hits_in(window).values("kind").annotate(hits=Count("*"), opens=_COUNTS["opens"])
    counts = dict.fromkeys(_COUNTS, 0)
    for row in by_kind:
        counts[row["kind"]] = row["hits"]
        counts["opens"] += row["opens"]
    return counts


def _median_age(window: Window) -> timedelta | None:
    median: timedelta | None = hits_in(window).filter(is_first=True).aggregate(median=_MEDIAN_AGE)["median"]
    return median


def _opens_by_date(window: Window) -> dict[date, int]:
    unit: Any = TruncDay if window.days <= _MAX_DAILY else TruncWeek if window.days <= _MAX_WEEKLY else TruncMonth
    firsts = hits_in(window).filter(is_first=True)
    counted = {
        row["begin"].date(): row["opens"]
        for row in firsts.annotate(begin=unit("at")).values("begin").annotate(opens=Count("*"))
    }
    return {begin: counted.get(begin, 0) for begin in _begins(window, unit)}


def _begins(window: Window, unit: Any) -> Iterator[date]:
    for number in range(window.days):
        day = window.since + timedelta(days=number)
        if unit is TruncWeek:
            day -= timedelta(days=day.weekday())
        elif unit is TruncMonth:
            day = day.replace(day=1)
        yield day


def _value_of(argument: Argument) -> Cast:
    column = "args" if isinstance(argument.key, int) else "kwargs"
    # As text everywhere: SQLite would tell 7 and "7" apart.
    return Cast(_TextAt(argument.key, column), TextField())


def _to_group(label: str, row: dict[str, Any], median: timedelta | None) -> Group:
    return Group(label, row["opens"], median, {kind: row[kind.value] for kind in HitKind})


def _to_label(value: str | None) -> str:
    return "(none)" if value is None else printable(unescape(value))


def printable(text: str) -> str:
    """Return a text with what cannot be shown as Python's escapes."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def to_words(age: timedelta | None) -> str:
    """Return a length of time for people, in its two largest units: ``3 h 20 min``."""
    if age is None:
        return "-"
    seconds = round(age.total_seconds())
    parts = []
    for name, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts.append((count, name))
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    shown = [part for part in parts[first : first + 2] if part[0] or part is parts[first]]
    return " ".join(f"{count} {name}" for count, name in shown)


#: Over the columns that follow the label of a group.
HEADINGS = ["unique opens", "median time to open", *(kind.value for kind in HitKind), "all hits"]


def to_row(group: Group) -> Sequence[Any]:
    """Return a group's label, and what stands under ``HEADINGS``; its time to open is a ``timedelta`` or None."""
    return [group.label, group.opens, group.median_age, *group.hits.values(), group.all_hits]
