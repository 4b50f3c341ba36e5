"""``path("ptrack/", include("ptrack.urls"))``: one route, named ``ptrack``."""

from __future__ import annotations

from django.urls import re_path

from .views import serve_pixel

# Whatever stands here is answered with the image: also nothing, slashes and line breaks.
_ANYTHING = r"(?P<ptrack_encoded_data>(?s:.*))"

urlpatterns = [
    re_path(rf"^{_ANYTHING}/\Z", serve_pixel, name="ptrack"),
    # Some clients drop the slash at the end. APPEND_SLASH needs a middleware, and it redirects.
    re_path(rf"^{_ANYTHING}\Z", serve_pixel),
]
