"""Makes requests byte by byte, good HTTP and bad, and sends them."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
import socket
from collections.abc import Iterator
from typing import NamedTuple

from .destinations import destinations
from .tokens import ALPHABET, mixed, mutate
from support import seal_json

#: What a server may answer by itself to what it does not take for HTTP, or not for good HTTP; 0: it hangs up.
REFUSALS = {0, 400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505}
IMAGE = {200}
ANYTHING = IMAGE | REFUSALS

HOST = b"Host: 127.0.0.1\r\n"
CLOSE = b"Connection: close\r\n\r\n"


def path_of(label: str) -> bytes:
    """Return the path of a pixel that is recorded under a label."""
    return b"/ptrack/" + seal_json([[label], {}]).encode() + b"/"


PATH = path_of("good")
GET = b"GET " + PATH + b" HTTP/1.1\r\n"
#: A request that stands in the body of another.
HIDDEN = b"GET " + path_of("hidden") + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n" % len(HIDDEN) + HIDDEN + b"\r\n0\r\n\r\n"


class Answer(NamedTuple):
    #: 0 if the server hung up before the body.
    status: int
    headers: dict[str, str]
    body: bytes


class Request(NamedTuple):
    kind: str
    data: bytes
    #: The statuses that may come back.
    expected: set[int]


GOOD = Request("good", GET + HOST + CLOSE, IMAGE)

MALFORMED = [
    Request("header folded", GET + HOST + b"X: a\r\n b\r\n\r\n", ANYTHING),
    Request("header without colon", GET + HOST + b"nonsense\r\n\r\n", ANYTHING),
    Request("NUL in a header", GET + HOST + b"X: a\x00b\r\n\r\n", ANYTHING),
    Request("header of 100 KB", GET + HOST + b"X: " + b"a" * 100_000 + b"\r\n\r\n", ANYTHING),
    Request("1,000 headers", GET + HOST + b"X: a\r\n" * 1000 + b"\r\n", ANYTHING),
    Request("line feeds alone", (GET + HOST).replace(b"\r", b"") + b"\n", ANYTHING),
    Request("no host", GET + b"\r\n", ANYTHING),
    Request("two hosts", GET + HOST + b"Host: evil.example\r\n\r\n", ANYTHING),
    Request("HTTP/1.0", GET.replace(b"1.1", b"1.0") + b"\r\n", ANYTHING),
    Request("HTTP/0.9", b"GET " + PATH + b"\r\n", ANYTHING),
    Request("HTTP/9.9", GET.replace(b"1.1", b"9.9") + HOST + b"\r\n", ANYTHING),
    Request("absolute URL", GET.replace(b" /", b" http://evil.example/", 1) + HOST + b"\r\n", ANYTHING),
    Request("no path", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", ANYTHING),
    Request("path without slash", b"GET ptrack/x/ HTTP/1.1\r\n" + HOST + b"\r\n", ANYTHING),
    Request("path of 1 MB", b"GET /ptrack/" + b"A" * 2**20 + b"/ HTTP/1.1\r\n" + HOST + b"\r\n", ANYTHING),
    Request("path of 60 KB", b"GET /ptrack/" + b"A" * 60_000 + b"/ HTTP/1.1\r\n" + HOST + b"\r\n", ANYTHING),
    Request("query of 60 KB", GET.replace(b" HTTP", b"?" + b"q" * 60_000 + b" HTTP") + HOST + b"\r\n", ANYTHING),
    Request("method of 1 KB", b"A" * 1000 + b" " + PATH + b" HTTP/1.1\r\n" + HOST + b"\r\n", REFUSALS),
    # Django takes methods in any case.
    Request("method in lower case", GET.replace(b"GET", b"get", 1) + HOST + b"\r\n", ANYTHING),
    Request("method with NUL", b"GE\x00T " + PATH + b" HTTP/1.1\r\n" + HOST + b"\r\n", REFUSALS),
    Request("nothing", b"\r\n\r\n", ANYTHING),
    Request("TLS", bytes.fromhex("16030100a5010000a1030345678901") + bytes(160), ANYTHING),
    Request("half a request", GET[:20], ANYTHING),
]

# What a server and a proxy before it may read differently; here the server alone decides.
AMBIGUOUS_LENGTHS = [
    b"Content-Length: 0\r\n" + LENGTH,
    LENGTH + CHUNKED,
    CHUNKED + b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: xchunked\r\n" + LENGTH,
    b"Transfer-Encoding : chunked\r\n" + LENGTH,
    b"Content-Length: +%d\r\n" % len(HIDDEN),
    b"Content-Length: -1\r\n",
    b"Content-Length: 1e3\r\n",
]
HIDING = [
    Request("body of a GET", GET + HOST + LENGTH + b"\r\n" + HIDDEN, ANYTHING),
    Request("body of a POST", GET.replace(b"GET", b"POST", 1) + HOST + LENGTH + b"\r\n" + HIDDEN, REFUSALS),
    Request("chunks of a GET", GET + HOST + CHUNKED + b"\r\n" + CHUNKS, ANYTHING),
    Request("chunks of a POST", b"POST / HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + CHUNKS, REFUSALS),
    *(Request("ambiguous length", GET + HOST + fields + b"\r\n" + HIDDEN, ANYTHING) for fields in AMBIGUOUS_LENGTHS),
]

METHODS = dict.fromkeys(["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"], REFUSALS) | {"HEAD": IMAGE}
OTHER_METHODS = [
    Request(method, method.encode() + b" " + path_of(method) + b" HTTP/1.1\r\n" + HOST + CLOSE, expected)
    for method, expected in METHODS.items()
]


def any_of(requests: list[Request], rng: random.Random) -> Iterator[Request]:
    return (rng.choice(requests) for _ in itertools.count())


def with_tokens(rng: random.Random) -> Iterator[Request]:
    """Return requests with tokens of all kinds in their paths."""
    return (with_token(token, rng) for token in mixed(rng))


#: What the site renders links to.
DESTINATION = "https://shop.example/offers/?size=42#new"
REDIRECT = {302, 404}


def token_of_link(label: str, destination: object = DESTINATION) -> str:
    return seal_json([[label], {"ptrack:to": destination}])


def link_request(token: str, method: str = "GET") -> Request:
    """Return a request that follows a link, if its token is one."""
    path = b"".join(bytes([byte]) if byte in ALPHABET.encode() else b"%%%02X" % byte for byte in token.encode("latin1"))
    # A line has at most 4,094 bytes for gunicorn.
    expected = REDIRECT if len(path) < 4000 else REDIRECT | REFUSALS
    line = method.encode() + b" /go/" + path + b"/?next=https://other.example/ HTTP/1.1\r\n"
    return Request("link", line + HOST + CLOSE, expected if method in ("GET", "HEAD") else REFUSALS)


def with_links(rng: random.Random) -> Iterator[Request]:
    """Yield requests of links: good ones, altered ones, those of pixels, and those that lead elsewhere."""
    others, hostile = mixed(rng), destinations(rng)
    while True:
        good, url = token_of_link("link"), next(hostile)
        yield link_request(good)
        yield link_request(good, rng.choice(["HEAD", "POST", "PUT", "OPTIONS", "BREW"]))
        for _ in range(4):
            yield link_request(mutate(good, rng))
            yield link_request(next(others)[:2000])
            yield link_request(seal_json([[url], {"url": url}]))
            yield link_request(token_of_link("elsewhere", url))


def with_token(token: str, rng: random.Random) -> Request:
    """Return a request for a token, of which clients quote more or less."""
    raw = token.encode("latin1")[:2000]
    path, is_http = rng.choice(
        [
            (b"".join(b"%%%02x" % byte for byte in raw), True),
            (bytes(byte if 32 < byte < 127 else ord("?") for byte in raw), False),
            (b"".join(bytes([byte]) if byte in ALPHABET.encode() else b"%%%02X" % byte for byte in raw), True),
        ]
    )
    # A line has at most 4,094 bytes for gunicorn.
    expected = IMAGE if is_http and len(path) < 4000 else ANYTHING
    return Request("token", b"GET /ptrack/" + path + b"/ HTTP/1.1\r\n" + HOST + CLOSE, expected)


def exchange(port: int, request: Request) -> Answer:
    """Return the first answer to a request."""
    received, is_whole = b"", False
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request.data)
            if CLOSE not in request.data:
                connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65_536):
                received += data
            # A server that closes with input unread makes the system throw away what the client has not read.
            is_whole = True
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    lines = [line.partition(": ") for line in head.decode("latin1").split("\r\n")[1:]]
    headers = {name.title(): value for name, _, value in lines}
    # Granian may hang up on a client that sends no more, in the middle of its answer.
    is_whole = is_whole and (request.kind == "HEAD" or headers.get("Content-Length", "0") == "0")
    return Answer(int(found[1]) if found and (body or is_whole) else 0, headers, body)
