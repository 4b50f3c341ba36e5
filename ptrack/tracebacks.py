"""Takes the local variables out of tracebacks.

Tokens, their arguments and the secret must not reach an error page or an error
reporter, which show the local variables of every frame of a traceback. These functions
empty those frames and leave the lines of the traceback as they are.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable
from types import FrameType, FunctionType, TracebackType
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def forget_locals(error: BaseException, handled: BaseException | None = None) -> None:
    """Clear the local variables of all frames that an exception passed through.

    Takes the exception; those it was raised from, and those it groups, are included. What
    was being handled before it came up, if anything, is somebody else's and left alone.
    """
    pending: list[BaseException | None] = [error]
    done = {id(handled)} - {id(error)}
    while pending:
        current = pending.pop()
        if current is not None and id(current) not in done:
            done.add(id(current))
            clear_frames(current)
            pending += (current.__cause__, current.__context__)
            if isinstance(current, BaseExceptionGroup):
                pending += current.exceptions


def without_locals(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a function so that what it raises carries no local variables.

    What the caller was handling before is the caller's, and is left alone.
    """

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            forget_locals(error, handled)
            raise

    return wrapper


def clear_frames(error: BaseException) -> None:
    """Clear the local variables of the frames that an exception passed through, save those that still run.

    Generators and coroutines that may be suspended go on: somebody once caught this
    exception in them. In the traceback, empty frames take the place of theirs.
    """
    last, link = None, error.__traceback__
    while link is not None:
        if link.tb_frame.f_code.co_flags & _SUSPENDABLE and not _clear_finished(link.tb_frame):
            link = TracebackType(link.tb_next, _empty_frame_like(link.tb_frame), 0, link.tb_lineno)
            if last is None:
                # Some exceptions let no attribute be set.
                BaseException.with_traceback(error, link)
            else:
                last.tb_next = link
        else:
            with contextlib.suppress(RuntimeError):
                link.tb_frame.clear()
        last, link = link, link.tb_next


def _clear_finished(frame: FrameType) -> bool:
    """Clear the frame of a generator or coroutine if it is finished, and return whether it is."""
    if sys.version_info < (3, 13):
        # It does not tell, and to clear one that is suspended is to end it.
        return False
    try:
        frame.clear()
    except RuntimeError:
        return False
    return True


_own_frame = (lambda get_frame: get_frame()).__code__
_UNITS = len(_own_frame.co_code) // 2
# Entries of up to eight units each that say of no unit where it stands, so that the traceback's own line counts.
_NO_LINES = bytes(0xF8 | min(8, _UNITS - first) - 1 for first in range(0, _UNITS, 8))


def _empty_frame_like(frame: FrameType) -> FrameType:
    """Return a frame without local variables that a traceback shows like another one."""
    shown = frame.f_code
    code = _own_frame.replace(
        co_filename=shown.co_filename,
        co_name=shown.co_name,
        co_qualname=shown.co_qualname,
        co_firstlineno=shown.co_firstlineno,
        co_linetable=_NO_LINES,
    )
    empty: FrameType = FunctionType(code, frame.f_globals)(sys._getframe)
    empty.clear()
    return empty
