"""The email of 100 KB with which ``track_html`` is measured, beside one pass of ``html.parser`` over it."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

LINKS = 750
ROW = (
    '<tr><td class="product" style="padding:0 10px"><a class="btn" href="https://shop.example/{0}?size=42&amp;a=b">'
    "Product {0}</a></td></tr>\n"
)
EMAIL = f"<!doctype html><html><body><table>{''.join(map(ROW.format, range(LINKS)))}</table></body></html>"


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
