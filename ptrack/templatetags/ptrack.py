"""``{% load ptrack %}``: the tags ``{% ptrack 'arg' key='value' %}`` and ``{% ptrack_pixel_url ... %}``."""

from __future__ import annotations

from django import template

from ptrack.html import pixel_img, pixel_url

register = template.Library()

# Code written for django-ptrack 3.0.0 imports the tag's function by this name.
ptrack = register.simple_tag(pixel_img, name="ptrack")
ptrack_pixel_url = register.simple_tag(pixel_url, name="ptrack_pixel_url")
