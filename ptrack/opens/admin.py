"""The lists of hits, and the report on them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from .filters import DestinationFilter, KindFilter, RequesterFilter, WhereFilter, WindowFilter
from .lists import HitAdmin, kept_parameters, label
from .models import LinkHit, PixelHit
from .pages import report_response
from .words import printable

_DETAILS = ("at", "kind_name", "requester", "rule", "arguments", "issued_at")
_ORIGIN = ("is_secure", "agent", "other_headers", "address", "id")


@admin.register(PixelHit)
class PixelHitAdmin(HitAdmin):
    """Shows the hits of pixels, and the report on all hits."""

    list_display = ("at", "kind_name", "requester", "arguments", "time_to_open", "pixel")
    list_filter = (WhereFilter, WindowFilter, KindFilter, RequesterFilter)
    fields = readonly_fields = (
        *_DETAILS,
        "time_to_open",
        "is_first_open",
        "is_first_possible_open",
        *_ORIGIN,
        "whole_pixel",
    )

    def get_urls(self) -> list[Any]:
        report = path("report/", self.admin_site.admin_view(self.report_view), name="ptrack_opens_pixelhit_report")
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return the report, as a page or as a CSV file."""
        return report_response(request, self)

    @admin.display(description=_("counts as unique open"), boolean=True)
    def is_first_open(self, hit: PixelHit) -> bool:
        return hit.first_open_of is not None

    @admin.display(description=_("counts as possible open"), boolean=True)
    def is_first_possible_open(self, hit: PixelHit) -> bool:
        return hit.first_possible_open_of is not None

    @admin.display(description=_("pixel"))
    def pixel(self, hit: PixelHit) -> SafeString:
        return self.link_others(hit, hit.pixel_id.hex[:8])

    @admin.display(description=_("pixel"))
    def whole_pixel(self, hit: PixelHit) -> SafeString:
        return format_html("{} ({})", hit.pixel_id, self.link_others(hit, _("all hits of this pixel")))


@admin.register(LinkHit)
class LinkHitAdmin(HitAdmin):
    """Shows the hits of links."""

    list_display = ("at", "kind_name", "requester", "destination", "arguments", "link")
    list_filter = (WhereFilter, DestinationFilter, WindowFilter, KindFilter, RequesterFilter)
    fields = readonly_fields = (*_DETAILS, "time_to_click", "destination", *_ORIGIN, "whole_link")
    first_steps_template = "admin/ptrack_opens/first_clicks.html"
    searched_columns = ("user_agent", "url")
    search_help_text = _(
        "The ID of a hit or link is found on all days. Otherwise the search is for a whole value of an argument, such "
        "as 42, a whole URL or a whole user agent, on the days that are shown."
    )

    @admin.display(description=_("time to click"))
    def time_to_click(self, hit: LinkHit) -> SafeString:
        return self.time_to_open(hit)

    @admin.display(description=_("destination"))
    def destination(self, hit: LinkHit) -> SafeString:
        # Not a link to there: a look at the list is no click.
        return label(printable(hit.url), self.list_url(kept_parameters(hit), to=hit.url))

    @admin.display(description=_("link"))
    def link(self, hit: LinkHit) -> SafeString:
        return self.link_others(hit, hit.pixel_id.hex[:8])

    @admin.display(description=_("link"))
    def whole_link(self, hit: LinkHit) -> SafeString:
        return format_html("{} ({})", hit.pixel_id, self.link_others(hit, _("all hits of this link")))
