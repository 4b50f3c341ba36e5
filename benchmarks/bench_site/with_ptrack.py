"""The site with ptrack, or with django-ptrack 3.0.0, whose import name is the same."""

import itertools
from typing import Any

from django.urls import include, path

import ptrack

from .counter import counter

TAG = "{% load ptrack %}{% ptrack ARGUMENTS %}"
urlpatterns = [path("pixel/", include("ptrack.urls"))]
numbers = itertools.count()


class CountingPixel(ptrack.TrackingPixel):
    def record(self, *args: object, **kwargs: object) -> None:
        counter.add(kwargs)


def add_pixels(number: int) -> None:
    """Register that many more pixels, which do nothing."""
    for _ in range(number):

        class IdlePixel(ptrack.TrackingPixel):
            def record(self, *args: object, **kwargs: object) -> None: ...

        # The other package tells pixels apart by their names.
        IdlePixel.__name__ = IdlePixel.__qualname__ = f"IdlePixel{next(numbers)}"
        ptrack.tracker.register(IdlePixel)


def decode(token: str) -> Any:
    """Return the keyword arguments that a token carries."""
    _, kwargs = ptrack.ptrack_encoder.decrypt(token)
    return kwargs


ptrack.tracker.register(CountingPixel)
