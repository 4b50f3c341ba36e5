"""The filters of the lists of hits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import F, Q, Value
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ptrack.hits import HitKind

from .fields import escape, unescape
from .forms import WindowForm
from .models import StoredHit
from .parameters import DAYS, RENDERED, SINCE, UNTIL, WHERE, to_condition
from .requesters import NAMES, Requester, requested_by
from .selection import in_window, meeting
from .texts import ExactText
from .window import DEFAULT_DAYS, presets
from .words import KINDS, printable

#: The value of the parameter of days for a list without a window.
ALL_DAYS = "all"


def to_id(term: str) -> UUID | None:
    """Return the id that somebody searches for, or None if it is another text."""
    try:
        return UUID(term.strip())
    except ValueError:
        return None


def condition_of_id(model: type[StoredHit], term: str) -> Q | None:
    """Return the condition that a hit, or its pixel, has this id, or None if none has. It takes an index each."""
    if wanted := to_id(term):
        for condition in (Q(pk=wanted), Q(pixel_id=wanted)):
            if model._default_manager.filter(condition).exists():
                return condition
    return None


class ParametersFilter(admin.ListFilter):
    """A filter that takes the parameters which it names, and offers texts with the parameters behind them."""

    parameters: tuple[str, ...]
    #: The values of each of them, if the URL has it.
    used_parameters: dict[str, Any]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[StoredHit], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.parameters:
            # An empty field of a form is no choice.
            if values := [value for value in params.pop(name, []) if value]:
                self.used_parameters[name] = values
        self.model = model

    @property
    def values(self) -> dict[str, str]:
        """The last value of each parameter that the URL has."""
        return {name: values[-1] for name, values in self.used_parameters.items()}

    def expected_parameters(self) -> list[str | None]:
        return [*self.parameters]

    def has_output(self) -> bool:
        return True

    @abstractmethod
    def offers(self) -> Iterator[tuple[bool, dict[str, Any], Any]]:
        """Yield whether a choice is the present one, its parameters, and its text."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for selected, parameters, text in self.offers():
            query = changelist.get_query_string(parameters, [*self.parameters])
            yield {"selected": selected, "query_string": query, "display": text}


class WindowFilter(ParametersFilter):
    """Shows the hits of 30 days, unless others are chosen or the search is for an id."""

    title = _("days")
    parameters = (DAYS, SINCE, UNTIL, RENDERED)

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[StoredHit], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.has_all_days = self.values.get(DAYS) == ALL_DAYS
        self.form = WindowForm({} if self.has_all_days else self.values)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.has_all_days:
            return queryset
        if not self.form.is_valid():
            for fault in self.form.faults():
                messages.error(request, fault)
            return queryset.none()
        if condition_of_id(self.model, request.GET.get("q", "")):
            return queryset
        return in_window(queryset, self.form.window, by_rendering=RENDERED in self.values)

    def offers(self) -> Iterator[tuple[bool, dict[str, Any], Any]]:
        days = self.values.get(DAYS, str(DEFAULT_DAYS))
        if not self.form.is_valid():
            days = ""
        elif self.used_parameters.keys() & {SINCE, UNTIL, RENDERED} and not self.has_all_days:
            days = ""
            window = self.form.window
            text = _("rendered %(since)s to %(until)s") if RENDERED in self.values else _("%(since)s to %(until)s")
            yield True, self.used_parameters, text % {"since": window.since, "until": window.until}
        for number, preset in presets():
            yield days == str(number), {DAYS: number}, preset
        yield self.has_all_days, {DAYS: ALL_DAYS}, _("all days")


class WhereFilter(ParametersFilter):
    """Shows the hits with one value of an argument, or with several. The labels of lists and report lead to it."""

    title = _("argument")
    parameters = (WHERE,)

    def has_output(self) -> bool:
        return bool(self.used_parameters)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        try:
            conditions = [to_condition(parameter) for parameter in self.used_parameters.get(WHERE, [])]
        except ValueError as error:
            messages.error(request, str(error))
            return queryset.none()
        return meeting(queryset, conditions)

    def offers(self) -> Iterator[tuple[bool, dict[str, Any], Any]]:
        yield False, {}, _("All")
        text = ", ".join(printable(unescape(parameter)) for parameter in self.used_parameters[WHERE])
        yield True, self.used_parameters, text


class DestinationFilter(ParametersFilter):
    """Shows the clicks that led to one URL."""

    title = _("destination")
    parameters = ("to",)

    def has_output(self) -> bool:
        return bool(self.used_parameters)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        for url in self.values.values():
            queryset = queryset.filter(Exact(ExactText(F("url")), Value(escape(url))))
        return queryset

    def offers(self) -> Iterator[tuple[bool, dict[str, Any], Any]]:
        yield False, {}, _("All")
        yield True, self.used_parameters, printable(self.values["to"])


class KindFilter(admin.SimpleListFilter):
    """Shows the hits of one kind."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(kind.value, name) for kind, name in KINDS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(kind=value) if value in [*HitKind] else queryset.none()


class RequesterFilter(admin.SimpleListFilter):
    """Shows the hits that one client sent."""

    title = _("what requested it")
    parameter_name = "requester"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(requester.value, name) for requester, name in NAMES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if value is None:
            return queryset
        return queryset.filter(requested_by(Requester(value))) if value in [*Requester] else queryset.none()
