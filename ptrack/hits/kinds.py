"""The kinds of hits, and the shape of a rule that decides on one."""

from __future__ import annotations

import enum
from typing import NamedTuple


class HitKind(enum.StrEnum):
    """Who requested a pixel."""

    PERSON = "person"  #: the reader's own email client or browser
    PROXY = "proxy"  #: the reader's provider, when the email was opened
    PREFETCH = "prefetch"  #: a machine, ahead of any reader
    SCANNER = "scanner"  #: a security gateway, link preview, bot, monitor or script
    UNKNOWN = "unknown"  #: a person or a machine; the request fits both

    @property
    def is_open(self) -> bool | None:
        """Whether the hit counts as an open: True, False, or None for unknown."""
        return _COUNTS_AS_OPEN[self]


_COUNTS_AS_OPEN = {
    HitKind.PERSON: True,
    HitKind.PROXY: True,
    HitKind.PREFETCH: False,
    HitKind.SCANNER: False,
    HitKind.UNKNOWN: None,
}


class Rule(NamedTuple):
    """A fact about a client."""

    kind: HitKind
    #: A regular expression that is found, in any case, in the user agents of that client and in no others.
    pattern: str
    #: What the rule says of a user agent, for people.
    reason: str
    #: Where the fact is published.
    source: str
