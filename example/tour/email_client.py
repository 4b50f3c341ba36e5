"""An email client as simple as can be: it finds the image in an email's HTML, and requests it."""

import struct
import time
from html.parser import HTMLParser
from http.client import HTTPResponse
from typing import NamedTuple
from urllib.request import HTTPHandler, OpenerDirector, Request

from .output import expect

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0"
#: Characters of a token that are shown at each end.
SHOWN = 8


class Image(NamedTuple):
    """An ``<img>`` of an email: its HTML and its URL."""

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


class ImageFinder(HTMLParser):
    """Collects the images of an HTML page."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[Image] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(Image(self.get_starttag_text() or "", dict(attrs).get("src") or ""))


def find_image(html: str, site_url: str) -> Image:
    """Return the only image of an email. Its URL has to belong to the site."""
    finder = ImageFinder()
    finder.feed(html)
    expect(len(finder.images) == 1, f"the email's HTML should have one <img>, and has {len(finder.images)}.")
    [image] = finder.images
    expect(image.url.startswith(f"{site_url}/"), f"the image is not on the server, {site_url}: {image.url}")
    return image


def request_image(url: str) -> Answer:
    """Request a URL as an email client does, and measure the time of the round trip."""
    # Such an opener uses no proxy and follows no redirect: the first answer counts.
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    request = Request(url, headers={"User-Agent": USER_AGENT, "Accept": "image/*"})
    started = time.perf_counter()
    response: HTTPResponse
    with opener.open(request, timeout=10) as response:
        body = response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(f"{response.status} {response.reason}", headers, body, milliseconds)


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
