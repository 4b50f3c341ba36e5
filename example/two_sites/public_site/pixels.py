"""What happens at a click. The opens are kept by ptrack.opens."""

from typing import Any

import ptrack
from ptrack.hits import HitRequest

from .models import Click


@ptrack.tracker.register
class ClickLog(ptrack.BackgroundLink):
    def record(self, request: HitRequest, url: str, *args: Any, reader: int, **kwargs: Any) -> None:
        hit = request.ptrack
        Click.objects.get_or_create(
            hit_id=hit.id, defaults={"at": hit.at, "kind": hit.kind, "url": url, "reader": reader}
        )
