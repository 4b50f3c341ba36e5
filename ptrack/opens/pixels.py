from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage

import ptrack
from ptrack import conf
from ptrack.hits import HitRequest
from ptrack.trackers import dotted_path

from .failures import shortened_when_repeated
from .rows import describe_hit, make_row
from .storing import store

if conf.opens_in_background():
    from .tasks import check, keep
else:

    def keep(path: str, description: Mapping[str, Any]) -> None:
        store(make_row(description))

    def check(path: str) -> list[CheckMessage]:
        return []


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    """Keeps every hit of a pixel as a row."""

    def check(self) -> list[CheckMessage]:
        return check(dotted_path(type(self)))

    def record(self, request: HitRequest, /, *args: Any, **kwargs: Any) -> None:
        with shortened_when_repeated():
            keep(dotted_path(type(self)), describe_hit(request, args, kwargs))


@ptrack.tracker.register
class ClickLink(ptrack.TrackingLink):
    """Keeps every click as a row."""

    def check(self) -> list[CheckMessage]:
        return check(dotted_path(type(self)))

    def record(self, request: HitRequest, url: str, /, *args: Any, **kwargs: Any) -> None:
        with shortened_when_repeated():
            keep(dotted_path(type(self)), describe_hit(request, args, kwargs, url))
