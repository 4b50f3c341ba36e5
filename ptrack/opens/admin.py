"""The list of hits, and the report on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from .arguments import Argument, seen_arguments
from .chart import make_chart
from .columns import columns_of
from .csv_files import hit_lines, report_lines
from .exports import csv_response
from .fields import escape
from .models import PixelHit
from .report import make_report
from .selection import Selection
from .window import DEFAULT_DAYS, Window
from .words import humanize_duration, printable, to_json

if TYPE_CHECKING:
    Base = admin.ModelAdmin[PixelHit]
else:
    Base = admin.ModelAdmin


class ReportForm(forms.Form):
    """Chooses what a report shows."""

    by = forms.ChoiceField(label="Group by", required=False)
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, arguments: list[Argument]) -> None:
        """Take the parameters of the URL, and the arguments to choose from."""
        self.window = Window.of_days(DEFAULT_DAYS)
        self.arguments = {argument.slug: argument for argument in arguments}
        values = {
            "by": data.get("by", next(iter(self.arguments), "")),
            "since": data.get("since", self.window.since),
            "until": data.get("until", self.window.until),
        }
        super().__init__(values)
        choices = [("", "nothing"), *((argument.slug, str(argument)) for argument in arguments)]
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
        """The chosen argument, or None if nothing was chosen that can be."""
        return self.arguments.get(self.cleaned_data.get("by", ""))


@admin.register(PixelHit)
class PixelHitAdmin(Base):
    """Shows hits, and changes none."""

    list_display = ("at", "kind", "arguments", "time_to_open", "user_agent", "short_pixel")
    list_filter = ("kind", "at")
    date_hierarchy = "at"
    search_fields = ("pixel_id", "id", "user_agent", "args", "kwargs")
    search_help_text = "The search looks at arguments, user agents, and the IDs of pixels and hits."
    show_full_result_count = False
    list_per_page = 50
    change_list_template = "admin/ptrack_opens/pixelhit/change_list.html"
    fields = (
        "at",
        "kind",
        "rule",
        "arguments",
        "issued_at",
        "time_to_open",
        "first_open_of",
        "user_agent",
        "address",
        "pixel_id",
        "id",
    )
    readonly_fields = ("arguments", "time_to_open")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: PixelHit | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PixelHit | None = None) -> bool:
        return False

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        # Arguments are searched in their JSON, which writes quotation marks and backslashes differently.
        term_in_json = to_json(escape(search_term))[1:-1]
        if term_in_json != search_term:
            found |= super().get_search_results(request, queryset, term_in_json)[0]
        return found, may_have_duplicates

    @admin.display
    def arguments(self, hit: PixelHit) -> str:
        positional = [to_json(value) for value in hit.args]
        keyword = [f"{name}={to_json(value)}" for name, value in hit.kwargs.items()]
        return printable(" ".join(positional + keyword)) or "-"

    @admin.display
    def time_to_open(self, hit: PixelHit) -> str:
        return humanize_duration(hit.age)

    @admin.display(description="pixel")
    def short_pixel(self, hit: PixelHit) -> str:
        return hit.pixel_id.hex[:8]

    def get_urls(self) -> list[Any]:
        report = path("report/", self.admin_site.admin_view(self.report_view), name="ptrack_opens_pixelhit_report")
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        """Return the report as a page or, if the parameter ``format`` is ``report`` or ``hits``, as a CSV file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ReportForm(request.GET, seen_arguments())
        # An invalid form gets the page, which says what is wrong, and never a file.
        file_format = request.GET.get("format") if form.is_valid() else None
        if file_format == "hits":
            return csv_response(request, "hits", hit_lines(Selection(form.window), PixelHit))
        report = make_report(form.window, form.argument)
        if file_format == "report":
            return csv_response(request, "report", report_lines(report))
        query = {
            "by": form.argument.slug if form.argument else "",
            "since": form.window.since,
            "until": form.window.until,
        }
        context = {
            **self.admin_site.each_context(request),
            "title": "Report on hits",
            "opts": self.opts,
            "form": form,
            "headings": [column.heading for column in columns_of(report)],
            "report": report,
            "chart": make_chart(report.opens_by_date or {}),
            "report_csv_query": urlencode({**query, "format": "report"}),
            "hits_csv_query": urlencode({**query, "format": "hits"}),
        }
        return TemplateResponse(request, "admin/ptrack_opens/pixelhit/report.html", context)
