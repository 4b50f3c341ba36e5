"""The exceptions of ptrack.

    PtrackError
    ├── PtrackRegistrationError
    ├── PtrackArgumentError     (also a TypeError)
    └── PtrackDecodeError       (also a ValueError)

Tokens, their arguments and the secret must not reach an error page or an error
reporter, which show the local variables of every frame of a traceback. The helpers
below empty those frames and leave the lines of the traceback as they are.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SUSPENDABLE = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


class PtrackError(Exception):
    """The root of ptrack's own exceptions."""


class PtrackRegistrationError(PtrackError):
    """Something cannot be registered with, or removed from, a tracker."""


class PtrackArgumentError(PtrackError, TypeError):
    """An argument cannot travel in a pixel's address."""


class PtrackDecodeError(PtrackError, ValueError):
    """A token cannot be read."""


def forget_locals(error: BaseException, handled: BaseException | None = None) -> None:
    """Clear the local variables of all frames that an exception passed through.

    Takes the exception; those it was raised from, and those it groups, are included. What
    was being handled before it came up, if anything, is somebody else's and left alone.
    """
    pending: list[BaseException | None] = [error]
    done = {id(handled)}
    while pending:
        current = pending.pop()
        if current is not None and id(current) not in done:
            done.add(id(current))
            clear_frames(current.__traceback__)
            pending += (current.__cause__, current.__context__)
            if isinstance(current, BaseExceptionGroup):
                pending += current.exceptions


def without_locals(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a function so that what it raises carries no local variables.

    What the caller was handling before is the caller's, and is left alone.
    """

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            del args, kwargs
            clear_frames(error.__traceback__)
            raise

    return wrapper


def clear_frames(first: TracebackType | None) -> None:
    """Clear the local variables of the frames of a traceback, save those that still run."""
    for frame, _ in traceback.walk_tb(first):
        # Before Python 3.13, to clear the frame of a generator or coroutine that is suspended
        # is to end it, and it may be anybody's who once caught this exception.
        if sys.version_info >= (3, 13) or not frame.f_code.co_flags & _SUSPENDABLE:
            with contextlib.suppress(RuntimeError):
                frame.clear()
