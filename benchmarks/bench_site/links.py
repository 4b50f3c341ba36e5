"""What the site does besides, for the ptrack of this checkout alone: links, with the same work as the pixel."""

from django.urls import include, path

import ptrack

from .counter import counter

TAG = "{% load ptrack %}{% ptrack_link_url 'https://www.example.com/offers/?size=42' ARGUMENTS %}"
urlpatterns = [path("go/", include("ptrack.link_urls"))]


@ptrack.tracker.register
class CountingLink(ptrack.TrackingLink):
    def record(self, url: str, *args: object, **kwargs: object) -> None:
        counter.add(kwargs)
