"""Rates: the site says how many emails it sent, and the stored hits say how many of them were opened."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from numbers import Real
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.template.defaultfilters import floatformat
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ptrack import conf
from ptrack._parsing import close_coroutine
from ptrack._tracebacks import log_error

from .arguments import Argument
from .fields import to_text
from .groups import Group, empty_group
from .selection import Selection
from .words import printable

#: How to read the two ends of an open rate.
RANGE_EXPLANATION = _(
    "As far as images tell, an open rate goes from the emails that a reader surely opened to those that a reader may "
    "have opened: some providers request images ahead of their readers."
)

#: The number of groups that are named in one problem.
_MAX_NAMED = 5

#: The greatest number of emails sent that is believed: a hundred for each person on Earth.
_MAX_SENT = 10**12


class Fault(NamedTuple):
    """Why a group has no rates."""

    #: What is said beside the group.
    remark: Any
    #: What is said of all groups with the fault, or None if ``PTRACK_OPENS_SENT`` is not to blame.
    problem: Any = None


_WITHOUT_ARGUMENT = Fault(_("without the argument"))
_NOTHING_SENT = Fault(_("no emails sent"))
_NO_NUMBER = Fault(
    _("no number of emails sent"),
    _("There is no rate for %s, because PTRACK_OPENS_SENT names no number of emails sent."),
)
_BAD_NUMBER = Fault(
    _("the number of emails sent is bad"),
    _(
        "There is no rate for %s, because PTRACK_OPENS_SENT names something that is no whole number from 0 to "
        "1,000,000,000,000."
    ),
)
_NAMED_TWICE = Fault(
    _("several numbers of emails sent"),
    _("There is no rate for %s, because PTRACK_OPENS_SENT names several numbers: 42 and '42' are one value."),
)
_TOO_FEW = Fault(
    _("fewer emails sent than opened"),
    _("There is no rate for %s, because PTRACK_OPENS_SENT names fewer emails sent than were opened or clicked."),
)


class BadAnswerError(Exception):
    """What the callable of ``PTRACK_OPENS_SENT`` returned is of no use. The message is for people."""


def why_no_rates(selection: Selection, by: Argument | None) -> str:
    """Return why the groups of a report can have no rates, for people to read, or an empty text if they can.

    The site knows how many emails it sent by one argument. It does not know how many of them meet
    a condition on another one. And it counts emails whose hits are deleted by now.
    """
    if by is None:
        return gettext("There are no rates, because the hits are not grouped by an argument.")
    if selection.where is not None and selection.where.argument != by:
        return gettext("There are no rates, because the filter is by another argument than the groups.")
    if kept_since := selection.window.kept_since():
        return (
            gettext("There are no rates for days whose hits are deleted: choose a first day from %s on.") % kept_since
        )
    return ""


class Rated(NamedTuple):
    """Groups with the numbers of emails sent."""

    groups: list[Group]
    #: What ``PTRACK_OPENS_SENT`` got wrong, for people to read.
    problems: list[str]
    #: Whether it named more values without hits than there is room for.
    has_more: bool
    #: Why there are no rates at all, for people to read, or empty.
    why_no_rates: str = ""


def add_rates(selection: Selection, by: Argument, groups: list[Group], room: int) -> Rated:
    """Return groups with the numbers of emails sent.

    Values that ``PTRACK_OPENS_SENT`` names and that have no hits are added, at most ``room`` of them.
    """
    values = [group.value for group in groups if group.value is not None]
    if selection.where is not None and selection.where.value not in values:
        values.append(selection.where.value)
    try:
        answer = _ask(by, [*values], *map(_to_aware, selection.window.bounds()))
    except BadAnswerError as error:
        remark = gettext("no answer")
        return Rated([replace(group, remark=remark) for group in groups], [str(error)], has_more=False)
    if not answer:
        reason = gettext(
            "There are no rates, because PTRACK_OPENS_SENT names no numbers of emails by %s on these days."
        )
        return Rated(groups, [], has_more=False, why_no_rates=reason % printable(str(by)))
    others = sorted(answer.keys() - {group.value for group in groups})
    if selection.where is not None:
        others = [value for value in others if value == selection.where.value]
    rated = []
    named: dict[Fault, list[str]] = {}
    for group in (*groups, *map(empty_group, others[:room])):
        sent, fault = _judge(group, answer)
        rated.append(replace(group, sent=sent, remark=str(fault.remark) if fault else ""))
        if fault:
            named.setdefault(fault, []).append(group.label)
    problems = [str(fault.problem) % _to_list(labels) for fault, labels in named.items() if fault.problem]
    return Rated(rated, problems, has_more=len(others) > room)


def _ask(by: Argument, values: list[str], since: datetime, until: datetime) -> dict[str, list[Any]]:
    """Return what the callable names for each value, as a list of one unless it names the value twice."""
    argument = by.key if isinstance(by.key, str) else by.key + 1
    handled = sys.exception()
    try:
        with ExitStack() as savepoints:
            # What the callable breaks is not the transaction of the page.
            for connection in connections.all(initialized_only=True):
                if connection.in_atomic_block:
                    savepoints.enter_context(transaction.atomic(using=connection.alias))
            return _read(conf.opens_sent()(argument, values, since, until))  # type: ignore[misc]
    except BadAnswerError:
        raise
    except ImproperlyConfigured as error:
        raise BadAnswerError(str(error)) from None
    except Exception as error:
        log_error(error, handled, "PTRACK_OPENS_SENT could not be asked, so there are no rates.")
        raise BadAnswerError(
            gettext("PTRACK_OPENS_SENT raised %s, so there are no rates. The log says more.") % type(error).__name__
        ) from None


def _read(answer: object) -> dict[str, list[Any]]:
    close_coroutine(answer)
    if not isinstance(answer, Mapping):
        raise BadAnswerError(
            gettext("PTRACK_OPENS_SENT returned something of type %s, so there are no rates: let it return a dict.")
            % type(answer).__name__
        )
    numbers: dict[str, list[Any]] = {}
    for value, number in answer.items():
        # Emails without the argument have no value: the database gives None for them.
        if value is None:
            continue
        numbers.setdefault(to_text(value), []).append(number)
    return numbers


def _judge(group: Group, answer: Mapping[str, list[Any]]) -> tuple[int | None, Fault | None]:
    """Return the number of emails sent, or None if it is of no use, and why there are no rates."""
    if group.value is None:
        return None, _WITHOUT_ARGUMENT
    if group.value not in answer:
        return None, _NO_NUMBER
    if len(answer[group.value]) > 1:
        return None, _NAMED_TWICE
    number = _to_whole_number(answer[group.value][0])
    if number is None:
        return None, _BAD_NUMBER
    if number < max(group.opens, group.possible_opens, group.emails_clicked + group.perhaps_clicked):
        return None, _TOO_FEW
    return number, None if number else _NOTHING_SENT


def _to_whole_number(value: Any) -> int | None:
    # Databases give sums as Decimal, too.
    is_number = isinstance(value, (Real, Decimal)) and not isinstance(value, bool)
    try:
        return int(value) if is_number and 0 <= value <= _MAX_SENT and int(value) == value else None
    except ArithmeticError:
        # Decimal's NaN cannot be compared.
        return None


def to_percent(rate: float) -> str:
    """Return a rate from 0 to 1 in percent, with one decimal place, if it is needed, and a point."""
    return floatformat(100 * rate, "u")


def _to_aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment, timezone.get_default_timezone())


def _to_list(labels: list[str]) -> str:
    more = len(labels) - _MAX_NAMED
    text = ", ".join(labels[:_MAX_NAMED])
    return gettext("%(values)s and %(number)d more") % {"values": text, "number": more} if more > 0 else text
