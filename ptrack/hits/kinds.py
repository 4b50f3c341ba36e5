"""The kinds of hits, the shape of a rule that decides on one, and of the verdict that comes out."""

from __future__ import annotations

import enum
import re
from typing import NamedTuple


class HitKind(enum.StrEnum):
    """Who requested a pixel or a link."""

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


#: How the pattern of a rule is compiled.
PATTERN_FLAGS = re.IGNORECASE | re.MULTILINE | re.ASCII


class Rule(NamedTuple):
    """A fact about the requests of a client."""

    #: Who sends such requests.
    kind: HitKind
    #: A regular expression that is searched, without regard to case, in the first 1,024 characters of the user agent.
    pattern: str
    #: The stable name of the rule, for programs and for counting, such as ``google-image-proxy``.
    code: str
    #: Where the fact is published.
    source: str = ""
    #: A user agent on which the rule decides.
    matches: str = ""
    #: A similar one on which it does not.
    leaves: str = ""


class Verdict(NamedTuple):
    """Who sent a request, and why it is taken for theirs."""

    kind: HitKind
    #: The code of the rule that decided.
    rule: str
    #: What the rule found, for people to read.
    reason: str
