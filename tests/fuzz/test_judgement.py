"""The time in which a request is judged, whatever its headers hold."""

from __future__ import annotations

import random
import time

import pytest

from ptrack.hits import judge, rules

#: Bytes that servers take of one header, at most.
LONGEST_HEADER = 65_536
#: Milliseconds of processor time that a request may take, and the tries that it has, for the machine may be busy.
SLOWEST, TRIES = 5.0, 10

#: What makes a rule look far or try again, repeated.
UNITS = [
    *[
        "(",
        "()",
        "(a)",
        "((Android",
        "(Android ",
        "[FB",
        "Android (",
        "cubot",
        "mail ",
        "mail/",
        "a.mail",
        "+ ",
        "+ a.b",
    ],
    *["Safari/5 ", "Safari/5 Agent ", "KHTML, like Gecko; ", "Mozilla/5.0 ", "Version/16.", "http", "\\", "\x00", "é"],
    *[
        "a",
        "a@a.a ",
        "x ",
        "x-",
        ".",
        "Darwin/ mail ",
        "Microsoft Office/ ",
        "(iPhone) AppleWebKit/1 Mobile/",
        "+a",
        "+a.",
    ],
]
TYPICAL = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{} Safari/537.36"


def milliseconds(headers: dict[str, str]) -> float:
    started = time.process_time()
    judge(headers)
    return (time.process_time() - started) * 1000


def least(variants: list[dict[str, str]]) -> float:
    """Return the milliseconds of the quickest of requests that differ in a number, so that none is remembered."""
    return min(milliseconds(headers) for headers in variants)


@pytest.mark.parametrize("unit", UNITS)
def test_no_user_agent_takes_long(unit: str, figures: list[str]) -> None:
    judge({"User-Agent": "compiles the rules"})
    agents = [(f"{number} {unit * LONGEST_HEADER}")[:LONGEST_HEADER] for number in range(TRIES)]
    taken = least([dict.fromkeys(rules.HEADERS_READ, agent) for agent in agents])
    assert taken < SLOWEST
    figures.append(f"judge: {taken:.2f} ms for 64 KB of {unit!r}")


def test_random_user_agents_do_not_take_long(rng: random.Random, times: int) -> None:
    for _ in range(200 * times):
        agent = "".join(rng.choices(UNITS, k=400))
        assert least([{"User-Agent": f"{number}{agent}"} for number in range(TRIES)]) < SLOWEST


def test_thousands_of_headers_do_not_take_long(figures: list[str]) -> None:
    headers = {f"X-Header-{number}": "value" for number in range(5000)}
    taken = least([{**headers, "User-Agent": f"{number} curl"} for number in range(TRIES)])
    assert taken < SLOWEST
    figures.append(f"judge: {taken:.2f} ms for 5,000 headers")


def test_a_typical_request_takes_a_tenth_of_a_millisecond(figures: list[str]) -> None:
    request = {"User-Agent": TYPICAL.format("128.0.0.0"), "Sec-Fetch-Mode": "no-cors"}
    known = min(milliseconds(request) for _ in range(100))
    new = min(milliseconds({"User-Agent": TYPICAL.format(number)}) for number in range(100))
    assert known < 0.1
    figures.append(f"judge: {known * 1000:.1f} microseconds for a known user agent, {new * 1000:.0f} for a new one")
