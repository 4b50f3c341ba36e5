"""The list of hits, and the report on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from .chart import make_chart
from .csv_files import hit_lines, report_lines
from .fields import escape
from .models import Open
from .report import (
    DEFAULT_DAYS,
    HEADINGS,
    Argument,
    Window,
    hits_in,
    make_report,
    printable,
    seen_arguments,
    to_words,
)

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Open]
else:
    Base = admin.ModelAdmin


class ReportForm(forms.Form):
    """What a report is to show."""

    by = forms.ChoiceField(label="Group by", required=False)
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, arguments: list[Argument]) -> None:
        """Take the parameters of the address, and the arguments there are to choose from."""
        window = Window.of_days(DEFAULT_DAYS)
        self._by_slug = {argument.slug: argument for argument in arguments}
        defaults = {"by": next(iter(self._by_slug), ""), "since": window.since, "until": window.until}
        super().__init__({name: data.get(name, default) for name, default in defaults.items()})
        self.window = window
        choices = [("", "nothing"), *((slug, str(argument)) for slug, argument in self._by_slug.items())]
        self.fields["by"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> None:
        """Make a window of the two days, or refuse them."""
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until:
            try:
                self.window = Window.between(since, until)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None

    @property
    def argument(self) -> Argument | None:
        """The argument that was chosen, if it is one of those there are."""
        return self._by_slug.get(self.cleaned_data.get("by", ""))


@admin.register(Open)
class OpenAdmin(Base):
    """Hits to look at, not to change."""

    list_display = ("at", "kind", "arguments", "time_to_open", "user_agent", "short_pixel")
    list_filter = ("kind", "at")
    date_hierarchy = "at"
    search_fields = ("pixel_id", "hit_id", "user_agent", "args", "kwargs")
    search_help_text = "Searches arguments, user agents and ids."
    show_full_result_count = False
    list_per_page = 50
    change_list_template = "admin/ptrack_opens/open/change_list.html"
    fields = (
        *("at", "kind", "reason", "arguments", "issued_at", "time_to_open", "is_first"),
        *("user_agent", "address", "pixel_id", "hit_id"),
    )
    readonly_fields = ("arguments", "time_to_open")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Open | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Open | None = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        # Arguments are searched as the text that JSON makes of them.
        in_json = json.dumps(escape(search_term), ensure_ascii=False)[1:-1]
        if in_json != search_term:
            found |= super().get_search_results(request, queryset, in_json)[0]
        return found, may_have_duplicates

    @admin.display
    def arguments(self, hit: Open) -> str:
        in_place = [json.dumps(value, ensure_ascii=False) for value in hit.args]
        by_name = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in hit.kwargs.items()]
        return printable(" ".join(in_place + by_name)) or "-"

    @admin.display
    def time_to_open(self, hit: Open) -> str:
        return to_words(hit.age)

    @admin.display(description="pixel")
    def short_pixel(self, hit: Open) -> str:
        return hit.pixel_id[:8]

    def get_urls(self) -> list[Any]:
        report = path("report/", self.admin_site.admin_view(self.report_view), name="ptrack_opens_open_report")
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Return the report as a page or, with ``format``, as CSV: ``report`` or ``hits``."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ReportForm(request.GET, seen_arguments())
        # Of what was not asked for, there is no file; the page says what is wrong.
        wanted = request.GET.get("format") if form.is_valid() else None
        if wanted == "hits":
            return _csv(hit_lines(hits_in(form.window).order_by("at", "pk").iterator()), "hits")
        report = make_report(form.window, form.argument)
        if wanted == "report":
            return _csv(report_lines(report), "report")
        context = {
            **self.admin_site.each_context(request),
            "title": "Report on opens",
            "opts": self.opts,
            "form": form,
            "headings": HEADINGS,
            "report": report,
            "chart": make_chart(report.opens_by_date),
            "query": form.window._asdict() | {"by": form.argument.slug if form.argument else ""},
        }
        return TemplateResponse(request, "admin/ptrack_opens/open/report.html", context)


def _csv(lines: Any, name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="ptrack-{name}.csv"'},
    )
