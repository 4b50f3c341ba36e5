"""The opens that were recorded, kept in memory until the process ends."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: When there are more opens, the oldest ones are dropped.
MAX_OPENS = 100

_opens: deque["Open"] = deque(maxlen=MAX_OPENS)


@dataclass(frozen=True)
class Open:
    """The arguments that a pixel received, when (in UTC), and the user agent that requested the image."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    at: datetime
    user_agent: str

    @property
    def call(self) -> str:
        return format_call("record", self.args, self.kwargs)


def add(opened: Open) -> None:
    _opens.append(opened)


def latest() -> list[Open]:
    """Return the opens that are kept, the newest one first."""
    # The copy is made in one go, because other threads may add an open meanwhile.
    return list(reversed(_opens.copy()))


def format_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return a call as Python would write it."""
    return f"{name}({', '.join([*map(repr, args), *(f'{key}={value!r}' for key, value in kwargs.items())])})"
