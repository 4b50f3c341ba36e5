from __future__ import annotations

import contextlib
import json
import re
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from ptrack._pasted_text import readings, words
from ptrack._urlconf import LINK_ROUTE, PIXEL_ROUTE, find_tokens, fronts_of, route_path
from ptrack.encoder import DESTINATION, current_encoder
from ptrack.exceptions import PtrackDecodeError
from ptrack.views import follow_link, serve_pixel

# The shortest token has 64 characters: nonce, authenticator, "[[],{}]" and a space in base64.
_TOKEN_LIKE_AN_OPTION = re.compile(r"-[\w-]{63,}={0,2}", re.ASCII)
_LIKE_A_TOKEN = re.compile(r"[\w-]{64,}={0,2}", re.ASCII)

# From the first character on that no token of the default encoder has.
_AFTER_TOKEN = re.compile(r"[^\w=-].*", re.ASCII | re.DOTALL)

# What a text goes on with after a URL.
_PUNCTUATION = re.compile(r"[/(),.;:!?\[\]}*`”’»…\u200b]*\Z")  # noqa: RUF001

_NOTHING = "The text holds no URL of a pixel or a link, and no token."


class Candidate(NamedTuple):
    """What may be a token, and the path that it stands in if the site would not find it there."""

    token: str
    path: str | None = None


class Command(BaseCommand):
    help = (
        "Prints what each URL of a pixel or link in a text carries. The text may be an <img>, the source of an email, "
        "a line of an access log, JSON, a URL that a provider wrapped, or a token. Exits with 1 if none can be read."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text", nargs="?", metavar="TEXT", help="the text, or - to read it from the standard input")
        parser.add_argument("--file", type=Path, metavar="PATH", help="a file to read the text from")

    def run_from_argv(self, argv: list[str]) -> None:
        # One in 64 tokens of django-ptrack 3.0.0 begins with a hyphen, as an option does. A stamp does from 2101 on.
        tokens = [word for word in argv if _TOKEN_LIKE_AN_OPTION.fullmatch(word)]
        others = [word for word in argv if word not in ("--", *tokens)]
        super().run_from_argv([*others, "--", *tokens] if tokens else argv)

    def handle(self, *args: Any, text: str | None, file: Path | None, **options: Any) -> None:
        text = _read(text, file)
        self._prefixes = _prefixes()
        self._seen: set[str] = set()
        self._faults: list[str] = []
        for reading in readings(text):
            for spellings in words(reading):
                # The first spelling of a word that holds a token is the right one.
                any(self._print_all(urls) for urls in spellings)
        if not self._seen:
            # Whatever a custom encoder makes may be a token.
            text = text.strip()
            is_word = bool(text) and not any(character.isspace() or character == "/" for character in text)
            self._print_first([Candidate(text), Candidate(unquote(text))], is_likely=is_word)
        if not self._seen:
            raise CommandError(self._faults[0] if self._faults else _NOTHING)

    def _print_all(self, urls: list[list[str]]) -> bool:
        """Print what each of several URLs carries, and return whether any carries something."""
        printed = [self._print_url(meanings) for meanings in urls]
        return any(printed)

    def _print_url(self, meanings: list[str]) -> bool:
        exact = [
            Candidate(found.token)
            for meaning in meanings
            for url in _as_urls(meaning)
            for view in (serve_pixel, follow_link)
            for found in find_tokens(url, view)
        ]
        near = [candidate for meaning in meanings for candidate in _near_tokens(meaning, self._prefixes)]
        alone = [Candidate(token) for meaning in meanings for token in _LIKE_A_TOKEN.findall(meaning)]
        return (
            self._print_first(exact, is_likely=True)
            or self._print_first(near, is_likely=False)
            or self._print_tokens(alone)
        )

    def _print_tokens(self, candidates: list[Candidate]) -> bool:
        printed = [self._print_first([candidate], is_likely=True) for candidate in candidates]
        return any(printed)

    def _print_first(self, candidates: list[Candidate], *, is_likely: bool) -> bool:
        """Print what the first readable candidate carries, unless it was printed before, and return whether one is.

        Why a likely one cannot be read is collected.
        """
        for candidate in candidates:
            faults, lines = _decode(candidate.token)
            if lines:
                self._print(candidate, lines)
                return True
            if is_likely:
                self._faults += faults
        return False

    def _print(self, candidate: Candidate, lines: list[str]) -> None:
        # Padding is the one thing in which spellings of a token differ.
        token = candidate.token.rstrip("=")
        if token in self._seen:
            return
        if candidate.path is not None:
            obstacle = _obstacle(candidate.path, candidate.token, self._prefixes)
            lines = [*lines, f"The site does not take this URL as it stands: {obstacle}."]
        self.stdout.write("\n".join(["", *lines] if self._seen else lines))
        self._seen.add(token)


def _read(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise CommandError("Pass either a text, or - for the standard input, or --file PATH.")
    if file is not None:
        try:
            return _to_str(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    return _to_str(sys.stdin.buffer.read()) if text == "-" else str(text)


def _to_str(content: bytes) -> str:
    # What Windows PowerShell writes into a file.
    is_utf_16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return content.decode("utf-16" if is_utf_16 else "utf-8", errors="replace")


def _decode(token: str) -> tuple[list[str], list[str]]:
    """Return why a token cannot be read, and what it carries, each as lines; one of the two is empty."""
    encoder = current_encoder()
    try:
        token_args, token_kwargs = encoder.decrypt(token)
        if not (isinstance(token_args, (list, tuple)) and isinstance(token_kwargs, dict)):
            raise TypeError
        named = {name: value for name, value in token_kwargs.items() if name != DESTINATION}
        lines = [f"args: {_to_text(token_args)}", f"kwargs: {_to_text(named)}"]
        if DESTINATION in token_kwargs:
            lines.append(f"destination: {_to_text(token_kwargs[DESTINATION])}")
        return [], lines
    except (ImproperlyConfigured, PtrackDecodeError) as error:
        return [str(error)], []
    except Exception as error:
        # By its type alone: its message may hold what the token carries.
        name = getattr(encoder, "__qualname__", encoder)
        return [f"The encoder {name} cannot read this token: {type(error).__name__}."], []


def _as_urls(meaning: str) -> list[str]:
    """Return a URL or a path as it is, and any other word as if its scheme, or its first slash, was not copied."""
    return [meaning] if "://" in meaning or meaning.startswith("/") else [f"//{meaning}", f"/{meaning}"]


def _near_tokens(meaning: str, prefixes: list[str]) -> Iterator[Candidate]:
    """Yield what may be a token in a URL that does not lead to a pixel or a link, the likeliest first."""
    for url in _as_urls(meaning):
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:
            return
        tokens: list[str] = []
        for prefix in prefixes or ["/ptrack/"]:
            _, is_found, rest = path.partition(prefix)
            if is_found:
                tokens += [rest.removesuffix("/"), _PUNCTUATION.sub("", rest), _AFTER_TOKEN.sub("", rest)]
        # Below another prefix, or with something else between or behind. Only in what is surely a URL.
        for segment in path.split("/")[:0:-1][:4] if url == meaning else []:
            tokens += [segment, _PUNCTUATION.sub("", segment), _AFTER_TOKEN.sub("", segment)]
        yield from (Candidate(token, path) for token in dict.fromkeys(filter(None, tokens)))


def _obstacle(path: str, token: str, prefixes: list[str]) -> str:
    """Return why the site does not find a token in an unquoted path that holds it."""
    before, _, after = path.rpartition(token)
    if after not in ("", "/"):
        return f"{after!r} follows the token"
    if not prefixes:
        return "the URLconf does not include ptrack.urls"
    if before in prefixes:
        return "another route of the URLconf comes first"
    return f"its path begins with {before!r}, and pixels are below {prefixes[0]!r}"


def _prefixes() -> list[str]:
    """Return what may stand before a token in a path, unquoted, the longest first: proxies remove parts of it."""
    prefixes = set()
    for route in (PIXEL_ROUTE, LINK_ROUTE):
        with contextlib.suppress(NoReverseMatch):
            prefixes |= {front + route_path(route).prefix for front in (*fronts_of(""), "")}
    return sorted(map(unquote, prefixes), key=len, reverse=True)


def _to_text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    # Escaped where a terminal would obey it, or could not show it.
    return text if text.isprintable() else json.dumps(value, default=repr)
