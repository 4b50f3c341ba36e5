"""Makes the row of a hit: what is kept of a request, and in which form."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils import timezone

from ptrack import conf
from ptrack.hits import HitRequest, to_digest
from ptrack.hits.judgement import HEADER_MAX_LENGTH, USER_AGENT_MAX_LENGTH
from ptrack.hits.rules import HEADERS_READ

from .ages import to_bucket
from .fields import escape, to_text
from .models import ARGUMENT_NAMES_MAX_LENGTH, LinkHit, PixelHit, StoredHit

_CAPITAL = re.compile("[A-Z]")


def describe_hit(
    request: HitRequest, args: Sequence[Any], kwargs: Mapping[str, Any], url: str | None = None
) -> dict[str, Any]:
    """Return what is kept of a hit, as values that JSON expresses if it expresses the arguments.

    Takes the arguments of the tag and, for a click, the destination. No token, no path and no
    header that is not kept is in it.
    """
    hit, headers = request.ptrack, request.headers
    return {
        "id": hit.id,
        "pixel_id": hit.pixel_id,
        "args": list(args),
        "kwargs": dict(kwargs),
        "at": hit.at.timestamp(),
        "issued_at": hit.issued_at and hit.issued_at.timestamp(),
        "kind": hit.kind.value,
        "rule": hit.rule,
        "is_secure": request.is_secure(),
        "user_agent": headers.get("User-Agent", "")[:USER_AGENT_MAX_LENGTH],
        "headers": {
            # Of From it matters only that it is there: it holds somebody's email address.
            name: "" if name == "From" else headers[name][:HEADER_MAX_LENGTH]
            for name in HEADERS_READ
            if name in headers and name != "User-Agent"
        },
        "address": _to_address(request) if conf.opens_keep_address() else None,
        "url": url if url is None or conf.opens_keep_query() else _without_query(url),
    }


def make_row(description: Mapping[str, Any]) -> StoredHit:
    """Return the row, not yet stored, of what ``describe_hit`` returned."""
    args = [to_text(value) for value in description["args"]]
    kwargs = {str(name): to_text(value) for name, value in description["kwargs"].items()}
    at = datetime.fromtimestamp(description["at"], UTC)
    issued_at = None if description["issued_at"] is None else datetime.fromtimestamp(description["issued_at"], UTC)
    age = None if issued_at is None else max(at - issued_at, timedelta())
    values = {
        "id": UUID(description["id"]),
        "pixel_id": UUID(description["pixel_id"]),
        "email_id": to_email_id(args, kwargs),
        "args": args,
        "kwargs": kwargs,
        "argument_names": to_argument_names(args, kwargs),
        "at": to_stored_time(at),
        "issued_at": issued_at and to_stored_time(issued_at),
        "age": age,
        "age_bucket": None if age is None else to_bucket(age),
        "kind": description["kind"],
        "rule": description["rule"],
        "is_secure": description["is_secure"],
        "user_agent": escape(description["user_agent"])[:USER_AGENT_MAX_LENGTH],
        "headers": description["headers"],
        "address": description["address"],
    }
    if description["url"] is None:
        return PixelHit(**values)
    return LinkHit(**values, url=description["url"])


def to_email_id(args: Sequence[str], kwargs: Mapping[str, str]) -> UUID:
    """Return the id of the email whose pixel and links were given these arguments."""
    # As ASCII text, which takes lone surrogates too.
    return to_digest(json.dumps([args, sorted(kwargs.items())]).encode())


def to_argument_names(args: Sequence[str], kwargs: Mapping[str, str]) -> str:
    """Return the value of ``argument_names``, such as ``[1, "campaign", "user"]``.

    The last names are left out if the text would be longer than ``ARGUMENT_NAMES_MAX_LENGTH``.
    """
    names: list[int | str] = [len(args), *sorted(kwargs)]
    while len(text := _to_caseless_json(names)) > ARGUMENT_NAMES_MAX_LENGTH:
        names.pop()
    return text


def _to_caseless_json(names: list[int | str]) -> str:
    # MariaDB takes names that differ only in case for one. JSON can spell a capital as an escape.
    return _CAPITAL.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(names))


def to_stored_time(moment: datetime) -> datetime:
    """Return an aware time as Django stores it: with ``USE_TZ = False`` naive, in the default time zone."""
    return moment if conf.uses_time_zones() else timezone.make_naive(moment, timezone.get_default_timezone())


def _without_query(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _to_address(request: HitRequest) -> str | None:
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        # A server behind a Unix socket gives no IP address.
        return None
