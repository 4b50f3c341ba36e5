"""What the hits with one value of an argument add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext

from ptrack.hits import HitKind

from .clicks import Clicks
from .counts import NOTHING
from .words import printable


@dataclass(frozen=True)
class Group:
    """What the hits with one value of an argument add up to, or all hits."""

    label: str
    #: The value of the argument as text, or None for hits without it and for all hits.
    value: str | None
    #: The number of pixels whose first open is among the hits.
    opens: int
    #: The number of pixels whose first hit by anything but a scanner is among the hits.
    possible_opens: int
    #: The time from rendering to first open, or None if no pixel says when it was rendered.
    median_age: timedelta | None
    #: The number of hits of each kind.
    hits: dict[HitKind, int]
    #: The number of emails with a click by a person.
    emails_clicked: int = 0
    #: The number of emails with a click by somebody unknown and none by a person.
    perhaps_clicked: int = 0
    #: The number of emails sent, or None if it is not known.
    sent: int | None = None
    #: Why the group has no rates, for people to read; empty if it has rates, or if nobody asked for them.
    remark: str = ""

    @property
    def all_hits(self) -> int:
        """The number of hits of all kinds."""
        return sum(self.hits.values())

    @property
    def open_rate(self) -> tuple[float, float] | None:
        """The parts of the emails sent, from 0 to 1, that were surely and that were possibly opened, or None."""
        return (self.opens / self.sent, self.possible_opens / self.sent) if self.sent else None

    @property
    def click_rate(self) -> float | None:
        """The part of the emails sent, from 0 to 1, in which a person clicked, or None."""
        return self.emails_clicked / self.sent if self.sent else None


def make_group(
    label: str, value: str | None, counts: dict[str, int], clicks: Clicks, median_age: timedelta | None
) -> Group:
    """Return a group of what was counted."""
    return Group(
        label=label,
        value=value,
        opens=counts["opens"],
        possible_opens=counts["possible_opens"],
        median_age=median_age,
        hits={kind: counts[kind.value] for kind in HitKind},
        emails_clicked=clicks.emails_clicked,
        perhaps_clicked=clicks.perhaps_clicked,
    )


def empty_group(value: str) -> Group:
    """Return the group of a value without hits."""
    return make_group(to_label(value), value, NOTHING, Clicks(), None)


def to_label(value: str | None) -> str:
    """Return what people read for a value."""
    if value is None:
        return gettext("(none)")
    return printable(value) or gettext("(empty)")
