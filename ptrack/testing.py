"""Helpers for the tests of sites that use ptrack.

>>> with temporarily(OpenPixel):  # doctest: +SKIP
...     open_mail(mail.outbox[0], user_agent="Thunderbird")
[<HttpResponse status_code=200, "image/gif">]
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator
from email import message_from_bytes
from email.message import Message
from email.policy import default as default_policy
from inspect import iscoroutinefunction
from typing import Any, NamedTuple, TypeVar, cast

from django.core.mail import EmailMessage
from django.http import HttpResponse
from django.test import Client

from ._pasted_text import text_of
from ._urlconf import find_tokens
from .tokeniser import Tag, is_image, is_link, start_tags
from .trackers import Callback, Registration, failures, tracker
from .views import follow_link, serve_pixel

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
    ``text/html`` that is not an attached file, read as by a browser without scripts, and by
    Outlook: what stands in a conditional comment counts too. An image counts by its path,
    whatever its host, and the requests go to the test client's own host.

    Also takes a test client to use instead of a new one, and request headers as keyword
    arguments (``user_agent="Thunderbird"``). Keywords in capitals go into the WSGI environment
    as they are (``REMOTE_ADDR="192.0.2.1"``). With ``raise_exceptions=True``, the first
    exception that a pixel raises is raised here too, after it is logged.

    Raises ``TypeError`` for another kind of email or client.
    """
    images = (url for part in _parts(message) if part.is_html for url in _values(part.text, "src", is_image))
    return _request_all(images, serve_pixel, client, raise_exceptions, headers)


def click_links(
    message: EmailMessage | Message | bytes | str,
    client: Client | None = None,
    *,
    raise_exceptions: bool = False,
    **headers: str,
) -> list[HttpResponse]:
    """Follow every tracked link of an email as its reader's browser would, and return the responses, in order.

    Takes and raises the same as ``open_mail``; a str is HTML, or plain text if it holds no
    ``<``. The links of every text part count, HTML or plain. Each response is the redirect:
    its ``Location`` is the destination, which is not requested.
    """
    links = (
        url
        for part in _parts(message)
        for url in (_values(part.text, "href", is_link) if part.is_html else _find(part.text))
    )
    return _request_all(links, follow_link, client, raise_exceptions, headers)


def _request_all(
    urls: Iterator[str],
    view: Callable[..., object],
    client: Client | None,
    raise_exceptions: bool,
    headers: dict[str, str],
) -> list[HttpResponse]:
    """Request every URL that leads to a view, and return the responses."""
    client = client or Client()
    if not isinstance(client, Client):
        raise TypeError(f"The client has to be a django.test.Client, not {type(client).__name__}.")
    environ: dict[str, Any] = {name: headers.pop(name) for name in tuple(headers) if name.isupper()}
    responses: list[HttpResponse] = []
    for url in urls:
        found = next(find_tokens(url, view), None)
        if found is None:
            continue
        with _collected_failures() as failed:
            is_secure = not url.lower().startswith("http:")
            response = client.get(found.path, secure=is_secure, headers=headers, **environ)
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


class _Part(NamedTuple):
    """The text of a part of an email."""

    text: str
    is_html: bool


def _values(html: str, attribute: str, is_wanted: Callable[[Tag], bool]) -> Iterator[str]:
    """Yield the values of an attribute of the tags that are wanted."""
    for tag in start_tags(html):
        if is_wanted(tag) and (found := tag.attributes().get(attribute)):
            yield found.value


def _find(text: str) -> Iterator[str]:
    """Yield the URLs of a plain text, without what the text goes on with."""
    for found in re.findall(r"https?://[^\s<>\"]+", text, re.IGNORECASE):
        yield found.rstrip(".,;:!?)]}'")


def _parts(message: EmailMessage | Message | bytes | str) -> Iterator[_Part]:
    """Yield the text parts of an email, as its recipient's client would see them."""
    if isinstance(message, str):
        yield _Part(message, is_html="<" in message)
        return
    if isinstance(message, EmailMessage):
        message = message.message()
    if isinstance(message, Message):
        message = message.as_bytes()
    if not isinstance(message, bytes):
        kind = type(message).__name__
        raise TypeError(f"ptrack.testing takes an email, such as mail.outbox[0], or HTML as a str, not {kind}.")
    yield from _parts_below(message_from_bytes(message, policy=default_policy))


def _parts_below(part: Message) -> Iterator[_Part]:
    # Neither an attached file nor an attached email is shown with the email.
    if part.get_content_disposition() == "attachment" or part.get_content_maintype() == "message":
        return
    if part.is_multipart():
        for inner in part.get_payload():
            yield from _parts_below(cast(Message, inner))
    elif part.get_content_type() in ("text/html", "text/plain"):
        yield _Part(text_of(part), is_html=part.get_content_type() == "text/html")
