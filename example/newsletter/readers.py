"""The readers, and who of them may be tracked. A real site keeps them in its database."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reader:
    id: int
    name: str
    email_address: str
    agreed_to_tracking: bool


ZOE = Reader(42, "Zoë Keller", "zoe@example.com", agreed_to_tracking=True)
NOAH = Reader(43, "Noah Brandt", "noah@example.com", agreed_to_tracking=False)

_ids_of_those_who_agreed = {reader.id for reader in (ZOE, NOAH) if reader.agreed_to_tracking}


def may_track(*args: Any, reader: int | None = None, **kwargs: Any) -> bool:
    """Return whether a reader may be tracked. Takes what the tag was given. The settings name this function."""
    return reader in _ids_of_those_who_agreed
