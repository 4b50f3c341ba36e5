from __future__ import annotations

from typing import Any

from django.http import HttpRequest

import ptrack
from ptrack import conf

from .failures import shortened_when_repeated
from .models import Open

if conf.opens_in_background():
    from ptrack.background import BackgroundPixel as Base
else:
    from ptrack import TrackingPixel as Base  # type: ignore[assignment]


@ptrack.tracker.register
class OpenPixel(Base):
    """Keeps every hit as a row."""

    def record(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> None:
        with shortened_when_repeated():
            Open.objects.record(request, args, kwargs)
