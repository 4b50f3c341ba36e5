"""What a visitor of the admin chooses: days, a condition, and what a report is grouped by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .arguments import Argument, default_argument
from .conditions import Condition
from .parameters import to_condition
from .selection import Selection
from .window import MAX_DAYS, Window


def _date_field(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class WindowForm(forms.Form):
    """Chooses the days, up to today if only their number is given."""

    since = _date_field(_("From"))
    until = _date_field(_("To"))
    days = forms.IntegerField(required=False, min_value=1, max_value=MAX_DAYS, widget=forms.HiddenInput)

    window: Window

    def clean(self) -> None:
        """Make a window of what was chosen, or refuse it."""
        if not self.errors.keys() & {"since", "until", "days"}:
            try:
                self.window = Window.choose(*(self.cleaned_data[name] for name in ("since", "until", "days")))
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with the choice, for people to read."""
        for name, errors in self.errors.items():
            label = self.fields[name].label if name in self.fields else None
            yield from (f"{label}: {error}" if label else str(error) for error in errors)


class ReportForm(WindowForm):
    """Chooses what a report shows, too."""

    by = forms.ChoiceField(label=_("Group by"), required=False)
    where = forms.CharField(
        label=_("Only where"),
        # A value may end in blanks.
        strip=False,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "campaign=9", "autocomplete": "off", "spellcheck": "false"}),
    )
    sort = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ["by", "where", "since", "until"]

    condition: Condition | None = None

    def __init__(self, data: Any, arguments: Sequence[Argument]) -> None:
        """Take the parameters of the URL, and the arguments to choose from."""
        self.arguments = {argument.slug: argument for argument in arguments}
        default = default_argument(arguments)
        super().__init__({"by": default.slug if default else "", **{name: data[name] for name in data}})
        choices = [("", _("nothing")), *((argument.slug, str(argument)) for argument in arguments)]
        self.fields["by"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        super().clean()
        if hasattr(self, "window"):
            # The fields show the days, whatever they were chosen by.
            self.data = {**self.data, "since": self.window.since, "until": self.window.until}

    def clean_where(self) -> str:
        where: str = self.cleaned_data["where"]
        if where:
            try:
                self.condition = to_condition(where)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return where

    @property
    def selection(self) -> Selection:
        """The hits that a valid form chooses."""
        return Selection(self.window, self.condition)

    @property
    def argument(self) -> Argument | None:
        """The chosen argument, or None if nothing was chosen that can be."""
        return self.arguments.get(self.cleaned_data.get("by", ""))
