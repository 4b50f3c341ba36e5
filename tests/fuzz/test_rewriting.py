"""HTML of any kind takes time in proportion to its length, and nothing in it makes anybody raise."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from django.urls import include, path

from ptrack import track_html
from ptrack.tokeniser import Tags

from emails import NEWSLETTER
from mutations import MARKUP, mutated
from support import UrlConf

#: Characters of the shorter of two texts; the other has twice as many, a megabyte.
LENGTH = 2**19
#: The longer text takes twice the time, and some more for what else the machine does.
LARGEST_RATIO = 3
TRIES = 20

#: What the text begins with, and what is repeated.
HOSTILE = {
    "tags without an end": ("", "<a"),
    "tags without an end, apart": ("", "<a "),
    "tags": ("", "<a>"),
    "links": ("", "<a href=https://shop.example/>"),
    "angle brackets": ("", "<"),
    "ends of tags": ("", "</"),
    "attributes": ("<a", " x"),
    "attributes with values": ("<a", " x=''"),
    "attributes of other names": ("<a href=x ", "=="),
    "white space": ("<a href", " "),
    "white space in between": ("<a", " x" + " " * 50),
    "slashes": ("<a", "/"),
    "quotes without an end": ("<a href=", '"'),
    "quotes": ("<a ", "x='\"' "),
    "tags with a quote without an end": ("", "<a href='>"),
    "comments without an end": ("", "<!--"),
    "comments that nearly end": ("<!--", "--!"),
    "hyphens": ("<!--", "-"),
    "empty comments": ("", "<!-->"),
    "bogus comments": ("", "<?>"),
    "bogus comments without an end": ("", "<!x"),
    "conditional comments without an end": ("", "<!--[if mso]>"),
    "conditional comments": ("", "<!--[if mso]><a><![endif]-->"),
    "conditional comments in each other": ("", "<!--[if mso]><!--[if mso]>-->"),
    "raw text in conditional comments": ("", "<!--[if mso]><title>-->"),
    "conditions without an end": ("<!--", "[if "),
    "raw text": ("", "<title></title>"),
    "raw text without an end": ("", "<title>"),
    "raw text that nearly ends": ("<title>", "</title"),
    "scripts": ("", "<script></script>"),
    "scripts in comments": ("<script>", "<!--<script>"),
    "scripts that nearly end": ("<script><!--", "<script></script>"),
    "references": ("<a href='", "&amp;"),
    "references to nothing": ("<a href='", "&"),
    "long names of references": ("<a href='&", "amp"),
    "digits of a reference": ("<a href='&#", "9"),
    "long numbers": ("<a href='https://shop.example/?", "&#" + "1" * 5000),
    "a long URL": ("<a href='https://shop.example/", "x"),
    "ends of bodies": ("", "</body>"),
    "images": ("", "<img src=https://www.example.com/ptrack/x/y>"),
    "images that are nearly ours": ("", f"<img src=/{'a/' * 9000}xptrack/>"),
    "links that are nearly ours": ("", f"<a href=https://shop.example/{'a/' * 900}xgo/>"),
    "long hosts": ("", f"<a href=https://{'a.' * 1000}shop.example/>"),
    "per cent signs": ("", f"<a href=https://shop.example/{'%' * 1000}>"),
    "attributes of different names": ("<a", "".join(f" x{number}" for number in range(50_000))),
    "values that are nearly left alone": ("", f"<a href=https://shop.example/ class={'unsubscrib' * 50}>"),
}
#: What follows, for the tags and the values that have not ended.
ENDS = ("", "'>", '">', "-->")


@pytest.fixture(autouse=True)
def _links() -> Iterator[None]:
    routes = UrlConf(
        path("ptrack/", include("ptrack.urls")),
        path("go/", include("ptrack.link_urls")),
    )
    with override_settings(ROOT_URLCONF=routes, PTRACK_LINK_ALLOWED_HOSTS=["shop.example"]):
        yield


def base_url(*args: object) -> str:
    return "https://www.example.com"


def seconds(html: str) -> float:
    started = time.process_time()
    track_html(html)
    return time.process_time() - started


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_grows_as_the_length(name: str, settings: Any, figures: list[str]) -> None:
    start, repeated = HOSTILE[name]
    # Whatever stands in front of a path may belong to the base URL that a callable returns.
    settings.PTRACK_APP_URL = base_url
    once, twice = (start + repeated * (length // len(repeated)) for length in (LENGTH, 2 * LENGTH))
    slowest = 0.0
    for end in ENDS:
        short = long = math.inf
        tries = 0
        while long >= LARGEST_RATIO * short and tries < TRIES:
            # The shortest times are those that the machine disturbed the least.
            short, long = min(short, seconds(once + end)), min(long, seconds(twice + end))
            tries += 1
        assert long < LARGEST_RATIO * short, end
        slowest = max(slowest, long / len(twice) * 2**20)
    figures.append(f"{name}: at most {slowest:.3f} seconds for a megabyte")


def test_no_html_makes_it_raise(rng: random.Random, times: int) -> None:
    for _ in range(3000 * times):
        html = "".join(
            rng.choices([*MARKUP, "[if mso]>", "</title", "script", "href=", "a", "&#"], k=rng.randint(1, 60))
        )
        tags = Tags(html)
        starts = [tag.start for tag in tags if tag.attributes() is not None]
        assert starts == sorted(set(starts))
        tracked = track_html(html)
        assert track_html(tracked) == tracked


def test_no_broken_email_makes_it_raise(rng: random.Random, times: int) -> None:
    html = NEWSLETTER
    for number in range(1000 * times):
        # Each is broken more than the one before.
        html = mutated(html if number % 50 else NEWSLETTER, rng) or NEWSLETTER
        tracked = track_html(html)
        assert track_html(tracked) == tracked
