"""The time that a token takes: no junk keeps a server busy, and no answer says how near a guess was."""

from __future__ import annotations

import random
import statistics
from base64 import urlsafe_b64decode, urlsafe_b64encode
from itertools import islice

from .applications import IMAGE, Caller
from .pace import Pace
from .tokens import ALPHABET, mixed
from support import seal_json


def test_no_token_takes_much_longer_than_is_usual_for_its_length(
    caller: Caller, no_pixels: None, rng: random.Random, times: int, figures: list[str]
) -> None:
    tokens = caller.bearable(mixed(rng))
    pace = Pace(caller, islice(tokens, 2000 * times))
    slowest = 0.0
    for token in islice(tokens, 8000 * times):
        ratio = pace.ratio(token)
        assert ratio is not None, f"{len(token)} characters, {token[:80]!r}"
        slowest = max(slowest, ratio)
    figures.append(f"{caller.name}: the slowest token took {slowest:.1f} times as long as is usual for its length")


def test_a_guess_is_answered_as_a_good_token(
    caller: Caller, opens: list[object], rng: random.Random, times: int, figures: list[str]
) -> None:
    guesses = near_and_far(seal_json([["good"], {"user": 12345}]), rng)
    assert {name: caller.call(token) for name, token in guesses.items()} == dict.fromkeys(guesses, IMAGE)
    assert opens == [(["good"], {"user": 12345})]
    rounds = 1000 * times
    taken = [[caller.time(token) for token in guesses.values()] for _ in range(rounds)]
    figures.append(f"{caller.name}: microseconds for an answer, median and middle half of {rounds:,}")
    for name, values in zip(guesses, zip(*taken, strict=True), strict=True):
        low, middle, high = (value / 1000 for value in statistics.quantiles(values, n=4))
        figures.append(f"   {name:<30}{middle:>7.2f}   {low:.2f} to {high:.2f}")


def near_and_far(good: str, rng: random.Random) -> dict[str, str]:
    """Return a good token, and others by how they differ from it."""

    def flip(at: int) -> str:
        sealed = bytearray(urlsafe_b64decode(good))
        sealed[at] ^= 1
        return urlsafe_b64encode(sealed).decode()

    return {
        "good": good,
        "one bit of the nonce wrong": flip(0),
        "first bit of the tag wrong": flip(24),
        "last bit of the tag wrong": flip(39),
        "last bit of the text wrong": flip(-1),
        "random, of the same length": "".join(rng.choices(ALPHABET, k=len(good))),
        "no base64": "!" * len(good),
        "empty": "",
    }
