"""Keeps a failure in one place from doing harm in another: what to catch, and a log that never raises."""

from __future__ import annotations

import logging
import sys
import threading

_logger = logging.getLogger("ptrack")


def must_escape(error: BaseException) -> bool:
    """Return whether an exception is not to be caught, because a server or an interpreter stops by it.

    ``SystemExit`` is one in the main thread alone: in any other thread it ends nothing but that
    thread, so there it is a failure like others.
    """
    # isinstance() would ask the exception itself, which may lie or raise.
    kind = type(error)
    if issubclass(kind, SystemExit):
        return threading.current_thread() is threading.main_thread()
    return issubclass(kind, (KeyboardInterrupt, GeneratorExit))


def log(level: int, message: str, *args: object, exc_info: BaseException | None = None) -> None:
    """Log a message on the logger ``ptrack``.

    Whatever a handler or a filter raises, the caller goes on: the message is then written to
    the standard error stream, without a traceback. So is an error where ``LOGGING`` has
    disabled the logger, as it does unless ``disable_existing_loggers`` is False.
    """
    if _logger.disabled and level >= logging.ERROR:
        _write("The logger ptrack is disabled.", message, args)
        return
    try:
        # As a tuple, for an exception may count as False. The caller of this function is the
        # one that the log should name.
        shown = None if exc_info is None else (type(exc_info), exc_info, exc_info.__traceback__)
        _logger.log(level, message, *args, exc_info=shown, stacklevel=2)
    except BaseException as error:
        if must_escape(error):
            raise
        _write("Logging failed.", message, args)


def _write(fault: str, message: str, args: tuple[object, ...]) -> None:
    try:
        sys.stderr.write(f"{fault} ptrack had to say: {message % args}\n")
    except BaseException as error:
        if must_escape(error):
            raise


def text_of(error: BaseException) -> str:
    """Return the message of an exception, or the name of its class if the message cannot be had."""
    try:
        return str(error)
    except BaseException as failure:
        if must_escape(failure):
            raise
        return type(error).__name__
