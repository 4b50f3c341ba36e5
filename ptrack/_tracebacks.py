"""Removes local variables from tracebacks, and logs what is left.

Tokens, their arguments and the secret must not reach an error page or an error reporter,
which show the local variables of every frame of a traceback. These functions clear the
frames and keep the lines of the traceback as they are.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import sys
import traceback
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ._logging import log, must_escape

_P = ParamSpec("_P")
_R = TypeVar("_R")


def clear_locals(error: BaseException, handled: BaseException | None = None) -> None:
    """Clear the local variables of all frames that an exception passed through.

    Takes the exception. The exceptions that it was raised from and those that it groups are
    cleared too. ``handled`` is the exception that the caller was handling before: it belongs
    to somebody else, so it is left alone.

    A frame that is still running keeps its variables.
    """
    pending: list[BaseException | None] = [error]
    done = {id(handled)} - {id(error)}
    while pending:
        current = pending.pop()
        if current is not None and id(current) not in done:
            done.add(id(current))
            traceback.clear_frames(current.__traceback__)
            pending += (current.__cause__, current.__context__)
            if isinstance(current, BaseExceptionGroup):
                pending += current.exceptions


def log_error(error: BaseException, handled: BaseException | None, message: str, *args: object) -> None:
    """Log a message with the traceback of an exception, without local variables.

    Takes the exception, the one that the caller was handling before, and the message with what
    fills it in. The first frame of the traceback, which is the caller's, is left out.
    """
    try:
        clear_locals(error, handled)
        # The caller's frame is still running, so it cannot be cleared. The method is called on
        # BaseException, for a class may have one of its own.
        BaseException.with_traceback(error, error.__traceback__ and error.__traceback__.tb_next)
    except BaseException as failure:
        if must_escape(failure):
            raise
        # An attribute of the exception raises, so nothing can read its traceback.
        log(logging.ERROR, f"{message} It raised an exception that cannot be logged.", *args)
    else:
        log(logging.ERROR, message, *args, exc_info=error)


def lines_without_values(error: BaseException) -> str:
    """Return the traceback of an exception as text, with the name of its class in place of its message.

    The exceptions that it was raised from come first, as in Python's own tracebacks. Of an
    ``ImportError`` the module is named too.
    """
    try:
        return "\n\n".join(_texts_without_values(error))
    except Exception:
        # An attribute of the exception raises.
        return _full_name(error)


def _texts_without_values(error: BaseException) -> list[str]:
    texts: list[str] = []
    done: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in done:
        done.add(id(current))
        lines = "".join(traceback.format_tb(current.__traceback__))
        module = f" ({current.name})" if isinstance(current, ImportError) else ""
        texts.insert(0, f"Traceback (most recent call last):\n{lines}{_full_name(current)}{module}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return texts


def _full_name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


def without_locals(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Wrap a function so that the exceptions it raises carry no local variables.

    An exception that the caller was handling before is left alone.
    """

    @functools.wraps(function)
    def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            # This frame is still running, so it has to empty itself.
            del args, kwargs
            # An attribute of the exception may raise. That must not hide the exception.
            with contextlib.suppress(Exception):
                clear_locals(error, handled)
            raise

    return wrapper
