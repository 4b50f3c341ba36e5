"""Requests over HTTP to servers on this machine: each is answered as documented, or refused by the server."""

from __future__ import annotations

import json
import random
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from .raw_requests import (
    DESTINATION,
    GOOD,
    HIDING,
    MALFORMED,
    OTHER_METHODS,
    REDIRECT,
    Request,
    any_of,
    exchange,
    with_links,
    with_tokens,
)
from servers import BIN, ENVIRON, descendants, free_port, is_listening, resident_bytes, running, wait_until

CLIENTS = 16
#: So many requests are sent with one good one among them, which has to be recorded.
BATCH = 50
#: So many bytes may a server grow by, once it is warm.
GROWTH = 16 * 2**20

SERVERS = {
    "gunicorn": ["gunicorn", "fuzz.site.applications:wsgi", "--threads", "4", "--bind", "127.0.0.1:PORT"],
    "granian, fast path": ["granian", "fuzz.site.applications:fast", "--interface", "wsgi", "--port", "PORT"],
    "uvicorn": ["uvicorn", "fuzz.site.applications:asgi", "--lifespan", "off", "--no-access-log", "--port", "PORT"],
}


class Server(NamedTuple):
    name: str
    port: int
    pid: int
    log: Path

    def hits(self) -> Counter[str]:
        """Return how many hits the site has recorded, by what their tokens hold."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counted/") as response:
            return Counter(json.loads(response.read()))

    def memory(self) -> int:
        return sum(map(resident_bytes, [self.pid, *descendants(self.pid)]))


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port, log = free_port(), tmp_path_factory.mktemp("server") / "log"
    program, *words = (word.replace("PORT", str(port)) for word in SERVERS[request.param])
    environ = ENVIRON | {"PTRACK_SECRET": settings.PTRACK_SECRET}
    with running(BIN / program, *words, log=log, environ=environ) as started:
        wait_until(request.param, lambda: is_listening(port))
        yield Server(request.param, port, started.pid, log)


Attack = Callable[[Iterator[Request], int], Counter[str]]


@pytest.fixture
def attack(server: Server, times: int, figures: list[str], request: pytest.FixtureRequest) -> Attack:
    """Send so many requests, twenty times as many in the long run, and return the hits that were no good ones."""

    def send(sent: Request) -> int:
        status, headers, body = exchange(server.port, sent)
        assert status in sent.expected, f"{status} for {sent.kind}: {sent.data[:80]!r}"
        assert status != 200 or sent.kind == "HEAD" or body.startswith(b"GIF89a"), f"{sent.kind}: {sent.data[:80]!r}"
        if sent.kind == "link" and status in REDIRECT:
            check_headers(status, headers)
        return status

    def run(requests: Iterator[Request], count: int) -> Counter[str]:
        before, batches, warm = server.hits(), count * times // BATCH, 0
        statuses: Counter[int] = Counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for number in range(batches):
                if number == batches // 5:
                    warm = server.memory()
                statuses.update(pool.map(send, [GOOD, *islice(requests, BATCH)]))
        grown = server.memory() - warm
        hits = server.hits() - before
        assert hits["good"] >= batches
        assert grown < GROWTH
        assert "Traceback" not in server.log.read_text(encoding="utf-8", errors="replace")
        shown = ", ".join(f"{status or 'hung up'}: {number:,}" for status, number in sorted(statuses.items()))
        figures.append(f"{request.node.name}: {shown}; {hits['hidden']} hidden ones; {grown / 2**20:+.1f} MB")
        return Counter({label: number for label, number in hits.items() if label != "good"})

    return run


def test_a_token_in_a_path_runs_no_pixel_unless_it_is_readable(attack: Attack, rng: random.Random) -> None:
    others = attack(with_tokens(rng), 1500)
    # Altered tokens are made from texts of x, and some still mean the same.
    assert {label.strip("x") for label in others} <= {""}


def check_headers(status: int, headers: dict[str, str]) -> None:
    """Check that a link was answered with ptrack's headers and those of any server, and leads to an allowed host."""
    ours = {"Content-Type", "Cache-Control"}
    if status == 302:
        ours |= {"Location", "Referrer-Policy", "X-Robots-Tag"}
        host = urlsplit(headers["Location"]).hostname or ""
        assert f".{host}".endswith(".shop.example"), headers["Location"]
    assert headers.keys() - {"Server", "Date", "Connection", "Content-Length", "Transfer-Encoding"} == ours


def test_a_link_leads_to_allowed_hosts_alone_and_is_recorded_for_nothing_else(
    attack: Attack, rng: random.Random
) -> None:
    others = attack(with_links(rng), 1700)
    kinds = Counter[str]()
    for label, number in others.items():
        kind, _, url = label.partition(" to ")
        assert f".{urlsplit(url).hostname}".endswith(".shop.example")
        assert kind == "elsewhere" or url == DESTINATION
        kinds[kind] += number
    assert kinds.keys() <= {"link", "elsewhere"}
    assert kinds["link"] >= 50


def test_another_method_is_refused_and_runs_no_pixel(attack: Attack, rng: random.Random) -> None:
    assert attack(any_of(OTHER_METHODS, rng), 250) == {}


def test_malformed_requests_run_no_other_pixel(attack: Attack, rng: random.Random) -> None:
    assert attack(any_of(MALFORMED, rng), 250) == {}


def test_a_request_in_the_body_of_another_runs_no_pixel_but_its_own(attack: Attack, rng: random.Random) -> None:
    # A server may take it for a request of its own.
    assert attack(any_of(HIDING, rng), 250).keys() <= {"hidden"}
