"""The lists of hits in the admin, which show hits and change none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from .arguments import Argument
from .conditions import Condition
from .fields import escape, unescape
from .filters import condition_of_id
from .models import StoredHit
from .paging import HitPaginator
from .parameters import SINCE, UNTIL, WHERE, make_query, to_parameter
from .requesters import name_requester
from .texts import ExactText, HoldsText
from .window import to_date
from .words import KINDS, humanize_duration, printable

if TYPE_CHECKING:
    Base = admin.ModelAdmin[StoredHit]
else:
    Base = admin.ModelAdmin

# The parameters of a list that a link to another condition leaves out: the search, the page and what Django adds.
_OF_ONE_VIEW = {"q", "p", "e", "all"}


class HitAdmin(Base):
    """Shows hits of one table."""

    actions = None
    search_fields = ("pk", "pixel_id")
    search_help_text = _(
        "The ID of a hit or pixel is found on all days. Otherwise the search is for a whole value of an argument, such "
        "as 42, or a whole user agent, on the days that are shown."
    )
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    paginator = HitPaginator
    sortable_by = ("at", "time_to_open")
    change_list_template = "admin/ptrack_opens/change_list.html"
    #: What tells the owner of a site without hits what to do.
    first_steps_template = "admin/ptrack_opens/first_steps.html"
    #: The columns, beside those of arguments, whose whole texts are searched.
    searched_columns: tuple[str, ...] = ("user_agent",)

    class Media:
        css = {"all": ["ptrack_opens/report.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: StoredHit | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: StoredHit | None = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HitChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        context = {
            "has_hits": self.model._default_manager.exists,
            "first_steps": self.first_steps_template,
            "report_url": self.report_url(request),
        }
        return super().changelist_view(request, context | (extra_context or {}))

    def report_url(self, request: HttpRequest) -> str | None:
        """Return the URL of the report, or None for somebody who may not see it."""
        if not may_see_report(request.user):
            return None
        url = reverse("admin:ptrack_opens_pixelhit_report", current_app=self.admin_site.name)
        # The report takes one condition, the last one.
        kept = {name: request.GET[name] for name in (WHERE, SINCE, UNTIL) if name in request.GET}
        return url + make_query(kept) if kept else url

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if not search_term:
            return queryset, False
        condition = condition_of_id(self.model, search_term) or self._holds(escape(search_term))
        return queryset.filter(condition), False

    def _holds(self, text: str) -> Q:
        found = Q(HoldsText("args", text)) | Q(HoldsText("kwargs", text))
        for name in self.searched_columns:
            found |= Q(Exact(ExactText(name), text))
        return found

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, hit: StoredHit) -> Any:
        return KINDS[hit.kind]  # type: ignore[index]

    @admin.display(description=_("requested by"))
    def requester(self, hit: StoredHit) -> Any:
        return name_requester(hit.rule)

    @admin.display(description=_("arguments"))
    def arguments(self, hit: StoredHit) -> SafeString:
        keys: Iterable[tuple[int | str, str]] = (*enumerate(hit.args), *hit.kwargs.items())
        lines = (self._link_argument(hit, Argument(key), value) for key, value in keys)
        return format_html_join(" ", "{}", ([line] for line in lines)) or SafeString("-")

    @admin.display(description=_("time to open"), ordering="age")
    def time_to_open(self, hit: StoredHit) -> SafeString:
        return format_html("<bdi>{}</bdi>", humanize_duration(hit.age))

    @admin.display(description=_("user agent"))
    def agent(self, hit: StoredHit) -> SafeString:
        return label(printable(unescape(hit.user_agent)) or "-")

    @admin.display(description=_("other headers"))
    def other_headers(self, hit: StoredHit) -> SafeString:
        lines = (label(printable(f"{name}: {value}")) for name, value in hit.headers.items())
        return format_html_join("", "{}", ([line] for line in lines)) or SafeString("-")

    def link_others(self, hit: StoredHit, text: Any) -> SafeString:
        """Return the HTML of a link to all hits of the same pixel or link."""
        link = format_html('<a href="{}">{}</a>', self.list_url(q=hit.pixel_id.hex), text)
        return format_html('<span class="ptrack-hit">{}</span>', link)

    def list_url(self, kept: Mapping[str, Any] | None = None, **parameters: str) -> str:
        """Return the URL of this list with some parameters."""
        url = reverse(admin_urlname(self.opts, SafeString("changelist")), current_app=self.admin_site.name)
        return url + make_query(kept or {}, **parameters)

    def _link_argument(self, hit: StoredHit, argument: Argument, value: str) -> SafeString:
        where = to_parameter(argument, value)
        url = None if where is None else self.list_url(kept_parameters(hit), **{WHERE: where})
        return label(printable(str(Condition(argument, value))), url)


def may_see_report(user: Any) -> bool:
    """Return whether somebody may see the report, which is made from both tables."""
    return bool(user.has_perms(["ptrack_opens.view_pixelhit", "ptrack_opens.view_linkhit"]))


class HitChangeList(ChangeList):
    """Lets the links in a row keep what else the list is narrowed down by."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        # Django sets no LIMIT if all fit on a page. Without one, MariaDB reads the whole table for some days.
        self.result_list = self.result_list[: self.list_per_page]
        kept = {name: values for name, values in request.GET.lists() if name not in _OF_ONE_VIEW}
        for hit in self.result_list:
            hit.list_parameters = kept


def label(text: Any, url: str | None = None) -> SafeString:
    """Return the HTML of a text that may be long and may run from right to left, perhaps with a link."""
    shown = format_html('<span class="ptrack-label" title="{}"><bdi>{}</bdi></span>', text, text)
    return shown if url is None else format_html('<a href="{}">{}</a>', url, shown)


def kept_parameters(hit: StoredHit) -> Mapping[str, Any]:
    """Return the parameters that a link beside a hit keeps. Where the hit is shown alone, they end the days with it."""
    return getattr(hit, "list_parameters", None) or {UNTIL: to_date(hit.at)}
