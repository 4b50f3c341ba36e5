"""Pages of a list whose rows are not all counted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator

if TYPE_CHECKING:
    Base = Paginator[Any]
else:
    Base = Paginator

#: Counting stops here: a person turns no more pages, and to count millions of rows takes seconds.
MAX_COUNT = 10_000


class HitPaginator(Base):
    """Counts up to ``MAX_COUNT`` hits, and has pages for as many."""

    @cached_property
    def count(self) -> int:
        """The number of hits, at most ``MAX_COUNT``."""
        return min(self._count_a_little_more, MAX_COUNT)

    @property
    def has_more(self) -> bool:
        """Whether there are more hits than were counted."""
        return self._count_a_little_more > MAX_COUNT

    def page(self, number: Any) -> Page[Any]:
        """Return a page. Raises what Django's paginator raises."""
        found: Any = super().page(number)
        hits: Any = self.object_list
        if self.count and hits.query.order_by[:1] == ("-at",):
            # MariaDB would sort all hits by time and key. So the last time is found first, in an index.
            begin, end = found.start_index() - 1, found.end_index()
            for last in hits.order_by("-at").values_list("at", flat=True)[end - 1 : end]:
                hits = hits.filter(at__gte=last)
            found.object_list = hits[begin:end]
        return found  # type: ignore[no-any-return]

    @cached_property
    def _count_a_little_more(self) -> int:
        hits: Any = self.object_list
        # No order: hits would be sorted for nothing.
        return int(hits.order_by()[: MAX_COUNT + 1].count())
