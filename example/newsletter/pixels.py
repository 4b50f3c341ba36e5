"""The pixel of the project. ptrack imports this module at start-up, because it is in the project package."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

import ptrack

from . import opens


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    # The parameter "request" is optional. Without it, record() receives the tag's arguments only.
    def record(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        user_agent = request.headers.get("User-Agent", "")[:512]
        opens.add(opens.Open(args, kwargs, datetime.now(UTC), user_agent))
