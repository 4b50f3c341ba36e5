"""Tags for comparison, which every template of the site can use."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from . import direct
from .settings import PTRACK_APP_URL

register = template.Library()


@register.simple_tag
def empty_tag(*args: object, **kwargs: object) -> str:
    """Take the arguments of a pixel, and put out nothing."""
    return ""


@register.simple_tag
def direct_tag(*args: object, **kwargs: object) -> SafeString:
    """Put out an image by libsodium, base64 and json alone, without any check or setting."""
    return SafeString(f'<img src="{PTRACK_APP_URL}/pixel/{direct.encrypt(*args, **kwargs)}/" width=1 height=1 alt="">')


@register.simple_tag
def open_tracking_img(**metadata: object) -> SafeString:
    """Put out the image of pytracking2, which has no tag of its own."""
    from .with_pytracking import url_of

    return format_html('<img src="{}" width=1 height=1 alt="">', url_of(metadata))
