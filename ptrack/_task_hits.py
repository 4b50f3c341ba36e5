"""Turns a hit into the text that a task carries, and back, for ``background``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .hits import Hit, HitKind, HitRequest, Verdict
from .hits.rules import HEADERS_READ

#: The headers that travel with a task: those that ``judge`` and ordinary logging read.
#: Cookie and Authorization never do, for a queue is not the place for them.
HEADERS_KEPT = (
    *HEADERS_READ,
    "Accept",
    "Accept-Language",
    "Forwarded",
    "Host",
    "Referer",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)


def _to_meta_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


_META_KEPT = ("REMOTE_ADDR", *map(_to_meta_name, HEADERS_KEPT))


def to_text(
    args: Sequence[Any], kwargs: Mapping[str, Any], request: HitRequest, headers: Sequence[str], is_click: bool
) -> str:
    """Return a hit as ASCII text. Raises ``ValueError`` if JSON cannot express its arguments.

    Takes the names of the headers that are to travel.
    """
    # Put the path and the token last: task backends log the first characters of a task's
    # arguments, and these must not reach a log.
    hit: dict[str, Any] = {
        "id": request.ptrack.id,
        "timestamp": request.ptrack.at.timestamp(),
        "method": request.method,
        "meta": _meta_to_keep(request.META, headers),
        "is_click": is_click,
        "is_secure": request.is_secure(),
        "args": list(args),
        "kwargs": dict(kwargs),
        "path": request.path,
        "token": request.ptrack.token,
    }
    if headers is not HEADERS_KEPT:
        # The worker may lack the headers that decide.
        hit["verdict"] = [request.ptrack.kind, request.ptrack.rule, request.ptrack.reason]
    # As ASCII text: databases that keep an engine's JSON refuse NUL and lone surrogates.
    text = json.dumps(hit)
    if json.loads(text) != hit:
        raise ValueError("JSON cannot express this hit.")
    return text


def to_request(hit: Mapping[str, Any]) -> HitRequest:
    """Return a request that answers what travelled like the original."""
    request = HitRequest()
    request.method = hit["method"]
    request.path = request.path_info = hit["path"]
    request.META = hit["meta"]
    # Tasks that were queued by an earlier version do not say whether they are clicks.
    flags = {name: hit.get(name, False) for name in ("is_click", "is_secure")}
    request.ptrack = Hit(hit["token"], request.META, hit["timestamp"], **flags)
    request.ptrack.id = hit["id"]
    if "verdict" in hit:
        kind, rule, reason = hit["verdict"]
        request.ptrack._verdict = Verdict(HitKind(kind), rule, reason)
    return request


def _meta_to_keep(meta: Mapping[str, Any], headers: Sequence[str]) -> dict[str, Any]:
    """Return the IP address and the headers of a request that travel with a task, as in its ``META``."""
    wanted = {_to_meta_name(name) for name in headers}
    kept = {name: meta[name] for name in _META_KEPT if name in meta and (name in wanted or name == "REMOTE_ADDR")}
    if "HTTP_REFERER" in kept:
        # The query of another page is none of the queue's business.
        kept["HTTP_REFERER"] = kept["HTTP_REFERER"].partition("?")[0]
    return kept
