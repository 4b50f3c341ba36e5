"""``{% load ptrack %}``: the tag ``{% ptrack 'arg' key='value' %}``."""

from __future__ import annotations

from django import template

from ptrack.html import pixel_img

register = template.Library()

# Code written for django-ptrack 3.0.0 imports the tag's function by this name.
ptrack = register.simple_tag(pixel_img, name="ptrack")
