"""Finds what may be the URL of a pixel or a link in text that people have in hand.

That is the source of an email, a line of an access log, JSON, HTML, or a URL that an email
provider has wrapped. Nothing here knows tokens: every plausible reading is listed, and the
encoder decides which one holds a token.
"""

from __future__ import annotations

import json
import quopri
import re
from base64 import b64decode
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from html import unescape
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

#: The number of characters above which a word is skipped. It is longer than any URL that servers take.
WORD_MAX_LENGTH = 20_000

# Sources within sources, and wrappings within wrappings, that are looked into.
_MAX_DEPTH = 4

# White space, and what stands around a URL in HTML, JSON and the header fields of emails.
_WORD = re.compile(r"[^\s\"'<>]+")

# A URL ends where another one begins: some proxies put their own before the one of the image.
# The one that Proofpoint frames is part of its own.
_URL = re.compile(r"https?://(?:(?!(?<!__)https?://).)+", re.IGNORECASE)

# What Proofpoint puts around a URL in the third version of its links. Some servers join "//".
_PROOFPOINT_3 = re.compile(r"/v3/__(https?:)//?(.+?)__;", re.IGNORECASE)

_FIRST_HEADER = re.compile(r"^[A-Za-z][\w-]*:", re.MULTILINE)

# Django's console backend prints such a line after each email.
_BETWEEN_EMAILS = re.compile(r"^-{70,}$", re.MULTILINE)

# Lines of base64, as in the body of an email.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{40,}\r?\n)*[A-Za-z0-9+/]{40,}={0,2}")

_QUOTED_LINE = re.compile(r"^(?:> ?)+", re.MULTILINE)


def readings(text: str, depth: int = _MAX_DEPTH) -> Iterator[str]:
    """Yield a text as its reader may have meant it: the parts of emails, the text, and its decoded forms."""
    for source in _BETWEEN_EMAILS.split(text):
        start = _FIRST_HEADER.search(source)
        if start:
            yield source[: start.start()]
            yield from _parts_of_email(source[start.start() :])
        yield source
        if "=" in source:
            yield quopri.decodestring(source.encode(errors="replace")).decode(errors="replace")
        if depth:
            for inner in _inner_sources(source):
                yield from readings(inner, depth - 1)


def _inner_sources(source: str) -> Iterator[str]:
    """Yield the texts that a text holds in another form: base64, a JSON string, an email that was quoted."""
    for found in _BASE64.finditer(source):
        # The length of base64 divides by four; what is cut off is at most a part of a character.
        digits = re.sub(r"\s", "", found[0])
        decoded = b64decode(digits[: len(digits) // 4 * 4]).decode(errors="replace")
        if "/" in decoded:
            yield decoded
    if _QUOTED_LINE.search(source):
        yield _QUOTED_LINE.sub("", source)
    try:
        value = json.loads(source)
    except (ValueError, RecursionError):
        return
    if isinstance(value, str):
        yield value


def _parts_of_email(source: str) -> Iterator[str]:
    try:
        # Not by the default policy, which parses every header, in quadratic time.
        parts = message_from_string(source).walk()
        yield from [text_of(part) for part in parts if part.get_content_maintype() == "text"]
    except Exception:
        # The standard library raises many things for headers that nobody sends. The text is read as it is.
        return


def text_of(part: Message) -> str:
    """Return the text of a part of an email that is no multipart."""
    content = cast(bytes, part.get_payload(decode=True))
    try:
        return content.decode(part.get_content_charset("utf-8"), errors="replace")
    except (LookupError, ValueError):
        # No such charset, or none for text. The URLs of pixels are ASCII, and so is nearly every
        # charset below 128.
        return content.decode("ascii", errors="replace")


def words(text: str) -> Iterator[Iterator[list[list[str]]]]:
    """Yield, for each word of a text, its spellings, the likeliest first.

    A spelling is a list of the URLs, paths and other words in it, each of which is a list of
    what it may stand for, the likeliest first.
    """
    for found in _WORD.finditer(text):
        if len(found[0]) <= WORD_MAX_LENGTH:
            yield _spellings(found[0])


def _spellings(word: str) -> Iterator[list[list[str]]]:
    """Yield the URLs of a word after undoing entities and JSON's escapes, or only one of the two, or neither."""
    try:
        without_entities = unescape(word)
    except ValueError:
        # An entity of more digits than Python converts.
        without_entities = word
    for spelling in dict.fromkeys((_without_json_escapes(without_entities), without_entities, word)):
        urls = [url for piece in _WORD.findall(spelling) for url in _URL.findall(piece) or [piece]]
        yield [list(dict.fromkeys(_unwrap(url, _MAX_DEPTH))) for url in urls]


def _unwrap(url: str, depth: int) -> Iterator[str]:
    """Yield the URLs that providers have put into a URL of their own, and the URL itself."""
    if depth:
        for inner in _wrapped_in(url):
            yield from _unwrap(inner, depth - 1)
    yield url


def _wrapped_in(url: str) -> Iterator[str]:
    for scheme, rest in _PROOFPOINT_3.findall(url):
        yield f"{scheme}//{rest}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    for _, value in parse_qsl(parts.query):
        if "://" in value:
            yield value
        elif "/v2/url" in parts.path:
            # The second version of Proofpoint's links.
            yield unquote(value.replace("-", "%").replace("_", "/"))
    if "%2F" in url.upper():
        decoded = unquote(url)
        # What follows the wrapper's own URL, if it holds another one.
        yield from _URL.findall(decoded)[1:] or [decoded]


def _without_json_escapes(word: str) -> str:
    try:
        # In JSON within JSON, a backslash stands before the quotation mark that ends the word.
        return str(json.loads(f'"{word.rstrip(chr(92))}"'))
    except ValueError:
        return word
