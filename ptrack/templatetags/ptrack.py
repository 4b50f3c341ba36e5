"""``{% load ptrack %}``: the tags ``{% ptrack %}``, ``{% ptrack_pixel_url %}`` and ``{% ptrack_link_url %}``."""

from __future__ import annotations

from typing import Any

from django import template

from ptrack._tracebacks import without_locals
from ptrack.exceptions import PtrackArgumentError
from ptrack.html import link_url, pixel_img, pixel_url

register = template.Library()

# Code written for django-ptrack 3.0.0 imports the tag's function by this name.
ptrack = register.simple_tag(pixel_img, name="ptrack")
ptrack_pixel_url = register.simple_tag(pixel_url, name="ptrack_pixel_url")


@register.simple_tag
@without_locals
def ptrack_link_url(*args: Any, **kwargs: Any) -> str:
    """Put out what ``ptrack.link_url`` returns."""
    if not args:
        raise PtrackArgumentError(
            "{% ptrack_link_url %} has no destination: write it first, without a name, as in "
            "{% ptrack_link_url 'https://www.example.com/' reader=reader.pk %}."
        )
    return link_url(*args, **kwargs)
