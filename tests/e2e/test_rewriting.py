"""Whole emails in Chromium: what it reads in them, how they look, and where their links lead."""

from __future__ import annotations

import io
import random
import threading
from collections import Counter
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import mrml
import pytest
from django.core.wsgi import get_wsgi_application
from django.test import override_settings
from django.utils.encoding import iri_to_uri
from PIL import Image, ImageChops
from playwright.sync_api import BrowserContext, Page, Route

import ptrack
from ptrack import track_html
from ptrack._references import resolve_references
from ptrack.tokeniser import WHITE_SPACE, start_tags
from ptrack.views import TRANSPARENT_1_PIXEL_GIF

from emails import DESTINATIONS, NEWSLETTER, PIXEL, destinations, replaced_values
from mutations import mutated
from support import WITH_LINKS, link_class, needs_chromium, pixel_class

pytestmark = needs_chromium

#: How many broken emails are read, each with two dozen links.
COUNT = 1500
#: Returns the values of the links in each of some texts, as Chromium's parser for emails without scripts reads them.
READ = r"""texts => texts.map(text => {
    const links = new DOMParser().parseFromString(text, "text/html").querySelectorAll("a[href], area[href]");
    return [...links].map(link => link.getAttribute("href").replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, ""));
})"""
#: Returns where each element of the body stands but the pixel, and how high the page is.
MEASURE = """() => {
    const elements = [...document.querySelectorAll("body *")].filter(element => element.alt !== "");
    const boxes = elements.map(element => element.getBoundingClientRect());
    return [boxes.map(box => [box.x, box.y, box.width, box.height]), document.documentElement.scrollHeight];
}"""
BUTTON = '<mj-button href="https://shop.example/mjml?a=1&amp;b=2">Buy</mj-button><mj-text>Grüße</mj-text>'
MJML = f"<mjml><mj-body><mj-section><mj-column>{BUTTON}</mj-column></mj-section></mj-body></mjml>"
EMAILS = {
    "the newsletter": NEWSLETTER,
    "made from MJML": mrml.to_html(MJML).content,
    "a table": "<!doctype html><html><body><table border=1 width=600><tr><td>Cell</td></tr></table></body></html>",
    "a text": "<!doctype html>See <a href='https://shop.example/'>the shop</a>",
}


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    with override_settings(**WITH_LINKS):
        yield


@pytest.fixture
def context(browser: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 640, "height": 10})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


# What is read


def links_of(html: str) -> Counter[str]:
    """Return the values of the links of some HTML, conditional comments apart."""
    tags = [tag for tag in start_tags(html) if tag.name in ("a", "area") and not tag.is_conditional]
    # A browser knows one kind of line break, and no NUL.
    values = [attributes["href"].value for tag in tags if "href" in (attributes := tag.attributes())]
    return Counter(value.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd") for value in values)


def test_chromium_reads_the_same_links_in_broken_emails(page: Page, figures: list[str]) -> None:
    rng = random.Random(18)
    texts = [NEWSLETTER, *(mutated(NEWSLETTER, rng) for _ in range(COUNT))]
    differing = total = 0
    for text, found in zip(texts, page.evaluate(READ, texts), strict=True):
        ours, theirs = links_of(text), Counter(found)
        differing += ((ours - theirs) + (theirs - ours)).total()
        total += (ours | theirs).total()
        # What is no link stays as it is.
        tracked = track_html(text)
        values = [resolve_references(value).strip(WHITE_SPACE) for value in replaced_values(tracked, text)]
        assert destinations(tracked) == list(map(iri_to_uri, values))
        assert len(PIXEL.findall(tracked)) == 1
    figures.append(f"links in {len(texts):,} broken emails: {total:,}, of which one side alone finds {differing}")
    assert total > 10 * COUNT
    assert differing <= 0.005 * total


# How it looks


def look_at(page: Page, html: str) -> tuple[Any, Image.Image]:
    """Return where the elements of an email stand, and a picture of all of it."""
    page.set_content(html, wait_until="load")
    return page.evaluate(MEASURE), Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def answer(route: Route) -> None:
    if "/ptrack/" in route.request.url:
        route.fulfill(body=TRANSPARENT_1_PIXEL_GIF, content_type="image/gif")
    else:
        route.abort()


@pytest.mark.parametrize("doctype", ["<!doctype html>", ""], ids=["with a doctype", "without a doctype"])
@pytest.mark.parametrize("name", EMAILS)
def test_no_element_moves_and_the_page_grows_by_the_pixel_alone(page: Page, name: str, doctype: str) -> None:
    page.route("**/*", answer)
    html = doctype + EMAILS[name].partition(">")[2]
    (boxes, height), picture = look_at(page, html)
    (new_boxes, new_height), new_picture = look_at(page, track_html(html))
    assert page.locator("img[alt='']").evaluate("img => [img.complete, img.naturalWidth]") == [True, 1]
    assert new_boxes == boxes
    assert (new_height, new_picture.height) == (height + 1, picture.height + 1)
    both = (0, 0, picture.width, picture.height)
    assert ImageChops.difference(picture, new_picture.crop(both)).getbbox() is None


# Where it leads


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    """The base URL of a server that has the routes of pixels and links."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), Server, Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with override_settings(PTRACK_APP_URL=url, ALLOWED_HOSTS=["127.0.0.1"]):
            yield url
        server.shutdown()


@pytest.fixture
def recorded(no_pixels: None) -> list[object]:
    """Let pixels and links append what they are given to this list."""
    found: list[object] = []
    ptrack.tracker.register(pixel_class(lambda self, *args, **kwargs: found.append(("open", args, kwargs))))
    ptrack.tracker.register(link_class(lambda self, url, *args, **kwargs: found.append((url, args, kwargs))))
    return found


def test_the_open_is_recorded_and_each_link_lands_where_it_led(
    context: BrowserContext, site: str, recorded: list[object]
) -> None:
    html = track_html(NEWSLETTER, "newsletter", reader=7)
    # Chromium does not show the link that stands in a conditional comment.
    expected = [url for url in DESTINATIONS if not url.endswith("/vml")]
    for number, url in enumerate(expected):
        recorded.clear()
        page = context.new_page()
        page.set_content(html, wait_until="load")
        assert recorded == [("open", ("newsletter",), {"reader": 7})]
        links = page.locator(f"a[href^='{site}/go/'], area[href^='{site}/go/']")
        assert links.count() == len(expected)
        landing = page.evaluate("url => new URL(url).href.split('#')[0]", url)
        with page.expect_response(f"{site}/go/**") as response, page.expect_request("https://shop*/**") as next_one:
            links.nth(number).evaluate("link => link.click()")
        assert (response.value.header_value("location"), next_one.value.url) == (url, landing)
        assert recorded[1:] == [(url, ("newsletter",), {"reader": 7})]
        page.close()
