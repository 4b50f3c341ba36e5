"""An email client as simple as can be: it finds the images and links in an email's HTML, and requests them."""

import struct
import time
from html.parser import HTMLParser
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.request import HTTPHandler, OpenerDirector, Request

from .output import expect

#: What the email client and the browser of the story say of themselves.
EMAIL_CLIENT = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0",
    "Accept": "image/*",
}
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html",
    "Sec-Fetch-Mode": "navigate",
}
#: Characters of a token that are shown at each end.
SHOWN = 8


class Element(NamedTuple):
    """An ``<img>`` or an ``<a>`` of an email: its HTML and its URL."""

    html: str
    url: str

    @property
    def token(self) -> str:
        return self.url.rstrip("/").rpartition("/")[2]

    def shorten(self, text: str) -> str:
        """Return the text with the token shortened, so that a line fits on a screen."""
        return text.replace(self.token, f"{self.token[:SHOWN]}...{self.token[-SHOWN:]}")


class Answer(NamedTuple):
    """What a server answered to one request. The names of headers are in lower case."""

    status: str
    headers: dict[str, str]
    body: bytes
    milliseconds: float


class ElementFinder(HTMLParser):
    """Collects the images and links of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[Element] = []
        self.links: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "img":
            self.images.append(Element(self.get_starttag_text() or "", values.get("src") or ""))
        if tag == "a":
            self.links.append(Element(self.get_starttag_text() or "", values.get("href") or ""))


def find_elements(html: str) -> tuple[list[Element], list[Element]]:
    """Return the images and the links of an email, in order."""
    finder = ElementFinder()
    finder.feed(html)
    return finder.images, finder.links


def request(url: str, headers: dict[str, str]) -> Answer:
    """Request a URL, and measure the time of the round trip."""
    # Such an opener uses no proxy and follows no redirect: the first answer counts.
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    started = time.perf_counter()
    response: HTTPResponse
    with opener.open(Request(url, headers=headers), timeout=10) as response:
        body = response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    names_and_values = {name.lower(): value for name, value in response.headers.items()}
    return Answer(f"{response.status} {response.reason}", names_and_values, body, milliseconds)


def describe(answer: Answer) -> str:
    """Return an answer in one line. It has to be a GIF of one pixel."""
    content_type = answer.headers.get("content-type")
    expect(answer.status == "200 OK", f"the server answered {answer.status}.")
    expect(content_type == "image/gif", f"the server answered with {content_type}, not with image/gif.")
    is_gif = answer.body.startswith(b"GIF89a") and len(answer.body) > 10
    expect(is_gif, "the server says that it answers with a GIF, but the body is none.")
    width, height = struct.unpack_from("<HH", answer.body, 6)
    expect((width, height) == (1, 1), f"the GIF has {width} x {height} pixels, not one.")
    return f"{answer.status}, {content_type}, {len(answer.body)} bytes: an image of 1 x 1 pixel"
