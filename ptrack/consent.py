"""Asks whether a recipient may be tracked: one question for tag, view, fast path and worker.

``PTRACK_CONSENT`` is a callable, or its dotted path. It takes what the tag was given, for a
link without its destination, and returns True or False. Without the setting, the answer is
True.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from . import conf
from ._awaiting import wait_for
from ._logging import must_escape
from ._parsing import close_coroutine
from ._tracebacks import log_error


def may_track(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return the answer of ``PTRACK_CONSENT`` to these arguments. An awaitable is awaited.

    Raises ``ImproperlyConfigured`` for a bad setting and for an answer that is neither True nor
    False. Raises whatever the callable raises.
    """
    ask = conf.consent()
    if ask is None:
        return True
    answer = ask(*args, **kwargs)
    if inspect.isawaitable(answer):
        answer = wait_for(answer)
    if answer is True or answer is False:
        return answer
    close_coroutine(answer)
    raise ImproperlyConfigured(
        f"PTRACK_CONSENT, {ask!r}, answered with the type {type(answer).__name__}: let it return True or False."
    )


def may_record(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Return what ``may_track`` does, for a hit: if that raises, this logs it and returns False."""
    handled = sys.exception()
    try:
        return may_track(args, kwargs)
    except BaseException as error:
        if must_escape(error):
            raise
        log_error(error, handled, "A hit was not recorded, because PTRACK_CONSENT failed.")
        # As in trackers.log_failure(): the same exception may be raised at the next hit.
        BaseException.with_traceback(error, None)
        return False
