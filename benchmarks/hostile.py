"""Throws junk at ptrack, and looks at what comes back.

    python benchmarks/hostile.py [--tokens N] [--requests N] [--seed N]

In process, mutated, random and adversarial tokens go through the view and in front of Django;
hypothesis makes some of them. Over HTTP, requests go to gunicorn, granian and uvicorn on this
machine: odd paths, methods, encodings and headers, addresses of a megabyte, and requests hidden
in the bodies of others. Exits with 1 if a pixel ran for what it should not have, if an answer
was another than documented, if there was a traceback, if the memory grew, or if an input took
more than ten times as long as is usual for its length. The servers' own refusals count as
documented; so do hits of requests that a server takes for requests of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import re
import socket
import statistics
import string
import sys
import tempfile
import time
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings, strategies
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from processes import HERE, descendants, free_port, is_listening, process, wait_until

SECRET = b"a secret of exactly 32 bytes, ok"
GIF_SIZE = 43
ALPHABET = string.ascii_letters + string.digits + "-_"
#: One token in so many is good, so that it shows if good ones are no longer recorded.
GOOD = 100
#: One input in so many is made by hypothesis, which takes a hundred times as long as the other ways.
BY_HYPOTHESIS = 50
#: Bytes that are no UTF-8, with more of which the view is not tried.
MANY = 50
#: What an input may take, as a multiple of the median of those of about its length.
SLOWEST = 10
#: Bytes that a process may grow by, once it is warm.
GROWTH = 8 * 2**20
CLIENTS = 16
#: What a server may answer by itself to what it does not take for HTTP, or not for good HTTP.
REFUSALS = {400, 404, 405, 408, 411, 413, 414, 417, 431, 501, 505}


def main() -> None:
    options = parse_options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "hostile_site.settings"
    faults = in_process(options.tokens, options.seed)
    compare_times(options.seed)
    faults += over_http(options.requests, options.seed)
    for fault in faults[:20]:
        print(f"FAULT: {fault}")
    print("All as documented." if not faults else f"{len(faults)} faults.")
    sys.exit(bool(faults))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Throws junk at ptrack, and looks at what comes back.")
    parser.add_argument("--tokens", type=int, default=1_000_000, help="tokens in process (default: 1000000)")
    parser.add_argument("--requests", type=int, default=100_000, help="requests over HTTP (default: 100000)")
    parser.add_argument("--seed", type=int, default=1, help="start of the random numbers (default: 1)")
    return parser.parse_args()


def show(text: str) -> None:
    print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)


# Tokens


def seal(plaintext: bytes, key: bytes = SECRET) -> str:
    """Return a token, made apart from the code under test."""
    return urlsafe_b64encode(SecretBox(key).encrypt(plaintext, os.urandom(24))).decode()


def is_readable(token: str) -> bool:
    """Return whether a pixel may run for a token, worked out apart from the code under test."""
    try:
        if not re.fullmatch(r"[\w-]*=*", token, re.ASCII) or len(token) > 16_384:
            return False
        sealed = urlsafe_b64decode(token.rstrip("=") + "==")
        spelling = urlsafe_b64encode(sealed).decode()
        payload = json.loads(SecretBox(SECRET).decrypt(sealed).decode(errors="surrogatepass"))
    except (ValueError, CryptoError, RecursionError, TypeError):
        return False
    args, kwargs = payload if isinstance(payload, list) and len(payload) == 2 else (None, None)
    return token in (spelling, spelling.rstrip("=")) and isinstance(args, list) and isinstance(kwargs, dict)


def hostile_plaintexts() -> list[bytes]:
    """Return what somebody who knows the secret might seal."""
    return [
        *(b"", b" ", b"null", b"[]", b"[[]]", b"[[],[]]", b"[{},[]]", b"[[],{},[]]", b"[[],{}]x", b'"[[],{}]"'),
        *(b"[" * 5000, b"[" * 5000 + b"]" * 5000, b'{"a":' * 2000, b"[[" + b"[" * 5000 + b"]" * 5000 + b"],{}]"),
        *(b"[[" + b"9" * 10_000 + b"],{}]", b"[[1e999999],{}", b"[[NaN],{}", b"\xff\xfe", b'[["\xff"],{}]', b"\x00"),
        *(b"[" + b" " * 10_000 + b"[],", b"[[]," + b'{"a":1,' * 1000, b'[["' + b"\\u0000" * 1500),
    ]


def mutate(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    letter = rng.choice(ALPHABET + "=+/%.~!*'();:@&$,?#[]<>\\\"^`{|} \t\n\r\x00\x7f\x80\xe9\xff")
    match rng.randrange(12):
        case 0:
            return text[:at] + letter + text[at:]
        case 1:
            return text[:at] + letter + text[at + 1 :]
        case 2:
            return text[:at] + text[at + 1 :]
        case 3:
            return text[:at]
        case 4:
            return text[at:]
        case 5:
            return text + letter * rng.choice([1, 2, 3, 4, 100])
        case 6:
            return text[::-1]
        case 7:
            return text + text
        case 8:
            return text.rstrip("=") + "=" * rng.randrange(6)
        case 9:
            return text[:at] + "/" + text[at:]
        case 10:
            # A bit of the last letter that no byte needs.
            return text[:-1] + rng.choice(ALPHABET)
        case _:
            end = rng.randrange(at, len(text) + 1)
            return text[:at] + "".join(rng.sample(text[at:end], end - at)) + text[end:]


def hostile_tokens(count: int, rng: random.Random) -> Iterator[str]:
    """Yield tokens as servers pass them on: text in which each letter is a byte."""
    good = [seal(json.dumps([["x" * size], {}]).encode()) for size in (0, 1, 2, 3, 10, 30, 100, 1000, 5000)]
    sealed = [seal(plaintext) for plaintext in hostile_plaintexts()]
    foreign = [seal(b"[[],{}]", bytes([number]) * 32) for number in range(10)]
    endless = [letter * size for letter in "A=/\xff%\x00" for size in (16_383, 16_384, 16_385, 2**20)]
    yield from endless[:count]
    for _ in range(count - len(endless)):
        match rng.randrange(20):
            case 0:
                yield rng.choice(sealed)
            case 1:
                yield rng.choice(foreign)
            case 2:
                yield rng.randbytes(rng.randrange(200)).decode("latin1")
            case 3:
                yield "".join(rng.choices(ALPHABET, k=rng.randrange(300)))
            case 4:
                yield urlsafe_b64encode(rng.randbytes(rng.choice([0, 23, 24, 39, 40, 41, 64, 500]))).decode()
            case 5 if rng.random() < 0.01:
                yield rng.choice(endless)
            case _:
                text = rng.choice(good if rng.random() < 0.9 else sealed)
                for _ in range(rng.choice([1, 1, 1, 2, 3, 10])):
                    text = mutate(text, rng)
                yield text


def tokens_by_hypothesis(count: int, seed: int) -> list[str]:
    good = seal(b'[["x"],{}]')
    texts = strategies.text(strategies.characters(max_codepoint=255)) | strategies.text(ALPHABET + "=", max_size=200)
    edits = strategies.tuples(strategies.integers(0, len(good)), strategies.integers(0, len(good)), texts)
    found: list[str] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        texts
        | strategies.binary(max_size=200).map(lambda data: urlsafe_b64encode(data).decode())
        | edits.map(lambda edit: good[: edit[0]] + edit[2] + good[edit[1] :])
    )
    def collect(token: str) -> None:
        found.append(token)

    random.seed(seed)
    collect()
    return found


def invalid_bytes(text: str) -> int:
    """Return how many bytes of a path, as a server passes it on, are not part of any letter in UTF-8."""
    return (
        0
        if text.isascii()
        else len(re.findall("[\udc80-\udcff]", text.encode("latin1").decode(errors="surrogateescape")))
    )


# In process


class Caller:
    """Calls a WSGI application with a path, and says what is wrong with the answer."""

    def __init__(self, name: str, application: Callable[..., Any]) -> None:
        from django.test import RequestFactory

        self.name = name
        self._application = application
        self._environ = RequestFactory()._base_environ(REQUEST_METHOD="GET")

    def call(self, token: str) -> str | None:
        started: list[str] = []
        environ = {**self._environ, "PATH_INFO": f"/ptrack/{token}/"}
        response = self._application(environ, lambda status, headers: started.append(status))
        body = b"".join(response)
        response.close()
        fault = started != ["200 OK"] or len(body) != GIF_SIZE
        return f"{started} with {len(body)} bytes" if fault else None


class Pace:
    """Knows how long a caller takes for tokens of any length."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._times: dict[int, list[int]] = defaultdict(list)
        self._per_letter = 0.0

    def learn(self, length: int, nanoseconds: int) -> None:
        self._times[length.bit_length()].append(nanoseconds)
        self._per_letter = 0.0

    def usual(self, length: int) -> float:
        """Return the nanoseconds that a token may be expected to take.

        It is the median of those of about its length, or what so many letters take at the
        median time per letter, if that is more.
        """
        if not self._per_letter:
            self._medians = {size: statistics.median(times) for size, times in self._times.items()}
            self._per_letter = statistics.median(
                time / 2**size for size, times in self._times.items() if size > 5 for time in times
            )
        return max(self._medians.get(length.bit_length(), 0), length * self._per_letter)

    def ratio(self, token: str, nanoseconds: int) -> float:
        """Return how much longer a token took, which is tried again if it took long: it may have been the machine."""
        usual = self.usual(len(token))
        for attempt in range(50):
            if nanoseconds < SLOWEST / (1 if attempt > 5 else 2) * usual:
                break
            if attempt > 5:
                # Somebody else's work may take longer than a few calls.
                time.sleep(0.01)
            started = time.perf_counter_ns()
            self.caller.call(token)
            nanoseconds = min(nanoseconds, time.perf_counter_ns() - started)
        return nanoseconds / usual


def in_process(count: int, seed: int) -> list[str]:
    from hostile_site import applications
    from hostile_site.pixels import hits

    logged: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    logging.getLogger("ptrack").addHandler(Listener(logging.INFO))
    logging.getLogger("ptrack").setLevel(logging.INFO)
    paces = [Pace(Caller("view", applications.wsgi)), Pace(Caller("in front of Django", applications.fast))]
    rng = random.Random(seed)
    made = tokens_by_hypothesis(max(100, count // BY_HYPOTHESIS), seed)
    good = [seal(json.dumps([["good"], {}]).encode()) for _ in range(10)]
    faults: list[str] = []
    good_calls = readable_calls = memory = 0
    slowest = 1.0
    begin = time.monotonic()
    for number, token in enumerate(hostile_tokens(count, rng)):
        if number % 20_000 == 0:
            show(f"in process: {number:,} of {count:,} tokens")
        if number == count // 5:
            memory = resident()
        if number % GOOD == 0:
            token = rng.choice(good)
        elif number % BY_HYPOTHESIS == 1:
            token = made[number // BY_HYPOTHESIS % len(made)]
        # Django takes a time that grows with the square of the number of bytes that are no UTF-8.
        pace = paces[number % 2 or invalid_bytes(token) > MANY]
        before = hits.total()
        started = time.perf_counter_ns()
        fault = pace.caller.call(token)
        taken = time.perf_counter_ns() - started
        if fault:
            faults.append(f"{pace.caller.name}: {fault} for {token[:80]!r}")
        good_calls += number % GOOD == 0
        if hits.total() != before:
            readable_calls += 1
            # A slash at the end is no part of the token.
            if not is_readable(token.removesuffix("/")):
                faults.append(f"{pace.caller.name}: a pixel ran for {token[:80]!r}")
        if number < count // 5:
            pace.learn(len(token), taken)
            continue
        ratio = pace.ratio(token, taken)
        slowest = max(slowest, ratio)
        if ratio > SLOWEST:
            faults.append(
                f"{pace.caller.name}: {ratio:.0f} times as long as usual for {len(token)} letters, {token[:80]!r}"
            )
    seconds = time.monotonic() - begin
    grown = resident() - memory
    show("")
    if hits["good"] < good_calls:
        faults.append(f"Of {good_calls} good tokens only {hits['good']} were recorded.")
    if grown > GROWTH:
        faults.append(f"The process grew by {grown / 2**20:.1f} MB.")
    # With a pixel that takes anything, nothing is worth a line.
    faults += [f"logged: {line}" for line in logged]
    print(
        f"In process: {count:,} tokens, of which hypothesis made {count // BY_HYPOTHESIS:,}, in {seconds:.0f} s.\n"
        f"   Good: {good_calls:,}, all recorded; other readable ones (padding, sealed on purpose): "
        f"{readable_calls - good_calls:,}.\n"
        f"   Pixels run for others: {sum('a pixel ran' in fault for fault in faults)}. Other answers than the picture: "
        f"{sum(' bytes for ' in fault for fault in faults)}. Log lines: {len(logged)}.\n"
        f"   Memory: {grown / 2**20:+.1f} MB. Slowest, to what is usual for its length: {slowest:.1f}."
    )
    return faults


def compare_times(seed: int) -> None:
    """Print how long tokens take that differ in how near they are to a good one."""
    from hostile_site import applications

    from ptrack import PtrackEncoder
    from ptrack.trackers import tracker

    good = seal(json.dumps([["good"], {"user": 12345}]).encode())
    rng = random.Random(seed)

    def flip(at: int) -> str:
        sealed = bytearray(urlsafe_b64decode(good))
        sealed[at] ^= 1
        return urlsafe_b64encode(sealed).decode()

    tokens = {
        "good": good,
        "one bit of the nonce wrong": flip(0),
        "first bit of the tag wrong": flip(24),
        "last bit of the tag wrong": flip(39),
        "last bit of the text wrong": flip(-1),
        "other secret": seal(b'[["good"],{"user":12345}]   ', b"\x01" * 32)[: len(good)],
        "random, of the same length": "".join(rng.choices(ALPHABET, k=len(good))),
        "no base64": "!" * len(good),
        "empty": "",
    }
    caller = Caller("in front of Django", applications.fast)
    taken: dict[str, list[int]] = {name: [] for name in tokens}
    for _ in range(20_000):
        for name, token in tokens.items():
            started = time.perf_counter_ns()
            caller.call(token)
            taken[name].append(time.perf_counter_ns() - started)
    extra = []
    for _ in range(20_000):
        started = time.perf_counter_ns()
        tracker.record(["good"], {"user": 12345}, lambda: None)  # type: ignore[arg-type,return-value]
        extra.append(time.perf_counter_ns() - started)
    decoding = []
    text = json.dumps([["good"], {"user": 12345}])
    for _ in range(20_000):
        started = time.perf_counter_ns()
        json.loads(text)
        decoding.append(time.perf_counter_ns() - started)
    assert PtrackEncoder.decrypt(good)
    print("Time of an answer in front of Django, microseconds, median and middle half of 20,000:")
    for name, values in taken.items():
        low, middle, high = statistics.quantiles(values, n=4)
        print(f"   {name:<30}{middle / 1000:>6.2f}   {low / 1000:.2f}-{high / 1000:.2f}")
    print(f"   running the pixels alone takes {statistics.median(extra) / 1000:.2f}", end="")
    print(f", reading the JSON {statistics.median(decoding) / 1000:.2f}")


def resident(pid: int | str = "self") -> int:
    """Return the bytes of memory that a process holds."""
    with contextlib.suppress(FileNotFoundError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


# Over HTTP


class Request(NamedTuple):
    kind: str
    data: bytes
    #: Statuses that may come back; none: whatever a server may refuse with, too.
    expected: set[int]
    is_good: bool = False


def bin_of(name: str) -> str:
    return str(Path(sys.executable).parent / name)


SERVERS = {
    "gunicorn": lambda port: [
        *(bin_of("gunicorn"), "--workers", "1", "--threads", "4", "--bind", f"127.0.0.1:{port}"),
        "hostile_site.applications:wsgi",
    ],
    "granian, in front of Django": lambda port: [
        *(bin_of("granian"), "--interface", "wsgi", "--workers", "1", "--no-ws", "--port", str(port)),
        "hostile_site.applications:fast",
    ],
    "uvicorn": lambda port: [
        *(bin_of("uvicorn"), "--port", str(port), "--lifespan", "off", "--log-level", "warning"),
        "hostile_site.applications:asgi",
    ],
}


def quote(text: str, rng: random.Random) -> tuple[bytes, bool]:
    """Return a path as clients send it, some quoted and some not, and whether it is good HTTP."""
    raw = text.encode("latin1")[:2000]
    match rng.randrange(4):
        case 0:
            return b"".join(b"%%%02x" % byte for byte in raw), True
        case 1:
            return bytes(byte if 32 < byte < 127 else ord("?") for byte in raw), False
        case _:
            return b"".join(bytes([byte]) if byte in ALPHABET.encode() else b"%%%02X" % byte for byte in raw), True


def hostile_requests(count: int, rng: random.Random, good: str, smuggled: str) -> Iterator[Request]:
    host = b"Host: 127.0.0.1\r\n"
    inner = f"GET /ptrack/{smuggled}/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    path = f"/ptrack/{good}/".encode()
    get = b"GET " + path + b" HTTP/1.1\r\n"
    picture, any_answer = {200}, {200} | REFUSALS
    chunk = b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n"
    length = b"Content-Length: %d\r\n" % len(inner)
    shapes = [
        Request("body of a GET", get + host + length + b"\r\n" + inner, any_answer),
        Request("body of a POST", b"POST " + path + b" HTTP/1.1\r\n" + host + length + b"\r\n" + inner, REFUSALS),
        Request("chunks of a GET", get + host + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, any_answer),
        Request(
            "chunks of a POST", b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, REFUSALS
        ),
        Request("header folded", get + host + b"X: a\r\n b\r\n\r\n", any_answer),
        Request("header without colon", get + host + b"nonsense\r\n\r\n", any_answer),
        Request("NUL in a header", get + host + b"X: a\x00b\r\n\r\n", any_answer),
        Request("header of 100 KB", get + host + b"X: " + b"a" * 100_000 + b"\r\n\r\n", any_answer),
        Request("1,000 headers", get + host + b"X: a\r\n" * 1000 + b"\r\n", any_answer),
        Request("line feeds alone", get.replace(b"\r", b"") + host.replace(b"\r", b"") + b"\n", any_answer),
        Request("no host", get + b"\r\n", any_answer),
        Request("two hosts", get + host + b"Host: evil.example\r\n\r\n", any_answer),
        Request("HTTP/1.0", get.replace(b"1.1", b"1.0") + b"\r\n", any_answer),
        Request("HTTP/0.9", b"GET " + path + b"\r\n", any_answer),
        Request("HTTP/9.9", get.replace(b"1.1", b"9.9") + host + b"\r\n", any_answer),
        Request("absolute address", b"GET http://evil.example" + path + b" HTTP/1.1\r\n" + host + b"\r\n", any_answer),
        Request("no path", b"GET * HTTP/1.1\r\n" + host + b"\r\n", any_answer),
        Request("path without slash", b"GET ptrack/x/ HTTP/1.1\r\n" + host + b"\r\n", any_answer),
        Request("path of 1 MB", b"GET /ptrack/" + b"A" * 2**20 + b"/ HTTP/1.1\r\n" + host + b"\r\n", any_answer),
        Request("path of 60 KB", b"GET /ptrack/" + b"A" * 60_000 + b"/ HTTP/1.1\r\n" + host + b"\r\n", any_answer),
        Request("query of 60 KB", get.replace(b" HTTP", b"?" + b"q" * 60_000 + b" HTTP") + host + b"\r\n", any_answer),
        Request("method of 1 KB", b"A" * 1000 + b" " + path + b" HTTP/1.1\r\n" + host + b"\r\n", REFUSALS),
        Request("method with NUL", b"GE\x00T " + path + b" HTTP/1.1\r\n" + host + b"\r\n", REFUSALS),
        Request("nothing", b"\r\n\r\n", any_answer),
        Request("TLS", bytes.fromhex("16030100a5010000a1030345678901") + bytes(160), any_answer),
        Request("half a request", get[:20], any_answer),
    ]
    # What a server and a proxy before it may read differently; this one alone decides here.
    ambiguous = [
        b"Content-Length: 0\r\n" + length,
        length + b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n" + length,
        b"Transfer-Encoding : chunked\r\n" + length,
        b"Content-Length: +%d\r\n" % len(inner),
        b"Content-Length: -1\r\n",
        b"Content-Length: 1e3\r\n",
    ]
    shapes += [Request("ambiguous length", get + host + fields + b"\r\n" + inner, any_answer) for fields in ambiguous]
    tokens = hostile_tokens(count, rng)
    for number in range(count):
        if number % GOOD == 0:
            yield Request("good", get + host + b"Connection: close\r\n\r\n", picture, is_good=True)
        elif number % 20 == 1:
            yield rng.choice(shapes)
        elif number % 20 == 2:
            method = rng.choice([b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH", b"BREW", b"get"])
            # Django takes methods in any case.
            expected = {b"HEAD": picture, b"get": any_answer}.get(method, REFUSALS)
            yield Request(
                "method", method + b" " + path + b" HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n", expected
            )
        else:
            target, is_http = quote(next(tokens), rng)
            data = b"GET /ptrack/" + target + b"/ HTTP/1.1\r\n" + host + b"Connection: close\r\n\r\n"
            # gunicorn's limit of a line is 4,094 bytes.
            yield Request("token", data, picture if is_http and len(target) < 4000 else any_answer)


def exchange(port: int, request: Request) -> tuple[int, bytes]:
    """Return status and body of the first answer; 0 if the server hung up without one."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(request.data)
            if b"Connection: close" not in request.data:
                connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(65_536):
                received += data
    head, _, body = received.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.[01] (\d{3})", head)
    return int(found[1]) if found else 0, body


def judge(request: Request, status: int, body: bytes) -> str | None:
    if status == 0 and not request.is_good and request.expected != {200}:
        return None
    if status not in request.expected:
        return f"status {status} for {request.kind}: {request.data[:80]!r}"
    if status == 200 and not request.data.startswith(b"HEAD") and body[:6] != b"GIF89a":
        return f"no picture for {request.kind}: {request.data[:80]!r}"
    return None


def over_http(count: int, seed: int) -> list[str]:
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    faults: list[str] = []
    for name, command in SERVERS.items():
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="ptrack-hostile-") as folder:
            log = Path(folder) / "log"
            with process(*command(port), log=log) as server:
                wait_until(name, lambda port=port: is_listening(port), seconds=60)
                found, summary = attack(name, port, server.pid, -(-count // len(SERVERS)), seed)
            tracebacks = log.read_text(encoding="utf-8", errors="replace").count("Traceback")
        faults += [f"{name}: {fault}" for fault in found]
        faults += [f"{name}: {tracebacks} tracebacks in its log"] if tracebacks else []
        print(f"{name}: {summary} Tracebacks: {tracebacks}.")
    return faults


def attack(name: str, port: int, pid: int, count: int, seed: int) -> tuple[list[str], str]:
    rng = random.Random(seed)
    requests = hostile_requests(count, rng, seal(b'[["good"],{}]'), seal(b'[["smuggled"],{}]'))
    faults: list[str] = []
    statuses: Counter[int] = Counter()
    good = allowed = memory = 0

    def send(request: Request) -> tuple[Request, int, bytes]:
        return request, *exchange(port, request)

    with ThreadPoolExecutor(CLIENTS) as pool:
        for number, (request, status, body) in enumerate(batched_map(pool, send, requests)):
            if number % 500 == 0:
                show(f"{name}: {number:,} of {count:,} requests")
            if number == count // 5:
                memory = resident_tree(pid)
            statuses[status] += 1
            good += request.is_good
            allowed += status == 200 and b"/ptrack/" in request.data[:200]
            fault = judge(request, status, body)
            if fault:
                faults.append(fault)
    grown = resident_tree(pid) - memory
    show("")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counted/") as response:
        counted = json.loads(response.read())
    if counted.get("good", 0) < good:
        faults.append(f"Of {good} good hits only {counted.get('good', 0)} were recorded.")
    # Texts of x are what mutated tokens were made from: padding and the last slash are no part of a token.
    others = [label for label in counted if label not in ("good", "smuggled") and label.strip("x")]
    if others:
        faults.append(f"Pixels ran for {others}.")
    if grown > 2 * GROWTH:
        faults.append(f"The server grew by {grown / 2**20:.1f} MB.")
    shown = ", ".join(f"{status or 'hung up'}: {number:,}" for status, number in sorted(statuses.items()))
    return faults, (
        f"{count:,} requests, {shown}. Good: {good:,}, all recorded. Requests hidden in others that ran as if they "
        f"were requests of their own: {counted.get('smuggled', 0)}. Memory: {grown / 2**20:+.1f} MB."
    )


def batched_map(pool: ThreadPoolExecutor, function: Callable[[Any], Any], items: Iterator[Any]) -> Iterator[Any]:
    """Map as ``pool.map`` does, without taking all items at once."""
    while True:
        batch = [item for _, item in zip(range(CLIENTS * 8), items, strict=False)]
        if not batch:
            return
        yield from pool.map(function, batch)


def resident_tree(pid: int) -> int:
    return sum(resident(each) for each in [pid, *descendants(pid)])


if __name__ == "__main__":
    main()
