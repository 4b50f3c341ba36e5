"""Stores hits for the tests of the report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from ptrack.hits import Hit, to_digest
from ptrack.opens.rows import make_row
from ptrack.opens.storing import store
from ptrack.opens.window import Window

KINDS = ("person", "proxy", "prefetch", "scanner", "unknown")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = Window(NOON.date().replace(day=1), NOON.date().replace(day=30))


def keep(
    *args,
    kind="person",
    rule="a-rule",
    pixel="pixel",
    at=NOON,
    age=None,
    url=None,
    more=None,
    user_agent="",
    **kwargs,
):
    """Store a hit of a pixel or, with a URL, of a link. Takes the age in seconds, or None if it is not known."""
    issued_at = None if age is None else (at - timedelta(seconds=age)).timestamp()
    row = make_row(
        {
            "id": Hit("token", {}, at.timestamp()).id,
            "pixel_id": to_digest(json.dumps(pixel).encode()).hex,
            "args": list(args),
            "kwargs": kwargs | (more or {}),
            "at": at.timestamp(),
            "issued_at": issued_at,
            "kind": kind,
            "rule": rule,
            "is_secure": True,
            "user_agent": user_agent,
            "headers": {"Sec-Fetch-Mode": "no-cors"},
            "address": None,
            "url": url,
        }
    )
    store(row)
    return row


def click(*args, url="https://shop.example/", **kwargs):
    """Store a hit of a link."""
    return keep(*args, url=url, **kwargs)
