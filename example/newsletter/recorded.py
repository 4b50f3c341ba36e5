"""The opens and clicks that were recorded, kept in memory until the process ends."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ptrack.hits import HitRequest

#: When there are more of a kind, the oldest ones are dropped.
MAX_RECORDS = 100


@dataclass(frozen=True)
class Record:
    """What a callback received, when (in UTC), and who sent the request: its user agent, and ptrack's verdict."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    at: datetime
    user_agent: str
    kind: str

    @property
    def call(self) -> str:
        return format_call("record", self.args, self.kwargs)


class Log:
    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MAX_RECORDS)

    def add(self, request: HitRequest, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hit, user_agent = request.ptrack, request.headers.get("User-Agent", "")[:512]
        self._records.append(Record(args, kwargs, hit.at, user_agent, str(hit.kind)))

    def latest(self) -> list[Record]:
        """Return the records that are kept, the newest one first."""
        # The copy is made in one go, because other threads may add a record meanwhile.
        return list(reversed(self._records.copy()))


opens = Log()
clicks = Log()


def format_call(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Return a call as Python would write it."""
    return f"{name}({', '.join([*map(repr, args), *(f'{key}={value!r}' for key, value in kwargs.items())])})"
