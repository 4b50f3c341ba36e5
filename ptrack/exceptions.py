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

import functools
import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


class PtrackError(Exception):
    """The root of ptrack's own exceptions."""


class PtrackRegistrationError(PtrackError):
    """Something cannot be registered with, or removed from, a tracker."""


class PtrackArgumentError(PtrackError, TypeError):
    """An argument cannot travel in a pixel's address."""


class PtrackDecodeError(PtrackError, ValueError):
    """A token cannot be read."""


def forget_locals(error: BaseException) -> None:
    """Clear the local variables of all frames that an exception passed through.

    Takes the exception; those it was raised from, and those it groups, are included.
    """
    pending: list[BaseException | None] = [error]
    done: set[int] = set()
    while pending:
        current = pending.pop()
        if current is not None and id(current) not in done:
            done.add(id(current))
            traceback.clear_frames(current.__traceback__)
            pending += (current.__cause__, current.__context__)
            pending += getattr(current, "exceptions", ())


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
            traceback.clear_frames(error.__traceback__)
            raise

    return wrapper
