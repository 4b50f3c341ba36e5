"""Judges stored hits again, by the rules of today, from what their rows keep of the request."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count

from ptrack.hits import Verdict, judge

from .batches import do_whole, hits_to_change, pages, repeat_conflicts
from .fields import unescape
from .markers import LostMarkers, can_be_first, mark_first_hits
from .models import MARKERS, LinkHit, PixelHit, StoredHit

_READ = ("pixel_id", "kind", "rule", "user_agent", "headers", "is_secure", "age")


def judge_again(hit: StoredHit) -> Verdict:
    """Return what the rules of today say of a stored hit."""
    headers = {**hit.headers, "User-Agent": unescape(hit.user_agent)}
    return judge(headers, hit.age, is_click=isinstance(hit, LinkHit), is_secure=hit.is_secure)


class Judgement:
    """Judges all hits of a model again, and counts them: by kind, and the first ones by the column of their marker."""

    def __init__(self, model: type[StoredHit], *, dry_run: bool) -> None:
        """Take the model, and whether no row is to be changed."""
        self.before: Counter[str] = Counter()
        self.after: Counter[str] = Counter()
        #: The number of hits of which today's rules say something else, be it the rule alone.
        self.changed = 0
        self._columns = MARKERS if model is PixelHit else {}
        self._dry_run = dry_run
        self._hits = hits_to_change(model)
        self._pixel: UUID | None = None
        self._seen: set[str] = set()

    def run(self, size: int, tell: Callable[[int], None]) -> None:
        """Judge in batches of a size, and tell the number of hits of each one.

        The hits of a pixel are one batch, so that its markers are decided on with all of them in
        view, unless they are more than the size.
        """
        hits = self._hits.only(*_READ, *self._columns)
        self.before.update(self._hits.aggregate(**{column: Count(column) for column in self._columns}))
        with LostMarkers() as lost:
            for batch in _whole_pixels(pages(hits, "pixel_id", "pk", size=size)):
                changed = [hit for hit in batch if self._judge(hit)]
                if not self._dry_run:
                    self._write(batch, changed, lost)
                tell(len(batch))

    def _judge(self, hit: StoredHit) -> bool:
        """Give a hit its new kind and rule, count it, and return whether they differ from the former ones."""
        former = (hit.kind, hit.rule)
        if hit.pixel_id != self._pixel:
            self._pixel, self._seen = hit.pixel_id, set()
        verdict = judge_again(hit)
        hit.kind, hit.rule = verdict.kind.value, verdict.rule
        is_changed = former != (hit.kind, hit.rule)
        self.before[former[0]] += 1
        self.after[hit.kind] += 1
        self.changed += is_changed
        firsts = {column for column in self._columns if can_be_first(hit, column)} - self._seen
        self.after.update(firsts)
        self._seen |= firsts
        return is_changed

    def _write(self, batch: Sequence[Any], changed: Sequence[Any], lost: LostMarkers) -> None:
        """Store the kinds of a batch, and let its markers follow, as a whole."""
        keys, pixels = {hit.pk for hit in changed}, {hit.pixel_id for hit in changed}
        no_firsts: dict[str, list[UUID]] = {}
        unmarked: set[UUID] = set()
        for column in self._columns:
            possible = {hit.pk: hit.pixel_id for hit in batch if can_be_first(hit, column)}
            marked = {hit.pk: hit.pixel_id for hit in batch if getattr(hit, column)}
            no_firsts[column] = [*(keys | marked.keys()) - possible.keys()]
            pixels.update(marked[key] for key in marked.keys() - possible.keys())
            unmarked.update(set(possible.values()) - {marked[key] for key in marked.keys() & possible.keys()})

        def store() -> None:
            for column, others in no_firsts.items():
                self._hits.filter(pk__in=others).exclude((column, None)).update(**{column: None})
            for (kind, rule), judged in _by_verdict(changed).items():
                self._hits.filter(pk__in=judged).update(kind=kind, rule=rule)
            mark()

        def mark() -> None:
            if self._columns:
                mark_first_hits(unmarked | pixels)

        if pixels:
            do_whole(self._hits.db, store)
            lost.add([*pixels])
        elif unmarked:
            repeat_conflicts(self._hits.db, mark)


def _by_verdict(hits: Sequence[Any]) -> dict[tuple[str, str], list[UUID]]:
    """Return the keys of hits by their kind and rule."""
    found: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for hit in hits:
        found[hit.kind, hit.rule].append(hit.pk)
    return found


def _whole_pixels(pages: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """Yield hits that come sorted by pixel, all hits of a pixel together unless they are more than a page."""
    rest: list[Any] = []
    for page in pages:
        hits = [*rest, *page]
        last = hits[-1].pixel_id
        rest = [hit for hit in hits if hit.pixel_id == last]
        if len(rest) < len(hits):
            yield hits[: -len(rest)]
        else:
            yield hits
            rest = []
    if rest:
        yield rest
