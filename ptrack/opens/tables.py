"""The tables of the report's page: how they sort, what their cells show, and where links in them lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .columns import Column, humanize_number
from .groups import Group
from .parameters import make_query
from .words import natural_key

#: What a report is sorted by at first: the most unique opens at the top.
FIRST_SORT = "-opens"

_LABEL = "label"


class Heading(NamedTuple):
    """The heading of a column, with the query of the URL that sorts by it."""

    text: Any
    query: str
    #: How the table is sorted by it at present, as ``aria-sort`` says it, or empty.
    order: str


class Cell(NamedTuple):
    """A number in a table, perhaps with a link."""

    heading: Any
    text: Any
    url: str | None = None


class Row(NamedTuple):
    """A group in a table: its label, perhaps with a link, and its numbers."""

    label: str
    url: str | None
    cells: list[Cell]
    #: The numbers of hits of each kind.
    kinds: list[Cell]
    #: Why there are no rates, or empty.
    remark: str


def to_cells(group: Group, columns: Iterable[Column], urls: Mapping[str, str]) -> list[Cell]:
    """Return the cells of a group. Takes the URLs behind those that are not 0, by the keys of the columns."""
    numbers = [(column, column.of(group)) for column in columns]
    return [
        Cell(column.heading, humanize_number(number), urls.get(column.key) if number else None)
        for column, number in numbers
    ]


def sort_groups(groups: Sequence[Group], columns: Iterable[Column], sort: str) -> tuple[list[Group], str]:
    """Return groups in the order of a column, and what they are sorted by.

    Takes the key of the column, with a minus before it for the highest at the top. Groups without
    a value stand last. An unknown key is ``FIRST_SORT``.
    """
    keys: dict[str, Callable[[Group], Any]] = {column.key: column.of for column in columns}
    keys[_LABEL] = lambda group: None if group.value is None else natural_key(group.value)
    if sort.removeprefix("-") not in keys:
        sort = FIRST_SORT
    key = keys[sort.removeprefix("-")]
    known = [group for group in groups if key(group) is not None]
    unknown = [group for group in groups if key(group) is None]
    return sorted(known, key=key, reverse=sort.startswith("-")) + unknown, sort


def to_headings(label: Any, columns: Iterable[Column], sort: str, parameters: Mapping[str, Any]) -> Iterator[Heading]:
    """Yield the headings of a table. Takes what it is sorted by, and the parameters of the page."""
    for key, text, first in ((_LABEL, label, ""), *((column.key, column.heading, "-") for column in columns)):
        is_sorted, is_descending = sort.removeprefix("-") == key, sort.startswith("-")
        prefix = ("" if is_descending else "-") if is_sorted else first
        order = ("descending" if is_descending else "ascending") if is_sorted else ""
        yield Heading(text, make_query(parameters, sort=prefix + key), order)
