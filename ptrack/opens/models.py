"""The table of hits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import timezone

from ptrack import conf
from ptrack.hits import Hit, HitKind

from .fields import ArgumentsField

if TYPE_CHECKING:
    from django.http import HttpRequest

#: Characters of a user agent that are kept.
USER_AGENT_MAX_LENGTH = 512

#: Characters of the list of an open's arguments: an index row of PostgreSQL holds 2,704 bytes.
ARGUMENT_NAMES_MAX_LENGTH = 1000


class OpenManager(models.Manager["Open"]):
    """Adds a way to keep a hit to what all managers do."""

    def record(self, request: HttpRequest, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Keep the hit of a request that carried these arguments.

        A hit that is there already, as when a task runs twice, is not kept again.
        """
        hit: Hit = request.ptrack  # type: ignore[attr-defined]
        values = {
            "hit_id": hit.id,
            "pixel_id": hit.pixel_id,
            "args": list(args),
            "kwargs": dict(kwargs),
            "argument_names": to_argument_names(args, kwargs),
            "kind": hit.kind.value,
            "reason": hit.reason,
            "issued_at": _to_stored_time(hit.issued_at),
            "at": _to_stored_time(hit.at),
            "age": hit.age,
            "user_agent": _storable(request.headers.get("User-Agent", ""))[:USER_AGENT_MAX_LENGTH],
            "address": _to_address(request) if conf.opens_keep_address() else None,
        }
        # The constraints sort out what is there already, for many processes at once: the hit
        # is kept as the first open of its pixel, or else as another one, or is there.
        if hit.kind.is_open:
            self.bulk_create([Open(**values, is_first=True)], ignore_conflicts=True)
        self.bulk_create([Open(**values, is_first=False)], ignore_conflicts=True)


class Open(models.Model):
    """One hit: a picture that was loaded, by whom, and with which arguments."""

    hit_id = models.CharField("hit", max_length=32, unique=True)
    pixel_id = models.CharField("pixel", max_length=32)
    args = ArgumentsField("arguments in place")
    kwargs = ArgumentsField("arguments by name")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in HitKind])
    reason = models.CharField(max_length=200)
    issued_at = models.DateTimeField("rendered at", null=True)
    at = models.DateTimeField("loaded at")
    age = models.DurationField("time to open", null=True)
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH)
    address = models.GenericIPAddressField("remote address", null=True)

    # The first hit of its pixel that counts as an open. Unique opens are counted by it, in
    # one pass over the rows: to tell a million pixels apart takes longer than all else.
    is_first = models.BooleanField("first open")
    # JSON: how many arguments there are in place, and the names of the others. What a report
    # can be grouped by is read from the index of it, however many rows there are.
    argument_names = models.CharField(max_length=ARGUMENT_NAMES_MAX_LENGTH)

    objects = OpenManager()

    class Meta:
        verbose_name = "open"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["at", "kind", "is_first"], name="ptrack_opens_at"),
            models.Index(fields=["at", "age"], condition=models.Q(is_first=True), name="ptrack_opens_first_at"),
            models.Index(fields=["argument_names"], name="ptrack_opens_argument_names"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["pixel_id"], condition=models.Q(is_first=True), name="ptrack_opens_first_of_pixel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"


def to_argument_names(args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return which arguments there are as JSON, such as ``[1, "campaign", "user"]``, as far as there is room."""
    names: list[int | str] = [len(args), *sorted(kwargs)]
    while len(text := json.dumps(names)) > ARGUMENT_NAMES_MAX_LENGTH:
        names.pop()
    return text


def _to_stored_time(moment: datetime | None) -> datetime | None:
    if moment is None or conf.uses_time_zones():
        return moment
    return timezone.make_naive(moment, timezone.get_default_timezone())


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _to_address(request: HttpRequest) -> str | None:
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        # A Unix socket.
        return None
