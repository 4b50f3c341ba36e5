from __future__ import annotations

import json
import re
from html import unescape
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch

from ptrack import conf
from ptrack.address import current_address, mount_below
from ptrack.encoder import current_encoder, uses_secret
from ptrack.exceptions import PtrackDecodeError

# The shortest token has 64 characters: nonce, authenticator, "[[],{}]" and a space in base64.
_TOKEN_LIKE_AN_OPTION = re.compile(r"-[\w-]{63,}={0,2}", re.ASCII)

_ADDRESS = re.compile(r"https?://[^\s\"'<>#]+", re.IGNORECASE)

# The slash after a token, and what a text around the address goes on with.
_END = re.compile(r"/[),.;:!?\]]*\Z")

# What the default encoder makes, and marks that a text has around it.
_TOKEN = re.compile(r"([\w-]+={0,2})/?[^\w/]*\Z", re.ASCII)


class Command(BaseCommand):
    help = "Prints the args and kwargs that a pixel's address carries; exits with 1 if it cannot be read."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url_or_token", metavar="URL-or-token", help="a ptrack <img>, its src, or the token alone")

    def run_from_argv(self, argv: list[str]) -> None:
        # A token of django-ptrack 3.0.0 in 64 begins with a hyphen, as an option does; a stamp does so from 2101 on.
        tokens = [word for word in argv if _TOKEN_LIKE_AN_OPTION.fullmatch(word)]
        others = [word for word in argv if word not in ("--", *tokens)]
        super().run_from_argv([*others, "--", *tokens] if tokens else argv)

    def handle(self, *args: Any, **options: Any) -> None:
        encoder = current_encoder()
        try:
            token = _extract_token(options["url_or_token"])
            if uses_secret(encoder) and (found := _TOKEN.match(token)):
                token = found[1]
            token_args, token_kwargs = encoder.decrypt(token)
            lines = [f"args: {_to_text(token_args)}", f"kwargs: {_to_text(token_kwargs)}"]
        except (ImproperlyConfigured, PtrackDecodeError) as error:
            raise CommandError(str(error)) from None
        except Exception as error:
            # By its type alone: its words may hold what the token carries.
            name = getattr(encoder, "__qualname__", encoder)
            raise CommandError(f"The encoder {name} cannot read this token: {type(error).__name__}.") from None
        self.stdout.write("\n".join(lines))


def _extract_token(url_or_token: str) -> str:
    """Return the token of an address copied from anywhere, or the token itself."""
    text = unescape(url_or_token) if "<" in url_or_token else url_or_token
    # Gmail puts the address of its own server before the one that the picture had.
    urls = [*reversed(_ADDRESS.findall(text))] or [text.strip()]
    paths = [unquote(urlsplit(url).path) for url in urls]
    for prefix in _prefixes():
        for path in paths:
            _, is_address, token = path.partition(prefix)
            if is_address:
                return _END.sub("", token)
    # An address of another site or prefix, or no address at all.
    return _END.sub("", paths[0]).rpartition("/")[2] if "://" in urls[0] else urls[0]


def _prefixes() -> list[str]:
    """Return what may stand before a token in a path, unquoted, the longest first: proxies remove parts of it."""
    try:
        address = current_address()
    except NoReverseMatch:
        return ["/ptrack/"]
    app_url = str(conf.raw_app_url() or "").rstrip("/")
    full = urlsplit(app_url).path + mount_below(app_url, address.mount) + address.before
    return [unquote(prefix) for prefix in (full, address.mount + address.before, address.before)]


def _to_text(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    # Escaped where a terminal would act on it, or could not show it.
    return text if text.isprintable() else json.dumps(value, default=repr)
