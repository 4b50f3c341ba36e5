"""ptrack imports this module at start-up, as it lies in the project package."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

import ptrack

from . import opens


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    # The parameter named request is optional: without it, record() gets the tag's arguments alone.
    def record(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        user_agent = request.headers.get("User-Agent", "")[:512]
        opens.add(opens.Open(args, kwargs, datetime.now(UTC), user_agent))
