"""What is known of a hit: which pixel was loaded, when, and by whom.

A pixel that takes the request finds a ``Hit`` at ``request.ptrack``::

    @ptrack.tracker.register
    class OpenPixel(ptrack.TrackingPixel):
        def record(self, request, *args, **kwargs):
            if request.ptrack.kind.is_open: ...
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from asyncio import CancelledError
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.http.request import HttpHeaders

from .encoder import current_encoder

if TYPE_CHECKING:
    from .kinds import HitKind, classify

__all__ = ["Hit", "HitKind", "classify"]

#: Bytes of a pixel's id. The chance that two of a billion pixels share one is 10**-21.
PIXEL_ID_SIZE = 16

logger = logging.getLogger("ptrack")


class Hit:
    """One loading of a picture. All but the time is worked out when it is first looked at."""

    def __init__(self, token: str, meta: Mapping[str, Any], timestamp: float) -> None:
        """Take the token as received, the request's ``META``, and the Unix time of arrival in seconds."""
        self.token = token
        self._timestamp = timestamp
        self._meta = meta

    def __repr__(self) -> str:
        # Without the token, which whoever reads a log could load.
        return f"<Hit of pixel {self.pixel_id}>"

    @cached_property
    def at(self) -> datetime:
        """When the hit arrived, in UTC."""
        return datetime.fromtimestamp(self._timestamp, UTC)

    @cached_property
    def id(self) -> str:
        """32 hexadecimal digits, for this one loading; the same in a task that runs twice."""
        return uuid.uuid4().hex

    @cached_property
    def pixel_id(self) -> str:
        """32 hexadecimal digits. Equal ids are the same rendered pixel, loaded again."""
        # "=" at its end is the one thing in which spellings of a token may differ.
        spelling = self.token.rstrip("=").encode(errors="surrogatepass")
        return hashlib.blake2b(spelling, digest_size=PIXEL_ID_SIZE).hexdigest()

    @cached_property
    def issued_at(self) -> datetime | None:
        """When the tag was rendered, to the second, or None if the token or the encoder does not say."""
        encoder = current_encoder()
        try:
            issued_at = getattr(encoder, "issued_at", None)
            return None if issued_at is None else _check_issued_at(issued_at(self.token))
        except (Exception, CancelledError) as error:
            # Without the exception, whose frames hold the token.
            logger.warning("issued_at() of the encoder %r failed: %s", encoder, type(error).__name__)
            return None

    @cached_property
    def age(self) -> timedelta | None:
        """Time to open: how long after the rendering the hit arrived, never negative, or None."""
        if self.issued_at is None:
            return None
        return max(self.at - self.issued_at, timedelta())

    @property
    def kind(self) -> HitKind:
        """Who loaded the picture."""
        return self._verdict[0]

    @property
    def reason(self) -> str:
        """The rule that decided on the kind, for people to read."""
        return self._verdict[1]

    @cached_property
    def _verdict(self) -> tuple[HitKind, str]:
        from .kinds import classify

        return classify(HttpHeaders(self._meta), self.age)


def _check_issued_at(value: object) -> datetime | None:
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise TypeError("not an aware datetime")


def __getattr__(name: str) -> Any:
    # Sites whose pixels do not ask for the kind never load the rules.
    if name in ("HitKind", "classify"):
        from . import kinds

        return getattr(kinds, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
