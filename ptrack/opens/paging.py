"""Pages of a list whose rows are not all counted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator

if TYPE_CHECKING:
    Base = Paginator[Any]
else:
    Base = Paginator

#: Counting stops here: a person turns no more pages, and to count millions of rows takes seconds.
MAX_COUNT = 10_000


class BoundedPaginator(Base):
    """Counts up to ``MAX_COUNT`` rows, and has pages for as many."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most ``MAX_COUNT``."""
        return min(self._count_a_little_more, MAX_COUNT)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._count_a_little_more > MAX_COUNT

    @cached_property
    def _count_a_little_more(self) -> int:
        rows: Any = self.object_list
        # No order: it would be sorted for nothing.
        return int(rows.order_by()[: MAX_COUNT + 1].count())
