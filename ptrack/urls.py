"""``path("ptrack/", include("ptrack.urls"))``: one route, named ``ptrack``."""

from __future__ import annotations

from django.urls import re_path

from .views import serve_pixel

# Anything is answered with the picture: nothing, slashes and line breaks included.
_ANYTHING = r"(?P<ptrack_encoded_data>(?s:.*))"

urlpatterns = [
    re_path(rf"^{_ANYTHING}/\Z", serve_pixel, name="ptrack"),
    # Some clients drop the slash at the end. APPEND_SLASH needs a middleware, and redirects.
    re_path(rf"^{_ANYTHING}\Z", serve_pixel),
]
