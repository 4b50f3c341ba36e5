"""Keeps a burst of database errors from filling the disk with tracebacks.

While a database is away, every hit fails with the same error. Its traceback takes thousands of
bytes, so it is logged once a minute. Each other hit that is lost is one line.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Iterator

from django.db import Error

#: For so many seconds after a traceback, the same error gets none.
SECONDS_WITHOUT = 60

#: The number of characters of an error's message that a line shows.
MESSAGE_MAX_LENGTH = 200

_MARK = "ptrack_opens_may_shorten"


@contextlib.contextmanager
def shortened_when_repeated() -> Iterator[None]:
    """Let the log of a database error in this block be one line if it is a repeat. The error is raised as it is."""
    try:
        yield
    except Error as error:
        setattr(error, _MARK, True)
        raise


class ShortRepeats(logging.Filter):
    """Takes the traceback out of a log record whose error was logged with its traceback within the last minute.

    Two errors are the same if they and their causes have the same classes, and if the first lines
    of their messages differ in digits at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._shown: dict[tuple[type, type, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True: each lost hit stays a record."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Error) and hasattr(error, _MARK) and self._is_repeat(error):
            record.args = (record.getMessage(), type(error).__name__, _first_line(error))
            record.msg = "%s %s: %s (Its traceback was logged less than a minute ago.)"
            record.exc_info = None
        return True

    def _is_repeat(self, error: Error) -> bool:
        same = type(error), type(error.__cause__), re.sub(r"\d+", "", _first_line(error))
        now = time.monotonic()
        with self._lock:
            self._shown = {key: at for key, at in self._shown.items() if now - at < SECONDS_WITHOUT}
            if same in self._shown:
                return True
            self._shown[same] = now
            return False


def _first_line(error: Error) -> str:
    return str(error).partition("\n")[0][:MESSAGE_MAX_LENGTH]
