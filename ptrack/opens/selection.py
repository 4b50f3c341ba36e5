"""The hits that a report is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, NamedTuple

from ptrack import conf

from .conditions import Condition
from .models import MODELS, StoredHit
from .window import Window

#: A clock that is wrong may let a hit arrive before its email was rendered.
_WRONG_CLOCKS = timedelta(days=1)


class Selection(NamedTuple):
    """The hits of a window, perhaps those alone that meet a condition."""

    window: Window
    where: Condition | None = None

    @property
    def by_rendering(self) -> bool:
        """Whether the hits are those of emails that were rendered in the window, not those that arrived in it."""
        return conf.has_opens_sent()

    @property
    def time(self) -> str:
        """The name of the column whose times are in the window."""
        return "issued_at" if self.by_rendering else "at"

    def of(self, model: type[StoredHit]) -> Any:
        """Return the hits of pixels or of links, in no particular order."""
        return self._matching(in_window(model.objects.all(), self.window, by_rendering=self.by_rendering))

    def count_untimed(self) -> int:
        """Return how many hits arrived in the window and are left out, because nobody knows when they were rendered."""
        if not self.by_rendering:
            return 0
        untimed = (model.objects.filter(issued_at=None) for model in MODELS)
        return sum(self._matching(in_window(hits, self.window, by_rendering=False)).count() for hits in untimed)

    def _matching(self, hits: Any) -> Any:
        return meeting(hits, [] if self.where is None else [self.where]).order_by()


def meeting(hits: Any, conditions: Iterable[Condition]) -> Any:
    """Return those of some hits that meet all conditions."""
    return hits.matching((argument.key, value) for argument, value in conditions)


def in_window(hits: Any, window: Window, *, by_rendering: bool) -> Any:
    """Return those of some hits that arrived in a window, or whose emails were rendered in it."""
    begin, end = window.bounds()
    if by_rendering:
        return hits.filter(issued_at__gte=begin, issued_at__lt=end, at__gte=begin - _WRONG_CLOCKS)
    return hits.filter(at__gte=begin, at__lt=end)
