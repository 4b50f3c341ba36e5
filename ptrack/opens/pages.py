"""The page of the report, and its CSV files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ptrack.hits import HitKind

from .aggregates import MANY
from .arguments import seen_arguments
from .chart import make_chart
from .clicks import LinkGroup
from .columns import columns_of, humanize_number, is_of_kind
from .csv_files import csv_response, hit_lines, report_lines
from .forms import ReportForm
from .groups import Group
from .lists import may_see_report
from .models import MODELS, LinkHit, PixelHit, StoredHit
from .notes import notes_of
from .parameters import DAYS, RENDERED, SINCE, UNTIL, WHERE, make_query, to_parameter
from .rates import RANGE_EXPLANATION
from .report import make_report
from .requesters import NAMES, Requester, requester_of
from .tables import Cell, Row, sort_groups, to_cells, to_headings
from .window import DEFAULT_DAYS, presets
from .words import printable

_TEMPLATE = "admin/ptrack_opens/pixelhit/report.html"


class Link(NamedTuple):
    """A text with a URL, perhaps with numbers beside it."""

    text: Any
    url: str
    numbers: Sequence[Any] = ()
    is_chosen: bool = False


def report_response(request: HttpRequest, model_admin: Any) -> HttpResponseBase:
    """Return the report as a page or, if the parameter ``format`` names one, as a CSV file.

    Takes the request and the ``ModelAdmin`` of the page. Raises ``PermissionDenied``.
    """
    if not may_see_report(request.user):
        raise PermissionDenied
    form = ReportForm(request.GET, seen_arguments())
    # An invalid form gets the page, which says what is wrong, and never a file.
    if form.is_valid() and (file := _csv_file(request, form)):
        return file
    page = ReportPage(form, request.GET.dict(), model_admin.admin_site.name)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Report on hits"),
        "opts": model_admin.opts,
        "lists": list(page.lists()),
        "presets": list(page.presets()),
        "form": form,
    }
    return TemplateResponse(request, _TEMPLATE, context | (page.context() if form.is_valid() else {}))


def _csv_file(request: HttpRequest, form: ReportForm) -> StreamingHttpResponse | None:
    """Return the file that a valid form asks for, or None if it asks for the page."""
    match request.GET.get("format"):
        case "report" as name:
            lines = report_lines(make_report(form.window, form.argument, form.condition))
        case "hits" as name:
            lines = hit_lines(form.selection, PixelHit)
        case "clicks" as name:
            lines = hit_lines(form.selection, LinkHit)
        case _:
            return None
    return csv_response(request, name, lines)


class ReportPage:
    """What the page shows of a form, and where its links lead."""

    def __init__(self, form: ReportForm, parameters: dict[str, Any], admin_site: str) -> None:
        """Take the form, the parameters of the URL, and the name of the admin site."""
        self.form = form
        self.admin_site = admin_site
        self.parameters = {name: value for name, value in parameters.items() if name in form.fields}

    def query(self, **changes: Any) -> str:
        """Return the query of the URL of this page with some parameters changed."""
        return make_query(self.parameters, **changes)

    def lists(self) -> Iterator[Link]:
        """Yield links to the lists of hits: those of the report, or all of them while the form is not valid."""
        for model in MODELS:
            url = self._hits_url(model) if self.form.is_valid() else self._list_url(model)
            yield Link(model._meta.verbose_name_plural, url)

    def presets(self) -> Iterator[Link]:
        """Yield links to numbers of days that end today."""
        dates = {self.parameters.get(SINCE), self.parameters.get(UNTIL)} - {None, ""}
        days = None if dates else self.parameters.get(DAYS, str(DEFAULT_DAYS))
        for number, text in presets():
            query = self.query(**{DAYS: number, SINCE: None, UNTIL: None})
            yield Link(text, query, is_chosen=days == str(number))

    def context(self) -> dict[str, Any]:
        """Return the variables of the template."""
        form = self.form
        self.report = report = make_report(form.window, form.argument, form.condition)
        columns = columns_of(report)
        self.columns = [column for column in columns if not is_of_kind(column)]
        self.kinds = [column for column in columns if is_of_kind(column)]
        groups, sort = sort_groups(report.groups, columns, form.cleaned_data["sort"])
        by_date = report.opens_by_date
        return {
            "report": report,
            "notes": list(notes_of(report)),
            "condition": form.condition and printable(str(form.condition)),
            "without_condition": self.query(where=None),
            "headings": list(to_headings(report.by, self.columns, sort, self.parameters)),
            "kind_headings": list(to_headings(report.by, self.kinds, sort, self.parameters)),
            "rows": [self._to_row(group) for group in groups],
            "total": self._to_row(report.total, is_total=True),
            "chart": None if by_date is None else make_chart(by_date, report.unit, report.window),
            "explanation": RANGE_EXPLANATION,
            "links": [self._to_link_row(link) for link in report.links],
            "requesters": list(self._requesters()),
            "has_hits": lambda: any(model.objects.exists() for model in MODELS),
            "csv_links": [
                Link(_("this report"), self.query(format="report")),
                Link(_("its hits of pixels"), self.query(format="hits")),
                Link(_("its hits of links"), self.query(format="clicks")),
            ],
        }

    def _to_row(self, group: Group, is_total: bool = False) -> Row:
        where = None
        if self.report.by and group.value is not None:
            where = to_parameter(self.report.by, group.value)
        urls = {}
        # Without a condition that can be written, a link would lead to the hits of all groups.
        if where or is_total:
            urls = {
                "all_hits": self._hits_url(PixelHit, where),
                "emails_clicked": self._hits_url(LinkHit, where, kind=HitKind.PERSON.value),
                "perhaps_clicked": self._hits_url(LinkHit, where, kind=HitKind.UNKNOWN.value),
                **{column.key: self._hits_url(PixelHit, where, kind=column.key) for column in self.kinds},
            }
        cells, kinds = to_cells(group, self.columns, urls), to_cells(group, self.kinds, urls)
        url = where and self.query(where=where)
        if where and self.report.where and self.report.where.argument != self.report.by:
            # The report takes one condition, the list takes both.
            url = self._hits_url(PixelHit, where)
        return Row(group.label, url, cells, kinds, group.remark)

    def _to_link_row(self, link: LinkGroup) -> Row:
        cells = [
            Cell(
                heading,
                humanize_number(number),
                self._hits_url(LinkHit, to=link.url, kind=kind.value) if number else None,
            )
            for heading, number, kind in (
                (_("emails clicked"), link.emails_clicked, HitKind.PERSON),
                (_("perhaps clicked"), link.perhaps_clicked, HitKind.UNKNOWN),
                (_("clicks"), link.clicks, HitKind.PERSON),
            )
        ]
        return Row(printable(link.url), self._hits_url(LinkHit, to=link.url), cells, kinds=[], remark="")

    def _requesters(self) -> Iterator[Link]:
        """Yield what requested pixels, and how often, the most frequent first."""
        counts: Counter[Requester] = Counter()
        rules = self.form.selection.of(PixelHit).values_list("rule")
        for rule, number in rules.annotate(number=Count("*"))[:MANY]:
            counts[requester_of(rule)] += number
        for requester, number in counts.most_common():
            yield Link(NAMES[requester], self._hits_url(requester=requester.value), [humanize_number(number)])

    def _list_url(self, model: type[StoredHit]) -> str:
        """Return the URL of the list of hits of pixels or of links."""
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        return reverse(name, current_app=self.admin_site)

    def _hits_url(self, model: type[StoredHit] = PixelHit, where: str | None = None, **parameters: str) -> str:
        """Return the URL of the list of the hits of this report, those alone that meet one more condition."""
        selection = self.form.selection
        conditions = [text for text in dict.fromkeys([self.form.cleaned_data[WHERE], where]) if text]
        narrowed = {
            WHERE: conditions or None,
            SINCE: selection.window.since,
            UNTIL: selection.window.until,
            RENDERED: 1 if selection.by_rendering else None,
        }
        return self._list_url(model) + make_query(narrowed, **parameters)
