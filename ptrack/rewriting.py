"""Puts a pixel and tracked links into a whole email: ``track_html`` and ``track_message``.

Outside the values of the links, and the pixel, no character of the HTML changes.
"""

from __future__ import annotations

import logging
import re
from html import escape
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailAlternative, EmailMessage, EmailMultiAlternatives
from django.utils.encoding import force_str

from . import conf
from ._logging import log
from ._tracebacks import without_locals
from ._urlconf import LINK_ROUTE, PIXEL_ROUTE, routes_named
from .consent import may_track
from .destinations import to_location
from .exceptions import PtrackArgumentError
from .html import build_url, check_call, make_token, surroundings, to_img
from .tokeniser import Attribute, Tag, Tags, is_image, is_link

#: Marks of a URL in which a template or a mail service is to replace something. The last is not such a mark: the HTML
#: standard puts it for a reference to a character that may not be, such as "&#0;".
_UNFINISHED_URL = re.compile(r"\{\{|\{%|\*\||%%|\ufffd")
#: The attributes of a link in which the word counts.
_UNSUBSCRIBE_ATTRIBUTES = ("href", "id", "class", "rel")


@without_locals
def track_html(html: str, /, *args: int | str, pixel: bool = True, links: bool = True, **kwargs: int | str) -> str:
    """Return the HTML of an email with its links tracked and a pixel put in, both with the arguments.

    Takes HTML, and the arguments that a pixel takes. ``pixel=False`` leaves the pixel out,
    ``links=False`` leaves the links as they are. Whatever is tracked already stays as it is,
    so a second call changes nothing. Without consent the HTML is returned as it is.

    Raises ``PtrackArgumentError`` for other arguments, and for a ``pixel`` or ``links`` that
    is no bool; ``ImproperlyConfigured`` for a missing setting; ``NoReverseMatch`` for a
    missing route; ``TypeError`` if the HTML is not a str. A link that ``link_url`` would
    refuse stays as it is.
    """
    if not isinstance(html, str):
        raise TypeError(f"track_html() takes HTML as a str, not {type(html).__name__}; track_message() takes an email.")
    tracking = _Tracking(args, kwargs, pixel=pixel, links=links)
    return tracking.rewrite(html) if may_track(args, kwargs) else html


@without_locals
def track_message(
    message: EmailMessage, /, *args: int | str, pixel: bool = True, links: bool = True, **kwargs: int | str
) -> None:
    """Track the links of an email and put a pixel into it, in each of its HTML parts, before it is sent.

    Takes an email of Django, and what ``track_html`` takes. Attachments and other parts stay
    as they are. On an error nothing is changed. Logs a warning if the email has more than one
    recipient, for an open by one of them cannot be told from an open by another.

    Raises what ``track_html`` raises, and ``TypeError`` for another kind of email.
    """
    if not isinstance(message, EmailMessage):
        raise TypeError(f"track_message() takes an EmailMessage of Django, not {type(message).__name__}.")
    tracking = _Tracking(args, kwargs, pixel=pixel, links=links)
    if may_track(args, kwargs):
        _rewrite_message(message, tracking)


class _Change(NamedTuple):
    """A part of some HTML, and the text that replaces it."""

    start: int
    end: int
    text: str


class _Tracking:
    """What is put into the HTML of one email. Making it judges the arguments and the settings."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, pixel: bool, links: bool) -> None:
        _check_options(pixel=pixel, links=links)
        if links:
            _check_allowed_hosts()
        self._pixel, self._links = pixel, links
        names = [name for name, is_used in ((PIXEL_ROUTE, pixel), (LINK_ROUTE, links)) if is_used]
        check_call(kwargs, *names)
        self._args, self._kwargs = args, kwargs
        self._pixel_token = make_token(args, kwargs)
        app_url = conf.app_url(*args, **kwargs)
        self._surroundings = {name: surroundings(name, app_url) for name in names}
        self._routes = {name: routes_named(name) for name in names}

    def rewrite(self, html: str) -> str:
        """Return HTML with its links tracked and the pixel put in."""
        email = _read(html)
        changes = self._track(email.links) if self._links else []
        if self._pixel and not any(map(self._is_pixel, email.images)):
            changes.append(_Change(email.end, email.end, self._img()))
        return _apply(sorted(changes), html)

    def _track(self, links: list[Tag]) -> list[_Change]:
        """Return the changes that track some links, without those that stay as they are."""
        hrefs = [attributes["href"] for link in links if _may_change(attributes := link.attributes())]
        locations = [self._find_location(href) for href in hrefs]
        return [
            _Change(href.start, href.end, escape(self._link_url(location)))
            for href, location in zip(hrefs, locations, strict=True)
            if location is not None
        ]

    def _find_location(self, href: Attribute) -> str | None:
        """Return where a link is to lead to once it is tracked, or None for one that stays as it is."""
        try:
            # White space around the value is gone, except for spaces that references stand for.
            location = to_location(href.value.strip(" "))
        except PtrackArgumentError:
            return None
        return None if self._is_ours(location, LINK_ROUTE) else location

    def _is_pixel(self, image: Tag) -> bool:
        source = image.attributes().get("src")
        return source is not None and self._is_ours(source.value, PIXEL_ROUTE)

    def _is_ours(self, url: str, route: str) -> bool:
        """Return whether a URL, of whatever host, leads to where the URLs of a route of ours lead."""
        return next(self._routes[route].find_tokens(url), None) is not None

    def _img(self) -> str:
        # An image is part of a line of text, and would add an empty line after the last block of the email.
        url = build_url(PIXEL_ROUTE, self._surroundings[PIXEL_ROUTE], self._pixel_token)
        return f'{to_img(url).removesuffix(">")} style="display:block">'

    def _link_url(self, location: str) -> str:
        token = make_token(self._args, self._kwargs, location)
        return build_url(LINK_ROUTE, self._surroundings[LINK_ROUTE], token)


def _check_options(**options: bool) -> None:
    for name, option in options.items():
        if not isinstance(option, bool):
            raise PtrackArgumentError(
                f"track_html() and track_message() take {name}=True or {name}=False, and it is of type "
                f"{type(option).__name__}. If it was meant to travel in the URLs, choose another name for it."
            )


def _check_allowed_hosts() -> None:
    try:
        conf.link_allowed_hosts()
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(f"{error} Or pass links=False to leave the links of emails as they are.") from error


class _Email(NamedTuple):
    """What matters in the HTML of an email."""

    links: list[Tag]
    images: list[Tag]
    #: Where the pixel goes.
    end: int


def _read(html: str) -> _Email:
    # The whole email is read before anything is encrypted: to do both tag by tag takes a third longer.
    tags = Tags(html)
    links: list[Tag] = []
    images: list[Tag] = []
    end = None
    for tag in tags:
        if tag.is_end_tag:
            if tag.name == "body" and not tag.is_conditional:
                end = tag.start
        elif is_image(tag):
            images.append(tag)
        elif is_link(tag):
            links.append(tag)
    return _Email(links, images, tags.end if end is None else end)


def _may_change(attributes: dict[str, Attribute]) -> bool:
    """Return whether a link has a destination, and nothing in its attributes says that it has to stay as it is."""
    if "href" not in attributes:
        return False
    texts = [attributes[name].value for name in _UNSUBSCRIBE_ATTRIBUTES if name in attributes]
    return not (
        "unsubscribe" in " ".join(texts).lower()
        or _UNFINISHED_URL.search(attributes["href"].value)
        or ("data-ptrack" in attributes and attributes["data-ptrack"].value.lower() == "off")
    )


def _apply(changes: list[_Change], html: str) -> str:
    pieces: list[str] = []
    position = 0
    for change in changes:
        pieces += (html[position : change.start], change.text)
        position = change.end
    return "".join((*pieces, html[position:]))


def _rewrite_message(message: EmailMessage, tracking: _Tracking) -> None:
    """Rewrite the HTML parts of an email: all of them or, on an error, none."""
    body, has_html_body = message.body, message.content_subtype == "html" and bool(message.body)
    if has_html_body:
        body = tracking.rewrite(force_str(body))
    alternatives = list(message.alternatives) if isinstance(message, EmailMultiAlternatives) else []
    html_numbers = [number for number, (_, mimetype) in enumerate(alternatives) if _is_html(mimetype)]
    for number in html_numbers:
        content, mimetype = alternatives[number]
        alternatives[number] = EmailAlternative(tracking.rewrite(force_str(content)), mimetype)
    message.body = body
    if isinstance(message, EmailMultiAlternatives):
        message.alternatives = alternatives
    if has_html_body or html_numbers:
        _warn_of_recipients(len(message.recipients()))


def _is_html(mimetype: str) -> bool:
    return mimetype.partition(";")[0].strip().lower() == "text/html"


def _warn_of_recipients(number: int) -> None:
    if number > 1:
        log(
            logging.WARNING,
            "A tracked email has %d recipients. They share its pixel and its links, so nobody can tell which of them "
            "opened it. Send each recipient an email of their own.",
            number,
        )
