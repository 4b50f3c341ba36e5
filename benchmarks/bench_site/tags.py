import json
import os
from base64 import urlsafe_b64encode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from nacl.bindings import crypto_secretbox

from .settings import PTRACK_APP_URL, PTRACK_SECRET

register = template.Library()


@register.simple_tag
def nothing(*args: object, **kwargs: object) -> str:
    """Take what the pixel's tag takes, and put out nothing."""
    return ""


@register.simple_tag
def sealed_directly(*args: object, **kwargs: object) -> SafeString:
    """Put out a pixel by libsodium, json and base64 alone, with neither checks nor settings."""
    nonce = os.urandom(24)
    sealed = nonce + crypto_secretbox(json.dumps([args, kwargs]).encode(), nonce, PTRACK_SECRET.encode())
    token = urlsafe_b64encode(sealed).decode()
    return SafeString(f'<img src="{PTRACK_APP_URL}/pixel/{token}/" width=1 height=1 alt="">')


@register.simple_tag
def open_tracking_img(**metadata: object) -> SafeString:
    from .of_pytracking import url_of

    return format_html('<img src="{}" width=1 height=1 alt="">', url_of(metadata))
