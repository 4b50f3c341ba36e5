"""Links in process: no redirect to anything that the site did not render, no record and no log line for a bad token."""

from __future__ import annotations

import itertools
import json
import logging
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.fernet import Fernet
from django.core import signing
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

import ptrack
from ptrack.destinations import is_good_location, to_location
from ptrack.exceptions import PtrackArgumentError

from .applications import IMAGE, Caller
from .destinations import ALLOWED, destinations
from .tokens import ALPHABET, PLAINTEXTS, endless, invalid_bytes, is_readable, mutate, noise
from drivers import make_environ
from servers import resident_bytes
from support import WITH_LINKS, link_class, seal, seal_json, unseal

#: One token in so many is a good one, which has to be recorded and to redirect.
GOOD = 100
#: So many bytes may a process grow by, once it is warm.
GROWTH = 8 * 2**20

NO_STORE = ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0, private")
NOT_FOUND = ("404 Not Found", {("Content-Type", "text/html; charset=utf-8"), NO_STORE}, b"")
#: What this site renders links to.
RENDERED = [
    "https://shop.example/",
    "https://www.shop.example:8000/offers/?size=42#new",
    "http://shop.example/%C3%A9",
    "https://shop.example/" + "x" * 900,
]


class Clicker:
    """Calls Django with tokens of links."""

    def __init__(self) -> None:
        self._application = WSGIHandler()
        self._environ = make_environ()

    def call(self, token: str) -> tuple[str, set[tuple[str, str]], bytes]:
        """Return the status, the headers and the body that a token is answered with."""
        started: list[Any] = []
        environ = self._environ | {"PATH_INFO": f"/go/{token}/"}
        response = self._application(environ, lambda *start: started.extend(start))
        body = b"".join(response)
        response.close()
        status, headers = started
        assert len(set(headers)) == len(headers)
        return status, set(headers), body


def redirect_to(location: str) -> tuple[str, set[tuple[str, str]], bytes]:
    headers = {*NOT_FOUND[1], ("Location", location), ("Referrer-Policy", "no-referrer"), ("X-Robots-Tag", "noindex")}
    return "302 Found", headers, b""


@pytest.fixture(autouse=True)
def _site() -> Iterator[None]:
    with override_settings(**WITH_LINKS | {"PTRACK_LINK_ALLOWED_HOSTS": [ALLOWED]}):
        yield


@pytest.fixture
def clicks(opens: list[Any]) -> list[str]:
    """Let a link append its destination to this list."""
    found: list[str] = []
    ptrack.tracker.register(link_class(lambda self, url, *args, **kwargs: found.append(url)))
    return found


#: Takes a token as characters that are bytes each, and returns its destination, or None for a bad token.
Reader = Callable[[str], str | None]
Throw = Callable[..., None]


def sealed_destination(token: str) -> str | None:
    """Return what a token of the default encoder leads to, worked out apart from the code under test."""
    if not is_readable(token):
        return None
    _, kwargs = json.loads(unseal(token.rstrip("=") + "==").decode(errors="surrogatepass"))
    destination = kwargs.get("ptrack:to")
    return destination if isinstance(destination, str) and is_harmless(destination) else None


def is_harmless(destination: str) -> bool:
    """Return whether Python and Django read an allowed host in a destination that stays as it is in a header."""
    try:
        parts = urlsplit(destination)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return (
        url_has_allowed_host_and_scheme(destination, {parts.netloc})
        and destination.isascii()
        and destination.isprintable()
        and parts.scheme in ("http", "https")
        and destination.lower().startswith((f"https://{host}", f"http://{host}"))
        and (host == ALLOWED[1:] or host.endswith(ALLOWED))
        and ".." not in f".{host}"
        and port != 0
        and not parts.netloc.endswith(":")
        and "@" not in parts.netloc
        and not set(destination) & set(' \\"<>^`{|}')
        and all(character.isalnum() or character in ".-_" for character in host)
        and len(destination) <= 2048
    )


@pytest.fixture
def throw(
    clicks: list[str],
    opens: list[Any],
    caplog: pytest.LogCaptureFixture,
    times: int,
    figures: list[str],
    request: pytest.FixtureRequest,
) -> Throw:
    """Request so many tokens of links, twenty times as many in the long run."""

    def run(tokens: Iterable[str], count: int, read: Reader = sealed_destination) -> None:
        clicker, redirects, warm = Clicker(), 0, 0
        count *= times
        good = ptrack.link_url(RENDERED[0], "good").removeprefix("https://www.example.com/go/")[:-1]
        bearable = (token for token in tokens if invalid_bytes(token) <= 50)
        for number, token in enumerate(islice(bearable, count)):
            if number % GOOD == 0:
                assert clicker.call(_unquoted(good)) == redirect_to(RENDERED[0])
                assert clicks == [RENDERED[0]]
                clicks.clear()
            if number == count // 5:
                warm = resident_bytes("self")
            destination = read(token)
            answer = clicker.call(token)
            assert answer == (NOT_FOUND if destination is None else redirect_to(destination)), token[:200]
            assert clicks == ([] if destination is None else [destination]), token[:200]
            redirects += len(clicks)
            clicks.clear()
        grown = resident_bytes("self") - warm
        assert opens == []
        assert caplog.record_tuples == []
        assert grown < GROWTH
        figures.append(f"{request.node.name}: {count:,} tokens, {redirects:,} redirects; {grown / 2**20:+.1f} MB")

    # Of Django's loggers too: what they say holds the path.
    caplog.set_level(logging.INFO)
    return run


def _unquoted(token: str) -> str:
    return token.replace("%3A", ":")


def rendered_tokens() -> list[str]:
    urls = [ptrack.link_url(url, *args) for url in RENDERED for args in ((), ("x",), ("x" * 300, "é"))]
    return [url.removeprefix("https://www.example.com/go/").removesuffix("/") for url in urls]


def altered_links(rng: random.Random) -> Iterator[str]:
    """Yield links of this site with one change or several."""
    good = rendered_tokens()
    while True:
        text = rng.choice(good)
        for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3, 10])):
            text = mutate(text, rng)
        yield text


def with_one_other_letter(rng: random.Random) -> Iterator[str]:
    """Yield links with each letter changed in turn."""
    good, number = rendered_tokens(), 0
    while True:
        text = good[number % len(good)]
        place = number // len(good) % len(text)
        yield text[:place] + rng.choice(ALPHABET.replace(text[place], "")) + text[place + 1 :]
        number += 1


def of_pixels(rng: random.Random) -> Iterator[str]:
    """Yield tokens of pixels whose arguments are what strangers would like a link to lead to."""
    hostile = destinations(rng)
    names = [
        "url",
        "to",
        "next",
        "ptrack",
        "ptrack_to",
        "ptrack:",
        "ptrack:To",
        "ptrack:to ",
        " ptrack:to",
        "PTRACK:TO",
    ]
    while True:
        url = rng.choice([next(hostile), *RENDERED])
        yield seal_json([[url] * rng.randrange(3), {rng.choice(names): url}])


def shapes(rng: random.Random) -> Iterator[str]:
    """Yield what somebody who knows the secret might seal: odd shapes, and links to anywhere."""
    hostile = destinations(rng)
    while True:
        url: Any = rng.choice([next(hostile), next(hostile), *RENDERED])
        yield seal_json([[], {"ptrack:to": url}])
        odd = rng.choice(
            [None, 5, True, [url], {"ptrack:to": url}, url.encode().hex() if url.isascii() else "", f" {url}"]
        )
        yield seal_json([["x"], {"ptrack:to": odd}])
        yield seal_json(
            rng.choice([url, {"ptrack:to": url}, [[], [["ptrack:to", url]]], [{"ptrack:to": url}, []], [url]])
        )
        yield seal(rng.choice(PLAINTEXTS))
        # Of two of a name, JSON takes the last.
        pair = f'"ptrack:to":{json.dumps(RENDERED[0])},"ptrack:to":{json.dumps(url)}'
        yield seal(f"[[],{{{pair}}}]".encode())


def foreign(rng: random.Random) -> Iterator[str]:
    """Yield good links of sites that have other secrets."""
    text = json.dumps([[], {"ptrack:to": RENDERED[0]}]).encode()
    return (seal(text, rng.randbytes(32)) for _ in itertools.count())


def test_an_altered_link_leads_nowhere_unless_it_means_the_same(throw: Throw, rng: random.Random) -> None:
    throw(altered_links(rng), 20_000)


def test_a_link_with_any_other_letter_leads_nowhere(throw: Throw, rng: random.Random) -> None:
    throw(with_one_other_letter(rng), 10_000, read=lambda token: None)


def test_the_token_of_a_pixel_leads_nowhere(throw: Throw, rng: random.Random) -> None:
    throw(of_pixels(rng), 5000, read=lambda token: None)


def test_what_is_sealed_with_the_secret_leads_to_allowed_hosts_alone(throw: Throw, rng: random.Random) -> None:
    throw(shapes(rng), 8000)


def test_a_link_of_another_secret_leads_nowhere(throw: Throw, rng: random.Random) -> None:
    throw(foreign(rng), 4000, read=lambda token: None)


def test_random_bytes_and_characters_lead_nowhere(throw: Throw, rng: random.Random) -> None:
    throw(noise(rng), 4000, read=lambda token: None)


def test_an_endless_token_leads_nowhere(throw: Throw) -> None:
    throw(endless(), 240, read=lambda token: None)


# Other encoders


class SigningEncoder:
    authenticated = True

    @staticmethod
    def encrypt(*args: Any, **kwargs: Any) -> str:
        return signing.dumps([args, kwargs])

    @staticmethod
    def decrypt(token: str) -> Any:
        return signing.loads(token)


class FernetEncoder:
    authenticated = True
    key = Fernet(Fernet.generate_key())

    @classmethod
    def encrypt(cls, *args: Any, **kwargs: Any) -> str:
        return cls.key.encrypt(json.dumps([args, kwargs]).encode()).decode()

    @classmethod
    def decrypt(cls, token: str) -> Any:
        return json.loads(cls.key.decrypt(token))


@pytest.mark.parametrize("encoder", [SigningEncoder, FernetEncoder])
def test_an_altered_link_of_another_encoder_leads_nowhere_else(
    clicks: list[str], rng: random.Random, times: int, encoder: Any
) -> None:
    ptrack.ptrack_encoder = encoder
    clicker, good = Clicker(), [_unquoted(token) for token in rendered_tokens()]
    for token, url in zip(good, [url for url in RENDERED for _ in range(3)], strict=True):
        assert clicker.call(token) == redirect_to(url)
        clicks.clear()
        for _ in range(100 * times):
            answer = clicker.call(mutate(token, rng))
            # A second spelling of the same token is no forgery.
            assert answer in (NOT_FOUND, redirect_to(url))
            assert clicks == [url] * (answer != NOT_FOUND)
            clicks.clear()


# The route of pixels


def test_a_link_is_a_bad_token_on_the_route_of_pixels(
    caller: Caller,
    clicks: list[str],
    opens: list[Any],
    rng: random.Random,
    times: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    for token in [token for token in islice(shapes(rng), 1000 * times) if invalid_bytes(token) == 0]:
        assert caller.call(token) == IMAGE
        assert not any("ptrack:to" in kwargs for _, kwargs in opens)
    assert clicks == []
    assert caplog.record_tuples == []


# Readers of the same URL


def test_python_and_django_read_the_host_that_was_judged(rng: random.Random, times: int, figures: list[str]) -> None:
    count, accepted = 10_000 * times, 0
    hosts: list[str] = []
    with override_settings(PTRACK_LINK_ALLOWED_HOSTS=lambda host: hosts.append(host) or True):
        for destination in islice(destinations(rng), count):
            hosts.clear()
            try:
                location = to_location(destination)
            except PtrackArgumentError:
                # What is refused at the hit is not refused for its host alone.
                assert not is_good_location(destination)
                continue
            accepted += 1
            parts = urlsplit(location)
            assert hosts == [f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname], destination
            assert parts.scheme in ("http", "https")
            assert parts.username is parts.password is None
            assert (parts.port is None) == (parts.netloc.lower() == hosts[0])
            assert url_has_allowed_host_and_scheme(location, {parts.netloc})
            assert location.isascii()
            assert location.isprintable()
            assert "\\" not in location
            assert location == iri_to_uri(location)
            assert is_good_location(location)
            assert len(location) <= 2048
    assert accepted > count / 20
    figures.append(f"destinations: {count:,} judged, {accepted:,} accepted")


def test_a_link_leads_to_an_allowed_host_whatever_it_is_rendered_with(
    clicks: list[str], rng: random.Random, times: int
) -> None:
    clicker = Clicker()
    for destination in islice(destinations(rng), 3000 * times):
        try:
            url = ptrack.link_url(destination)
        except PtrackArgumentError:
            continue
        location = iri_to_uri(destination)
        assert is_harmless(location), destination
        assert clicker.call(url.removeprefix("https://www.example.com/go/")[:-1]) == redirect_to(location)
    assert all(urlsplit(url).hostname.endswith("shop.example") for url in clicks)
