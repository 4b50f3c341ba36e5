"""What is known of a hit: which pixel or link was requested, when, and by whom.

A pixel that takes the request finds a ``Hit`` at ``request.ptrack``::

    @ptrack.tracker.register
    class OpenPixel(ptrack.TrackingPixel):
        def record(self, request: HitRequest, *args: int | str, **kwargs: int | str) -> None:
            if request.ptrack.kind.is_open: ...
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from ptrack._logging import log, must_escape
from ptrack.encoder import current_encoder

from .judgement import classify, judge
from .kinds import HitKind, Rule, Verdict
from .rules import HEADERS_READ

__all__ = ["Hit", "HitKind", "HitRequest", "Rule", "Verdict", "classify", "judge"]

#: Bytes of a digest. With 122 of its bits, the chance that two of a billion pixels share an id is 10**-19.
DIGEST_SIZE = 16

_HEADERS_IN_META = {f"HTTP_{name.upper().replace('-', '_')}": name for name in HEADERS_READ}


class Hit:
    """One request of a pixel or a link. Everything but the time of arrival is worked out when it is first read."""

    def __init__(
        self,
        token: str,
        meta: Mapping[str, Any],
        timestamp: float,
        *,
        is_click: bool = False,
        is_secure: bool = False,
    ) -> None:
        """Take the token as received, the request's ``META``, and the Unix time of arrival in seconds.

        Also takes whether a link was followed, and whether the request came over https.
        """
        self.token = token
        self._timestamp = timestamp
        self._meta = meta
        self._is_click = is_click
        self._is_secure = is_secure

    def __repr__(self) -> str:
        # Without the token, for whoever reads a log could request the pixel with it.
        return f"<Hit of pixel {self.pixel_id}>"

    @cached_property
    def at(self) -> datetime:
        """When the hit arrived, in UTC."""
        return datetime.fromtimestamp(self._timestamp, UTC)

    @cached_property
    def id(self) -> str:
        """The 32 hexadecimal digits of a UUID of version 7: they identify this hit, also in a task that runs twice."""
        return _to_uuid7(self._timestamp).hex

    @cached_property
    def pixel_id(self) -> str:
        """32 hexadecimal digits that identify the rendered tag: equal ids are one pixel or link, requested again."""
        # The spellings of a token may differ in the "=" at its end, and in nothing else.
        return to_digest(self.token.rstrip("=").encode(errors="surrogatepass")).hex

    @cached_property
    def issued_at(self) -> datetime | None:
        """When the tag was rendered, to the second, or None if the token or the encoder does not say."""
        encoder = current_encoder()
        try:
            issued_at = getattr(encoder, "issued_at", None)
            return None if issued_at is None else _check_issued_at(issued_at(self.token))
        except BaseException as error:
            if must_escape(error):
                raise
            # Without the exception, whose frames hold the token.
            log(logging.WARNING, "issued_at() of the encoder %r failed: %s", encoder, type(error).__name__)
            return None

    @cached_property
    def age(self) -> timedelta | None:
        """The time from rendering to arrival, never negative, or None if it is not known when the tag was rendered."""
        if self.issued_at is None:
            return None
        return max(self.at - self.issued_at, timedelta())

    @property
    def kind(self) -> HitKind:
        """Who requested the pixel or the link."""
        return self._verdict.kind

    @property
    def rule(self) -> str:
        """The code of the rule that decided on the kind, a stable name for programs and for counting."""
        return self._verdict.rule

    @property
    def reason(self) -> str:
        """What that rule found, for people to read."""
        return self._verdict.reason

    @cached_property
    def _verdict(self) -> Verdict:
        headers = {name: self._meta[key] for key, name in _HEADERS_IN_META.items() if key in self._meta}
        return judge(headers, self.age, is_click=self._is_click, is_secure=self._is_secure)


class HitRequest(HttpRequest):
    """The type of the request that a callback receives, for type checkers: an ``HttpRequest`` with its ``Hit``."""

    ptrack: Hit


def to_digest(content: bytes) -> UUID:
    """Return a digest as a UUID of version 5, a name-based one: MariaDB refuses a quarter of other bytes."""
    return UUID(bytes=hashlib.blake2b(content, digest_size=DIGEST_SIZE).digest(), version=5)


def _to_uuid7(timestamp: float) -> UUID:
    """Return a new UUID of version 7 (RFC 9562): a Unix time in seconds, and 74 random bits.

    Databases that store rows by their keys then store hits by time.
    """
    milliseconds = int(timestamp * 1000) % 2**48
    random = int.from_bytes(os.urandom(10))
    version, variant = 0x7, 0b10
    return UUID(int=milliseconds << 80 | version << 76 | (random >> 68) << 64 | variant << 62 | random % 2**62)


def _check_issued_at(value: object) -> datetime | None:
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise TypeError("not an aware datetime")
