from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django import template

from ptrack.opens.report import to_words

register = template.Library()

register.filter("to_words", to_words)


@register.filter
def to_query(parameters: Mapping[str, object], format: str) -> str:
    """Return the query of an address with these parameters and a format."""
    return urlencode({**parameters, "format": format})
