"""The email of 100 KB with which ``track_html`` is measured, beside one pass of ``html.parser`` over it."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

from django.urls import include, path

LINKS = 750
ROW = (
    '<tr><td class="product" style="padding:0 10px"><a class="btn" href="https://shop.example/{0}?size=42&amp;a=b">'
    "Product {0}</a></td></tr>\n"
)
EMAIL = f"<!doctype html><html><body><table>{''.join(map(ROW.format, range(LINKS)))}</table></body></html>"


class Routes:
    """A URLconf with the two routes of ptrack."""

    urlpatterns = [path("ptrack/", include("ptrack.urls")), path("go/", include("ptrack.link_urls"))]


#: The settings with which the functions are called.
SETTINGS = {"ROOT_URLCONF": Routes, "PTRACK_LINK_ALLOWED_HOSTS": ["shop.example"]}


def functions() -> dict[str, Callable[[], object]]:
    from ptrack import track_html

    if track_html(EMAIL).count("/go/") != LINKS:
        raise SystemExit("Not every link of the email was tracked, so there is nothing to measure.")
    return {
        "html.parser": parse,
        "track_html": lambda: track_html(EMAIL, "newsletter", user=12345),
        "track_html, the pixel alone": lambda: track_html(EMAIL, "newsletter", user=12345, links=False),
    }


def parse() -> None:
    parser = HTMLParser()
    parser.feed(EMAIL)
    parser.close()
