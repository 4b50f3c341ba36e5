from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from ptrack import conf
from ptrack._urlconf import missing_script_prefix, pixel_path
from ptrack.encoder import current_encoder
from ptrack.exceptions import PtrackDecodeError

# The shortest token has 64 characters: nonce, authenticator, "[[],{}]" and a space in base64.
_TOKEN_LIKE_AN_OPTION = re.compile(r"-[\w-]{63,}={0,2}", re.ASCII)

# A URL ends where the next one begins, if nothing else stands between them.
_URL = re.compile(r"https?://(?:(?!https?://)[^\s\"'<>#])+", re.IGNORECASE)

# The characters with which a text goes on after a URL.
_AFTER_URL = re.compile(r"[/(),.;:!?\[\]}*`”’»…\u200b]*\Z")  # noqa: RUF001


class Command(BaseCommand):
    help = "Prints the args and kwargs that a pixel's URL carries; exits with 1 if it cannot be read."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url_or_token", metavar="URL-or-token", help="a ptrack <img>, its src, or the token alone")

    def run_from_argv(self, argv: list[str]) -> None:
        # One in 64 tokens of django-ptrack 3.0.0 begins with a hyphen, as an option does. A stamp does from 2101 on.
        tokens = [word for word in argv if _TOKEN_LIKE_AN_OPTION.fullmatch(word)]
        others = [word for word in argv if word not in ("--", *tokens)]
        super().run_from_argv([*others, "--", *tokens] if tokens else argv)

    def handle(self, *args: Any, **options: Any) -> None:
        encoder = current_encoder()
        faults = []
        for token in _find_tokens(options["url_or_token"].strip()):
            try:
                token_args, token_kwargs = encoder.decrypt(token)
                lines = [f"args: {_to_text(token_args)}", f"kwargs: {_to_text(token_kwargs)}"]
            except (ImproperlyConfigured, PtrackDecodeError) as error:
                faults.append(str(error))
            except Exception as error:
                # By its type alone: its message may hold what the token carries.
                name = getattr(encoder, "__qualname__", encoder)
                faults.append(f"The encoder {name} cannot read this token: {type(error).__name__}.")
            else:
                self.stdout.write("\n".join(lines))
                return
        raise CommandError(faults[0])


def _find_tokens(text: str) -> Iterator[str]:
    """Yield what may be the token in a URL copied from anywhere, or the token itself, the likeliest first."""
    urls = _URL.findall(unescape(text) if "<" in text else text)
    # Gmail puts the URL of its own server before the one that the image had.
    paths = [unquote(path) for path in map(_to_path, urls[::-1] or [text]) if path]
    for prefix in _prefixes():
        for path in paths:
            _, is_pixel, rest = path.partition(prefix)
            if is_pixel:
                yield rest.removesuffix("/")
                yield _AFTER_URL.sub("", rest)
    if urls:
        # Of another site, or below another prefix.
        for path in paths:
            yield path.rstrip("/").rpartition("/")[2]
            yield _AFTER_URL.sub("", path).rpartition("/")[2]
    yield text


def _to_path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _prefixes() -> list[str]:
    """Return what may stand before a token in a path, unquoted, the longest first: proxies remove parts of it."""
    try:
        path = pixel_path()
    except NoReverseMatch:
        return ["/ptrack/"]
    app_url = str(conf.raw_app_url() or "").rstrip("/")
    full = _to_path(app_url) + missing_script_prefix(app_url, path.script_prefix) + path.prefix
    prefixes = (full, path.script_prefix + path.prefix, path.prefix)
    # On most sites they are the same, and each token is tried once.
    return list(dict.fromkeys(map(unquote, prefixes)))


def _to_text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    # Escaped where a terminal would obey it, or could not show it.
    return text if text.isprintable() else json.dumps(value, default=repr)
