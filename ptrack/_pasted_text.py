"""Finds what may be the URL of a pixel in text that people have in hand.

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
from email.policy import default as default_policy
from html import unescape
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

# White space, and what stands around a URL in HTML, JSON and the header fields of emails.
_WORD = re.compile(r"[^\s\"'<>]+")

# A URL ends where another one begins: some proxies put their own before the one of the image.
# The one that Proofpoint frames is part of its own.
_URL = re.compile(r"https?://(?:(?!(?<!__)https?://).)+", re.IGNORECASE)

# What Proofpoint puts around a URL in the third version of its links.
_PROOFPOINT = re.compile(r"/v3/__(.+?)__;", re.IGNORECASE)

_FIRST_HEADER = re.compile(r"^[A-Za-z][\w-]*:", re.MULTILINE)

# Django's console backend prints such a line after each email.
_BETWEEN_EMAILS = re.compile(r"^-{70,}$", re.MULTILINE)

# Lines of base64, as in the body of an email.
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{40,}\r?\n)*[A-Za-z0-9+/]{40,}={0,2}")


def readings(text: str) -> Iterator[str]:
    """Yield a text as its reader may have meant it: the parts of emails, the text, and its decoded forms."""
    for source in _BETWEEN_EMAILS.split(text):
        start = _FIRST_HEADER.search(source)
        if start:
            yield from _parts_of_email(source[start.start() :])
    yield text
    if "=" in text:
        yield quopri.decodestring(text.encode()).decode(errors="replace")
    for found in _BASE64.finditer(text):
        # The length of base64 divides by four; what is cut off is at most a part of a character.
        digits = re.sub(r"\s", "", found[0])
        yield b64decode(digits[: len(digits) // 4 * 4]).decode(errors="replace")


def words(text: str) -> Iterator[list[str]]:
    """Yield the URLs, paths and other words of a text, each as a list of what it may stand for, the likeliest first."""
    for found in _WORD.finditer(text):
        yield list(dict.fromkeys(_meanings(found[0])))


def _parts_of_email(source: str) -> Iterator[str]:
    for part in message_from_string(source, policy=default_policy).walk():
        if part.get_content_maintype() == "text":
            yield _text_of(part)


def _text_of(part: Message) -> str:
    # The charset does not matter: the URLs of pixels are ASCII, and so is nearly every charset below 128.
    return cast(bytes, part.get_payload(decode=True)).decode(errors="replace")


def _meanings(word: str) -> Iterator[str]:
    """Yield what a word may stand for, after undoing entities, JSON's escapes and the wrappings of providers."""
    for spelling in (_without_json_escapes(unescape(word)), unescape(word), word):
        for piece in _WORD.findall(spelling):
            # The last one first: it is the URL that a proxy has put its own before.
            for url in _URL.findall(piece)[::-1] or [piece]:
                yield from _unwrap(url)


def _unwrap(url: str) -> Iterator[str]:
    """Yield the URLs that providers have put into a URL of their own, and the URL itself."""
    try:
        query = urlsplit(url).query
    except ValueError:
        query = ""
    in_query = [value for _, value in parse_qsl(query) if "://" in value]
    for inner in (*_PROOFPOINT.findall(url), *in_query):
        yield from _unwrap(inner)
    yield url
    if "%2F" in url.upper():
        yield unquote(url)


def _without_json_escapes(word: str) -> str:
    try:
        # In JSON within JSON, a backslash stands before the quotation mark that ends the word.
        return str(json.loads(f'"{word.rstrip(chr(92))}"'))
    except ValueError:
        return word
