"""``path("go/", include("ptrack.link_urls"))``: one route, named ``ptrack_link``."""

from __future__ import annotations

from django.urls import re_path

from .views import follow_link

_ANYTHING = r"(?P<ptrack_encoded_data>(?s:.*))"

urlpatterns = [
    re_path(rf"^{_ANYTHING}/\Z", follow_link, name="ptrack_link"),
    # Some clients drop the slash at the end.
    re_path(rf"^{_ANYTHING}\Z", follow_link),
]
