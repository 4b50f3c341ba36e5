"""Stores hits in a worker of the site's task engine. A task carries the finished row, and neither token nor path."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from django.core.checks import CheckMessage

from ptrack._logging import must_escape
from ptrack._tracebacks import log_error, without_locals
from ptrack.background import DEFAULT_OPTIONS, check_backend, make_task, queue_or_do
from ptrack.consent import may_track

from .failures import shortened_when_repeated
from .rows import make_row
from .storing import store


def keep(path: str, description: Mapping[str, Any]) -> None:
    """Queue what ``describe_hit`` returned. If the engine refuses it, store it in the process of the hit.

    Takes the dotted path of the class whose hit it is.
    """
    queue_or_do(path, lambda: _enqueue(description), lambda: store(make_row(description)))


def check(path: str) -> list[CheckMessage]:
    """Return an error if the task backend cannot be used, and a warning if it has no worker."""
    return check_backend(path, lambda: _task().get_backend())


@make_task
@without_locals
def store_hit(hit: str) -> None:
    """Store a hit in a worker, if ``PTRACK_CONSENT`` still says yes.

    Takes the hit as JSON. What fails is logged and raised again, so that the engine treats the
    task as a failed one.
    """
    handled = sys.exception()
    try:
        description = json.loads(hit)
        if may_track(description["args"], description["kwargs"]):
            with shortened_when_repeated():
                store(make_row(description))
    except BaseException as error:
        if not must_escape(error):
            log_error(error, handled, "A hit from the queue could not be stored.")
        raise


def _task() -> Any:
    return store_hit.using(**DEFAULT_OPTIONS)


@without_locals
def _enqueue(description: Mapping[str, Any]) -> None:
    # As ASCII text: databases that keep an engine's JSON refuse NUL and lone surrogates.
    text = json.dumps(description)
    if json.loads(text) != description:
        raise ValueError("JSON cannot express this hit.")
    _task().enqueue(text)
