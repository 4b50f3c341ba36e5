"""Tokens in process: each is answered with the image, and a pixel runs for nothing but what its site has sealed."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from itertools import islice

import pytest

from .applications import IMAGE, Caller
from .tokens import altered, by_hypothesis, endless, foreign, is_readable, noise, sealed
from servers import resident_bytes
from support import seal_json

#: One token in so many is a good one, which has to be recorded.
GOOD = 100
#: So many bytes may a process grow by, once it is warm.
GROWTH = 8 * 2**20

Throw = Callable[[Iterable[str], int], None]


@pytest.fixture
def throw(
    caller: Caller,
    opens: list[object],
    caplog: pytest.LogCaptureFixture,
    times: int,
    figures: list[str],
    request: pytest.FixtureRequest,
) -> Throw:
    """Call an application with so many tokens of a kind, twenty times as many in the long run."""

    def run(tokens: Iterable[str], count: int) -> None:
        count *= times
        good, readable, warm = seal_json([["good"], {}]), 0, 0
        for number, token in enumerate(islice(caller.bearable(tokens), count)):
            if number % GOOD == 0:
                assert caller.call(good) == IMAGE
                assert opens == [(["good"], {})]
                opens.clear()
            if number == count // 5:
                warm = resident_bytes("self")
            assert caller.call(token) == IMAGE, token[:80]
            assert bool(opens) is is_readable(token), token[:80]
            readable += len(opens)
            opens.clear()
        grown = resident_bytes("self") - warm
        assert caplog.record_tuples == []
        assert grown < GROWTH
        figures.append(
            f"{request.node.name}: {count:,} tokens, of which {readable:,} were readable; {grown / 2**20:+.1f} MB"
        )

    caplog.set_level(logging.INFO, logger="ptrack")
    return run


def test_an_altered_token_runs_no_pixel_unless_it_means_the_same(throw: Throw, rng: random.Random) -> None:
    throw(altered(rng), 10_000)


def test_junk_sealed_with_the_secret_runs_no_pixel_unless_it_is_arguments(throw: Throw, rng: random.Random) -> None:
    throw(sealed(rng), 1000)


def test_a_token_of_another_secret_runs_no_pixel(throw: Throw, rng: random.Random) -> None:
    throw(foreign(rng), 1000)


def test_random_bytes_and_characters_run_no_pixel(throw: Throw, rng: random.Random) -> None:
    throw(noise(rng), 3000)


def test_an_endless_token_runs_no_pixel(throw: Throw) -> None:
    throw(endless(), 240)


def test_what_hypothesis_comes_up_with_runs_no_pixel(throw: Throw, times: int, seed: int) -> None:
    throw(by_hypothesis(500 * times, seed), 400)
