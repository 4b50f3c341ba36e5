from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from ptrack._pasted_text import readings, words
from ptrack._urlconf import find_tokens, fronts_of, pixel_path
from ptrack.encoder import current_encoder
from ptrack.exceptions import PtrackDecodeError
from ptrack.views import serve_pixel

# The shortest token has 64 characters: nonce, authenticator, "[[],{}]" and a space in base64.
_TOKEN_LIKE_AN_OPTION = re.compile(r"-[\w-]{63,}={0,2}", re.ASCII)
_LIKE_A_TOKEN = re.compile(r"[\w-]{64,}={0,2}", re.ASCII)

# From the first character on that no token of the default encoder has.
_AFTER_TOKEN = re.compile(r"[^\w=-].*", re.ASCII | re.DOTALL)

# What a text goes on with after a URL.
_PUNCTUATION = re.compile(r"[/(),.;:!?\[\]}*`”’»…\u200b]*\Z")  # noqa: RUF001


class Candidate(NamedTuple):
    """What may be a token, and why the site would not find it in the URL as that stands, if it would not."""

    token: str
    obstacle: str = ""


class Command(BaseCommand):
    help = (
        "Prints the args and kwargs of every pixel's URL in a text: an <img>, the source of an email, a line of an "
        "access log, JSON, a URL that a provider wrapped, or a token alone. Exits with 1 if none can be read."
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
        seen: set[str] = set()
        faults: list[str] = []
        for candidates in _find_candidates(text):
            self._print_first(candidates, seen, faults)
        if not seen:
            # Whatever a custom encoder makes may be a token.
            self._print_first([Candidate(text.strip())], seen, faults)
        if not seen:
            raise CommandError(faults[0])

    def _print_first(self, candidates: list[Candidate], seen: set[str], faults: list[str]) -> None:
        """Print what the first readable candidate carries, unless it was printed before; collect what is wrong."""
        for candidate in candidates:
            lines = _decode(candidate, faults)
            if lines:
                # Padding is the one thing in which spellings of a token differ.
                token = candidate.token.rstrip("=")
                if token not in seen:
                    self.stdout.write("\n".join(["", *lines] if seen else lines))
                    seen.add(token)
                return


def _read(text: str | None, file: Path | None) -> str:
    if (text is None) == (file is None):
        raise CommandError("Pass either a text, or - for the standard input, or --file PATH.")
    if file is not None:
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    return sys.stdin.read() if text == "-" else str(text)


def _decode(candidate: Candidate, faults: list[str]) -> list[str]:
    """Return what a token carries as lines, or append to the faults why it cannot be read."""
    encoder = current_encoder()
    try:
        token_args, token_kwargs = encoder.decrypt(candidate.token)
        lines = [f"args: {_to_text(token_args)}", f"kwargs: {_to_text(token_kwargs)}"]
    except (ImproperlyConfigured, PtrackDecodeError) as error:
        faults.append(str(error))
    except Exception as error:
        # By its type alone: its message may hold what the token carries.
        name = getattr(encoder, "__qualname__", encoder)
        faults.append(f"The encoder {name} cannot read this token: {type(error).__name__}.")
    else:
        if candidate.obstacle:
            lines.append(f"The site does not take this URL as it stands: {candidate.obstacle}.")
        return lines
    return []


def _find_candidates(text: str) -> Iterator[list[Candidate]]:
    """Yield a list of candidates for each word of a text, in its order, and in each list the likeliest first."""
    prefixes = _prefixes()
    for reading in readings(text):
        for meanings in words(reading):
            urls = [url if "://" in url or url.startswith("/") else f"//{url}" for url in meanings]
            found = [Candidate(found.token) for url in urls for found in find_tokens(url, serve_pixel)]
            near = [candidate for url in urls for candidate in _near_tokens(url, prefixes)]
            yield [*found, *near, *(Candidate(word) for word in meanings if _LIKE_A_TOKEN.fullmatch(word))]


def _near_tokens(url: str, prefixes: list[str]) -> Iterator[Candidate]:
    """Yield what may be a token in a URL that does not lead to a pixel, the likeliest first."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return
    tokens: list[str] = []
    for prefix in prefixes or ["/ptrack/"]:
        _, is_found, rest = path.partition(prefix)
        if is_found:
            tokens += [rest.removesuffix("/"), _PUNCTUATION.sub("", rest)]
    # Below another prefix, or with something else between or behind. Only what is surely a URL.
    for segment in [] if url.startswith("//") else path.split("/")[:0:-1]:
        tokens += [segment, _PUNCTUATION.sub("", segment), _AFTER_TOKEN.sub("", segment)]
    for token in filter(None, tokens):
        before, _, after = path.rpartition(token)
        if after not in ("", "/"):
            obstacle = f"{after!r} follows the token"
        elif prefixes:
            obstacle = f"its path begins with {before!r}, and pixels are below {prefixes[-1]!r}"
        else:
            obstacle = "the URLconf does not include ptrack.urls"
        yield Candidate(token, obstacle)


def _prefixes() -> list[str]:
    """Return what may stand before a token in a path, unquoted, the longest first: proxies remove parts of it."""
    try:
        path = pixel_path()
    except NoReverseMatch:
        return []
    prefixes = {front + path.prefix for front in (*fronts_of(""), "")}
    return sorted(map(unquote, prefixes), key=len, reverse=True)


def _to_text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    # Escaped where a terminal would obey it, or could not show it.
    return text if text.isprintable() else json.dumps(value, default=repr)
