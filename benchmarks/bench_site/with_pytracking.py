"""The site with pytracking2 and Fernet, set up as its documentation says. Its tag is in bench_site.tags."""

from base64 import urlsafe_b64encode
from typing import Any

import pytracking
from django.urls import path
from pytracking.django import OpenTrackingView

from .counter import counter
from .settings import PTRACK_APP_URL, PTRACK_SECRET

TAG = "{% open_tracking_img ARGUMENTS %}"
CONFIGURATION = pytracking.Configuration(
    base_open_tracking_url=f"{PTRACK_APP_URL}/pixel/",
    encryption_bytestring_key=urlsafe_b64encode(PTRACK_SECRET.encode()),
)


class CountingView(OpenTrackingView):
    def notify_tracking_event(self, tracking_result: Any) -> None:
        counter.add(tracking_result.metadata)

    def get_configuration(self) -> pytracking.Configuration:
        return CONFIGURATION


urlpatterns = [path("pixel/<str:path>/", CountingView.as_view())]


def add_pixels(number: int) -> None:
    """Do nothing: a view of this package has one callback."""


def decode(token: str) -> Any:
    """Return the keyword arguments that a token carries."""
    return pytracking.get_open_tracking_result(token, configuration=CONFIGURATION).metadata


def url_of(metadata: dict[str, object]) -> str:
    url: str = pytracking.get_open_tracking_url(metadata, configuration=CONFIGURATION)
    return f"{url}/"
