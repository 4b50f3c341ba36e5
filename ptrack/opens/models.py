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

#: The number of characters of a user agent that are kept.
USER_AGENT_MAX_LENGTH = 512

#: The number of characters that the names of a hit's arguments may take. PostgreSQL refuses an
#: index entry of more than 2,704 bytes.
ARGUMENT_NAMES_MAX_LENGTH = 1000


class OpenManager(models.Manager["Open"]):
    """A manager that also keeps hits."""

    def record(self, request: HttpRequest, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        """Keep the hit of a request, with the positional and keyword arguments of its tag.

        A hit that is kept already, as when a task runs twice, is not kept again.
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
            "user_agent": _to_stored_text(request.headers.get("User-Agent", ""))[:USER_AGENT_MAX_LENGTH],
            "address": _to_address(request) if conf.opens_keep_address() else None,
        }
        # Many processes may do this at once, so the unique constraints decide: the first open of a
        # pixel becomes a row here. The second insert adds any other hit and ignores one that is kept.
        if hit.kind.is_open:
            self.bulk_create([Open(**values, is_first=True)], ignore_conflicts=True)
        self.bulk_create([Open(**values, is_first=False)], ignore_conflicts=True)


class Open(models.Model):
    """One hit: who requested a pixel and when, and with which arguments it was rendered."""

    hit_id = models.CharField("hit ID", max_length=32, unique=True)
    pixel_id = models.CharField("pixel ID", max_length=32)
    args = ArgumentsField("positional arguments")
    kwargs = ArgumentsField("keyword arguments")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in HitKind])
    reason = models.CharField(max_length=200)
    issued_at = models.DateTimeField("time of rendering", null=True)
    at = models.DateTimeField("time of request")
    age = models.DurationField("time to open", null=True)
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH)
    address = models.GenericIPAddressField("remote address", null=True)

    # True for the first hit of a pixel that counts as an open. Unique opens are counted by it in
    # one pass, for telling a million pixels apart takes longer than all the rest of a report.
    is_first = models.BooleanField("first open")
    # A JSON list: the number of positional arguments, and the names of the keyword arguments. A
    # report offers them to group by, and an index holds them.
    argument_names = models.CharField(max_length=ARGUMENT_NAMES_MAX_LENGTH)

    objects = OpenManager()

    class Meta:
        verbose_name = "hit"
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
    """Return the value of ``argument_names``, such as ``[1, "campaign", "user"]``.

    The last names are left out if the text would be longer than ``ARGUMENT_NAMES_MAX_LENGTH``.
    """
    names: list[int | str] = [len(args), *sorted(kwargs)]
    while len(text := json.dumps(names)) > ARGUMENT_NAMES_MAX_LENGTH:
        names.pop()
    return text


def _to_stored_time(moment: datetime | None) -> datetime | None:
    # With USE_TZ = False, Django stores naive times of the default time zone.
    if moment is None or conf.uses_time_zones():
        return moment
    return timezone.make_naive(moment, timezone.get_default_timezone())


def _to_stored_text(text: str) -> str:
    # PostgreSQL refuses NUL, and no database takes lone surrogates.
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _to_address(request: HttpRequest) -> str | None:
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        # A server behind a Unix socket gives no IP address.
        return None
