"""ptrack, and django-ptrack 3.0.0, whose package has the same name."""

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
    """Register so many pixels that do nothing beside the one that counts."""
    for _ in range(number):

        class IdlePixel(ptrack.TrackingPixel):
            def record(self, *args: object, **kwargs: object) -> None: ...

        # The other package keeps them by name.
        IdlePixel.__name__ = IdlePixel.__qualname__ = f"IdlePixel{next(numbers)}"
        ptrack.tracker.register(IdlePixel)


def decode(token: str) -> Any:
    _, kwargs = ptrack.ptrack_encoder.decrypt(token)
    return kwargs


ptrack.tracker.register(CountingPixel)
