"""An email of every kind of link, and what tracking makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from django.utils.encoding import iri_to_uri

import ptrack

_FOLDER = Path(__file__).parent

NEWSLETTER = (_FOLDER / "newsletter.html").read_text("utf-8")
#: Where the links of the newsletter lead that are tracked, as the ``Location`` header gives it.
DESTINATIONS = [iri_to_uri(url) for url in json.loads((_FOLDER / "newsletter.links.json").read_text("utf-8"))]

LINK = re.compile(r"https://www\.example\.com/go/([\w=-]+)/")
PIXEL = re.compile(
    r'<img src="https://www\.example\.com/ptrack/([\w=-]+)/" width=1 height=1 alt="" style="display:block">'
)


def destinations(html: str) -> list[str]:
    """Return what the tracked links of some HTML lead to."""
    return [ptrack.PtrackEncoder.decrypt(token)[1]["ptrack:to"] for token in LINK.findall(html)]


def replaced_values(html: str, original: str) -> list[str]:
    """Return what stood in the original where tracked HTML has its links, after a look at all that stands between."""
    first, *others = LINK.split(PIXEL.sub("", html))[::2]
    assert original.startswith(first)
    values: list[str] = []
    position = len(first)
    for unchanged in others:
        end = original.index(unchanged, position)
        values.append(original[position:end])
        position = end + len(unchanged)
    assert position == len(original)
    return values
