"""What the project does at an open and at a click. ptrack imports this module at start-up."""

from typing import Any

import ptrack
from ptrack.hits import HitRequest

from . import recorded


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    # The parameter "request" is optional. Without it, record() receives the tag's arguments only.
    def record(self, request: HitRequest, *args: Any, **kwargs: Any) -> None:
        recorded.opens.add(request, args, kwargs)


# A reader waits for the page until record() has returned. This one appends to a list; one that
# uses a database belongs into a subclass of ptrack.BackgroundLink.
@ptrack.tracker.register
class ClickLog(ptrack.TrackingLink):
    def record(self, request: HitRequest, url: str, *args: Any, **kwargs: Any) -> None:
        recorded.clicks.add(request, (url, *args), kwargs)
