"""Helpers for the tests of sites that use ptrack.

>>> with temporarily(OpenPixel):  # doctest: +SKIP
...     open_mail(mail.outbox[0], user_agent="Thunderbird")
[<HttpResponse status_code=200, "image/gif">]
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from html.parser import HTMLParser
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast
from urllib.parse import unquote, urlsplit

from django.core.mail import EmailMessage
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import translation

from . import conf
from ._urlconf import missing_script_prefix, quoted_script_prefix
from .trackers import Registration, TrackingPixel, tracker
from .views import serve_pixel

_Function = TypeVar("_Function", bound=Callable[..., Any])


def open_mail(message_or_html: EmailMessage | str, client: Client | None = None, **headers: str) -> list[Any]:
    """Request every ptrack image of an email as an email client would, and return the responses, in order.

    Takes an email, such as ``mail.outbox[0]``, or its HTML; a test client to use instead of a
    new one; and request headers as keyword arguments (``user_agent="Thunderbird"``). Keywords
    in capitals go into the WSGI environment as they are (``REMOTE_ADDR="192.0.2.1"``). The
    requests go to the test client's own host, whatever ``PTRACK_APP_URL`` says.

    Raises ``ImproperlyConfigured`` if ``PTRACK_APP_URL`` is missing, and ``TypeError`` for
    another kind of email or client.
    """
    client = client or Client()
    if not isinstance(client, Client):
        raise TypeError(f"open_mail() takes a django.test.Client, not {type(client).__name__}.")
    base = conf.app_url()
    environ: dict[str, Any] = {name: headers.pop(name) for name in tuple(headers) if name.isupper()}
    secure = urlsplit(base).scheme == "https"
    return [
        client.get(path, secure=secure, headers=headers, **environ)
        for html in _html_parts(message_or_html)
        for path in _pixel_paths(html, base)
    ]


class temporarily(ContextDecorator):
    """Register pixel classes for the length of a ``with``, or of a decorated function or coroutine function.

    Other registered pixels stay. Afterwards the registry is as it was before.

    Raises ``TypeError`` for anything that is not the class of a pixel, as in ``@temporarily``
    without pixels. Raises it also when it decorates a class, whose tests would not run.
    Entering it raises ``PtrackRegistrationError`` as ``tracker.register`` does.
    """

    def __init__(self, *pixels: type[TrackingPixel]) -> None:
        # One for each time that it was entered and not yet left.
        self._saved: list[dict[type[TrackingPixel], Registration]] = []
        for pixel in pixels:
            if not (isinstance(pixel, type) and issubclass(pixel, TrackingPixel)):
                name = getattr(pixel, "__qualname__", repr(pixel))
                raise TypeError(
                    f"temporarily takes the pixels to register, and {name} is no subclass of ptrack.TrackingPixel: "
                    "write @temporarily(SomePixel)."
                )
        self._pixels = pixels

    def __enter__(self) -> None:
        self._saved.append(tracker.save())
        try:
            for pixel in self._pixels:
                tracker.register(pixel)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        tracker.restore(self._saved.pop())

    def __call__(self, function: _Function) -> _Function:
        if isinstance(function, type):
            raise TypeError(
                f"temporarily cannot decorate the class {function.__name__}: decorate its tests one by one, "
                "or write self.enterContext(temporarily(SomePixel)) into its setUp()."
            )
        if not iscoroutinefunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return cast(_Function, wrapper)


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
    if not isinstance(message_or_html, EmailMessage):
        kind = type(message_or_html).__name__
        raise TypeError(f"open_mail() takes an email, such as mail.outbox[0], or HTML as a str, not {kind}.")
    parts = [(message_or_html.body, f"text/{message_or_html.content_subtype}")]
    parts += getattr(message_or_html, "alternatives", ())
    return [str(content) for content, mimetype in parts if mimetype == "text/html"]


def _pixel_paths(html: str, base: str) -> Iterator[str]:
    """Yield the path of every pixel of some HTML, as the test client wants it: without any script prefix."""
    collector = _ImageCollector()
    collector.feed(html)
    script_prefix = missing_script_prefix(base, quoted_script_prefix()[:-1])
    for source in collector.sources:
        if not source.startswith(f"{base}/"):
            continue
        path = source.removeprefix(base)
        # The email may have been rendered by a command, which has no script prefix.
        for candidate in (path.removeprefix(script_prefix), path):
            if _is_pixel_path(candidate):
                yield candidate
                break


def _is_pixel_path(path: str) -> bool:
    # The route may be translated, and the client chooses the language.
    for language in (translation.get_language(), *conf.languages()):
        with translation.override(language), contextlib.suppress(Resolver404):
            if resolve(unquote(path)).func is serve_pixel:
                return True
    return False
