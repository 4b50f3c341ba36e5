"""The days that a report covers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from ptrack import conf

#: What a bar of a chart stands for.
Unit = Literal["day", "week", "month", "year"]

#: The number of days that a report covers unless others are chosen.
DEFAULT_DAYS = 30

#: The days that can be chosen. Each of them begins at a valid moment in every time zone.
FIRST_DATE, LAST_DATE = date(1970, 1, 2), date(2199, 12, 31)

#: The greatest number of days that can be chosen.
MAX_DAYS = (LAST_DATE - FIRST_DATE).days + 1

#: The numbers of days that pages offer.
PRESET_DAYS = (7, 30, 365)

# Up to this number of days a chart has a bar for each of the unit. So it has about a hundred bars at most, unless
# the days are those of more than a century.
_MAX_DAYS_OF_UNITS: dict[Unit, int] = {"day": 100, "week": 700, "month": 3000}


class Window(NamedTuple):
    """Days in the current time zone, the last one included."""

    since: date
    until: date

    @classmethod
    def choose(cls, since: date | None = None, until: date | None = None, days: int | None = None) -> Window:
        """Return the window that somebody chose: by its first and last day, or by the number of its days.

        Without a last day it ends today. Without a first day it has so many days, or ``DEFAULT_DAYS``.
        Raises what ``between`` raises.
        """
        until = until or today()
        before = timedelta(days=(days or DEFAULT_DAYS) - 1)
        # The least day is refused as the days before it would be.
        return cls.between(since or (until - before if until - date.min >= before else date.min), until)

    @classmethod
    def between(cls, since: date, until: date) -> Window:
        """Return the window from one day to another.

        Raises ``ValueError`` with a message for people if the window ends before it begins, or
        if one of the days is not from ``FIRST_DATE`` to ``LAST_DATE``.
        """
        if until < since:
            message = gettext("The last day, %(until)s, is before the first day, %(since)s: choose a later last day.")
            raise ValueError(message % {"since": since, "until": until})
        if since < FIRST_DATE or until > LAST_DATE:
            message = gettext("%(since)s to %(until)s is out of range: choose days from %(first)s to %(last)s.")
            raise ValueError(message % {"since": since, "until": until, "first": FIRST_DATE, "last": LAST_DATE})
        return cls(since, until)

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.until - self.since).days + 1

    @property
    def unit(self) -> Unit:
        """What a bar of the window's chart stands for."""
        return next((unit for unit, days in _MAX_DAYS_OF_UNITS.items() if self.days <= days), "year")

    def kept_since(self) -> date | None:
        """Return the first day whose hits are all kept, if the window begins before that day, or else None.

        Of emails that were rendered on an earlier day, ``ptrack_prune`` deletes the hits.
        """
        try:
            days = conf.opens_keep_days()
        except ImproperlyConfigured:
            # Then nothing is deleted.
            return None
        if days is None:
            return None
        # Of the day before, the hits that are old enough at this time of day are deleted.
        kept_since = today() - timedelta(days=days - 1)
        return kept_since if self.since < kept_since else None

    def bounds(self) -> tuple[datetime, datetime]:
        """Return the moment at which the window begins and the moment before which it ends.

        Both are aware if the project uses time zones.
        """
        begin = datetime.combine(self.since, time())
        end = datetime.combine(self.until + timedelta(days=1), time())
        if conf.uses_time_zones():
            return timezone.make_aware(begin), timezone.make_aware(end)
        return begin, end


def presets() -> Iterator[tuple[int, str]]:
    """Yield the numbers of days that pages offer, and what people read for them."""
    for number in PRESET_DAYS:
        yield number, ngettext("last day", "last %(number)d days", number) % {"number": number}


def today() -> date:
    """Return the present day in the current time zone."""
    return timezone.localdate() if conf.uses_time_zones() else date.today()  # noqa: DTZ011


def to_date(moment: datetime) -> date:
    """Return the day of a stored time, in the current time zone."""
    return timezone.localdate(moment) if conf.uses_time_zones() else moment.date()
