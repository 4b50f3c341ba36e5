"""The hits that a report is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.db import models

from ptrack import conf

from .conditions import Condition
from .models import LinkHit, PixelHit, StoredHit
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

    def of(self, model: type[StoredHit]) -> models.QuerySet[Any]:
        """Return the hits of pixels or of links, in no particular order."""
        begin, end = self.window.bounds()
        if not self.by_rendering:
            return self._matching(model, at__gte=begin, at__lt=end)
        return self._matching(model, issued_at__gte=begin, issued_at__lt=end, at__gte=begin - _WRONG_CLOCKS)

    def count_untimed(self) -> int:
        """Return how many hits arrived in the window and are left out, because nobody knows when they were rendered."""
        if not self.by_rendering:
            return 0
        begin, end = self.window.bounds()
        times: dict[str, Any] = {"issued_at": None, "at__gte": begin, "at__lt": end}
        return sum(self._matching(model, **times).count() for model in (PixelHit, LinkHit))

    def _matching(self, model: type[StoredHit], **lookups: Any) -> models.QuerySet[Any]:
        conditions = [] if self.where is None else [(self.where.argument.key, self.where.value)]
        return model.objects.filter(**lookups).matching(conditions).order_by()
