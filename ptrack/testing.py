"""For the tests of sites that use ptrack.

>>> with temporarily(OpenPixel):  # doctest: +SKIP
...     open_mail(mail.outbox[0], user_agent="Thunderbird")
[<HttpResponse status_code=200, "image/gif">]
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.mail import EmailMessage
from django.test import Client
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils import translation

from . import conf
from .trackers import TrackingPixel, tracker
from .views import serve_pixel


def open_mail(message_or_html: EmailMessage | str, client: Client | None = None, **headers: str) -> list[Any]:
    """Load every ptrack image of a mail as a mail client would, and return the responses, in order.

    Takes a mail, such as ``mail.outbox[0]``, or HTML; a test client to use instead of a new
    one; and request headers by name (``user_agent="Thunderbird"``). Names in capitals go
    into the WSGI environment as they are (``REMOTE_ADDR="192.0.2.1"``). The requests are
    made to the test client's own host, whatever ``PTRACK_APP_URL`` says.

    Raises ``ImproperlyConfigured`` if ``PTRACK_APP_URL`` is missing.
    """
    client = client or Client()
    base = conf.app_url()
    environ: dict[str, Any] = {name: headers.pop(name) for name in tuple(headers) if name.isupper()}
    secure = urlsplit(base).scheme == "https"
    return [
        client.get(path, secure=secure, headers=headers, **environ)
        for html in _html_parts(message_or_html)
        for path in _pixel_paths(html, base)
    ]


@contextmanager
def temporarily(*pixels: type[TrackingPixel]) -> Iterator[None]:
    """Register pixel classes for the length of a ``with``, or of a decorated function.

    What else is registered stays; afterwards the registry is as it was before.

    Raises ``PtrackRegistrationError`` as ``tracker.register`` does.
    """
    registered = dict(tracker._registry)
    try:
        for pixel in pixels:
            tracker.register(pixel)
        yield
    finally:
        tracker._registry = registered


class _ImageCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.sources += [value for name, value in attrs if name == "src" and value]


def _html_parts(message_or_html: EmailMessage | str) -> list[str]:
    if isinstance(message_or_html, str):
        return [message_or_html]
    parts = [(message_or_html.body, f"text/{message_or_html.content_subtype}")]
    parts += getattr(message_or_html, "alternatives", ())
    return [str(content) for content, mimetype in parts if mimetype == "text/html"]


def _pixel_paths(html: str, base: str) -> Iterator[str]:
    collector = _ImageCollector()
    collector.feed(html)
    for source in collector.sources:
        # The test client has neither the path of PTRACK_APP_URL nor a script prefix before its paths.
        path = "/" + source.removeprefix(base).removeprefix(get_script_prefix())
        if source.startswith(f"{base}/") and _is_pixel_path(path):
            yield path


def _is_pixel_path(path: str) -> bool:
    with translation.override(translation.get_language_from_path(path) or translation.get_language()):
        try:
            return resolve(unquote(path)).func is serve_pixel
        except Resolver404:
            return False
