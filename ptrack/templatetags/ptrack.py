"""``{% load ptrack %}``: the tag ``{% ptrack 'arg' key='value' %}``."""

from __future__ import annotations

from django import template

from ptrack.html import pixel_img

register = template.Library()
register.simple_tag(pixel_img, name="ptrack")
