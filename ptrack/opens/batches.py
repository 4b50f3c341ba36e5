"""Goes through many hits: in pages, and in batches that are tried again if they conflict with new hits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from django.db import IntegrityError, OperationalError, connections, router, transaction
from django.db.models import Q

from .conditions import Condition
from .models import StoredHit
from .selection import Selection, meeting
from .storing import is_conflict, savepoint

#: The number of hits that are changed at a time. PostgreSQL changes so many in a few hundredths of
#: a second. SQLite lets nobody else write meanwhile, and MariaDB makes a join of a list of a
#: thousand keys, which reads the whole table.
BATCH, BATCH_ON_POSTGRESQL = 500, 5000

#: The number of hits that are read at a time for a file.
READ = 2000

#: The number of hits among which one statement looks for those with some arguments.
SLICE = 5000

#: How many times a batch is tried that conflicts with hits that arrive.
TRIES = 20

Result = TypeVar("Result")


def hits_to_change(model: type[StoredHit]) -> Any:
    """Return all hits of a model, read from the database that they are written to: a replica may be behind it."""
    return model.objects.using(router.db_for_write(model)).order_by()


def batch_size(alias: str) -> int:
    """Return how many hits are changed at a time, unless a person says otherwise."""
    return BATCH_ON_POSTGRESQL if connections[alias].vendor == "postgresql" else BATCH


def pages(hits: Any, *columns: str, size: int) -> Iterator[list[Any]]:
    """Yield hits in pages, in the order of some columns that no two hits have in common.

    Each page is a query of its own that begins behind the last hit: not every database client can
    read a long answer bit by bit, and hits may be deleted meanwhile.
    """
    hits = hits.order_by(*columns)
    page = list(hits[:size])
    while page:
        yield page
        page = list(hits.filter(_is_behind(page[-1], columns))[:size])


def hits_by_time(selection: Selection, model: type[StoredHit], size: int = READ) -> Iterator[StoredHit]:
    """Return the hits of pixels or of links by time, and read as few at a time as memory should hold.

    The days are those of the time zone that is current now, and not while the hits are read.
    ``iterator()`` would not do: on MariaDB it fetches all hits at once.
    """
    time = selection.time
    hits, times = selection.of(model).order_by(time, "pk"), Selection(selection.window).of(model).order_by(time)
    return _read_by_time(hits, times, time, size)


def _read_by_time(hits: Any, times: Any, time: str, size: int) -> Iterator[StoredHit]:
    """Yield hits that are ordered by time. Takes also the hits of the same days without a condition."""
    behind, not_before = Q(), Q()
    while True:
        # A database reads as many rows as it sorts. So the end of the page is found first, in an index.
        end = times.filter(not_before).values_list(time, flat=True)[size : size + 1].first()
        page = list(hits.filter(behind if end is None else behind & Q((f"{time}__lte", end)))[:size])
        yield from page
        if len(page) == size:
            behind, not_before = _is_behind(page[-1], (time, "pk")), Q((f"{time}__gte", getattr(page[-1], time)))
        elif end is not None:
            behind = not_before = Q((f"{time}__gt", end))
        else:
            return


def slices(hits: Any, size: int = SLICE) -> Iterator[Any]:
    """Yield all hits in slices, so that a query into one of them reads that many hits at most."""
    hits = hits.order_by("pk")
    rest = hits
    while True:
        last = rest.values_list("pk", flat=True)[size - 1 : size].first()
        if last is None:
            break
        yield rest.filter(pk__lte=last)
        rest = hits.filter(pk__gt=last)
    yield rest


def matching(hits: Any, conditions: Sequence[Condition]) -> Iterator[Any]:
    """Yield those of some hits that meet all conditions, as query sets that take a short time each."""
    return (meeting(part, conditions) for part in slices(hits))


def chunks(values: Sequence[Result], size: int) -> Iterator[Sequence[Result]]:
    """Yield values in chunks of a size."""
    return (values[start : start + size] for start in range(0, len(values), size))


def repeat_conflicts(alias: str, batch: Callable[[], Result]) -> Result:
    """Do a batch, again as long as it conflicts with a hit that arrives. Return what it returns."""
    tries_left = TRIES
    while True:
        tries_left -= 1
        try:
            with savepoint(connections[alias]):
                return batch()
        except (IntegrityError, OperationalError) as error:
            if not (tries_left and is_conflict(error)):
                raise


def do_whole(alias: str, batch: Callable[[], Result]) -> Result:
    """Do a batch in one transaction, again as long as it conflicts with a hit that arrives. Return what it returns.

    Its first statement should write: on SQLite a transaction that read before may have to give up.
    """

    def in_transaction() -> Result:
        with transaction.atomic(using=alias):
            return batch()

    return repeat_conflicts(alias, in_transaction)


def _is_behind(last: Any, columns: Sequence[str]) -> Q:
    """Return the condition that a hit comes after another one in the order of some columns."""
    first, *others = columns
    value = getattr(last, first)
    if not others:
        return Q((f"{first}__gt", value))
    # The first part alone is enough for a database to find where to begin in an index.
    return Q((f"{first}__gte", value)) & (Q((f"{first}__gt", value)) | _is_behind(last, others))
