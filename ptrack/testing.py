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
from email import message_from_bytes
from email.message import Message
from email.policy import default as default_policy
from html.parser import HTMLParser
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.test import Client

from ._pasted_text import text_of
from ._urlconf import find_tokens
from .trackers import Callback, Registration, failures, tracker
from .views import serve_pixel

_Function = TypeVar("_Function", bound=Callable[..., Any])


def open_mail(
    message: EmailMessage | Message | bytes | str,
    client: Client | None = None,
    *,
    raise_exceptions: bool = False,
    **headers: str,
) -> list[HttpResponse]:
    """Request every ptrack image of an email as an email client would, and return the responses, in order.

    Takes an email: one of Django's, such as ``mail.outbox[0]``, one of the standard library's,
    the bytes of one, or HTML as a str. What counts is what is sent: every part of type
    ``text/html`` that is not an attached file. An image counts by its path, whatever its host,
    and the requests go to the test client's own host.

    Also takes a test client to use instead of a new one, and request headers as keyword
    arguments (``user_agent="Thunderbird"``). Keywords in capitals go into the WSGI environment
    as they are (``REMOTE_ADDR="192.0.2.1"``). With ``raise_exceptions=True``, the first
    exception that a pixel raises is raised here too, after it is logged.

    Raises ``TypeError`` for another kind of email or client.
    """
    client = client or Client()
    if not isinstance(client, Client):
        raise TypeError(f"open_mail() takes a django.test.Client, not {type(client).__name__}.")
    environ: dict[str, Any] = {name: headers.pop(name) for name in tuple(headers) if name.isupper()}
    responses: list[HttpResponse] = []
    for html in _html_parts(message):
        for source, path in _pixels(html):
            with _collected_failures() as failed:
                is_secure = not source.lower().startswith("http:")
                response = client.get(path, secure=is_secure, headers=headers, **environ)
            responses.append(cast(HttpResponse, response))
            if raise_exceptions and failed:
                raise failed[0]
    return responses


@contextlib.contextmanager
def _collected_failures() -> Iterator[list[BaseException]]:
    collected: list[BaseException] = []
    before = failures.set(collected)
    try:
        yield collected
    finally:
        failures.reset(before)


class temporarily(ContextDecorator):
    """Register pixel classes for the length of a ``with``, or of a decorated function or coroutine function.

    Other registered pixels stay. Afterwards the registry is as it was before.

    Raises ``TypeError`` for anything that is not the class of a pixel, as in ``@temporarily``
    without pixels. Raises it also when it decorates a class, whose tests would not run.
    Entering it raises ``PtrackRegistrationError`` as ``tracker.register`` does.
    """

    def __init__(self, *pixels: type[Callback]) -> None:
        # One for each time that it was entered and not yet left.
        self._saved: list[dict[type[Callback], Registration]] = []
        for pixel in pixels:
            if not (isinstance(pixel, type) and issubclass(pixel, Callback)):
                name = getattr(pixel, "__qualname__", repr(pixel))
                raise TypeError(
                    f"temporarily takes the pixels and links to register, and {name} is a subclass of neither "
                    "ptrack.TrackingPixel nor ptrack.TrackingLink: write @temporarily(SomePixel)."
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
            self.sources += [value.strip() for name, value in attrs if name == "src" and value]


def _html_parts(message: EmailMessage | Message | bytes | str) -> Iterator[str]:
    """Yield the HTML of an email, as its recipient's client would see it."""
    if isinstance(message, str):
        yield message
        return
    if isinstance(message, EmailMessage):
        message = message.message()
    if isinstance(message, Message):
        message = message.as_bytes()
    if not isinstance(message, bytes):
        kind = type(message).__name__
        raise TypeError(f"open_mail() takes an email, such as mail.outbox[0], or HTML as a str, not {kind}.")
    yield from _html_of_part(message_from_bytes(message, policy=default_policy))


def _html_of_part(part: Message) -> Iterator[str]:
    # Neither an attached file nor an attached email is shown with the email.
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
        return
    if part.is_multipart():
        for inner in part.get_payload():
            yield from _html_of_part(cast(Message, inner))
    elif part.get_content_type() == "text/html":
        yield text_of(part)


def _pixels(html: str) -> Iterator[tuple[str, str]]:
    """Yield the source of every pixel of some HTML, and its path as the test client wants it."""
    collector = _ImageCollector()
    collector.feed(html)
    for source in collector.sources:
        found = next(find_tokens(source, serve_pixel), None)
        if found is not None:
            yield source, found.path
