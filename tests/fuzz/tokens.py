"""Makes tokens that no tag has made, as servers pass them on: text in which each character is a byte."""

from __future__ import annotations

import itertools
import json
import random
import re
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator

import hypothesis
from hypothesis import HealthCheck, Phase, given, strategies
from nacl.exceptions import CryptoError

from support import seal, seal_json, unseal

ALPHABET = string.ascii_letters + string.digits + "-_"
CHARACTERS = ALPHABET + "=+/%.~!*'();:@&$,?#[]<>\\\"^`{|} \t\n\r\x00\x7f\x80\xe9\xff"

#: What somebody who knows the secret might seal, of which only a list and an object are arguments.
PLAINTEXTS = [
    *(b"", b" ", b"null", b"[]", b"[[]]", b"[[],[]]", b"[{},[]]", b"[[],{},[]]", b"[[],{}]x", b'"[[],{}]"'),
    *(b"[" * 5000, b"[" * 5000 + b"]" * 5000, b'{"a":' * 2000, b"[[" + b"[" * 5000 + b"]" * 5000 + b"],{}]"),
    *(b"[[" + b"9" * 10_000 + b"],{}]", b"[[1e999999],{}", b"[[NaN],{}", b"\xff\xfe", b'[["\xff"],{}]', b"\x00"),
    *(b"[" + b" " * 10_000 + b"[],", b"[[]," + b'{"a":1,' * 1000, b'[["' + b"\\u0000" * 1500),
]

#: Changes at a position by a character, such as email programs, proxies and attackers make.
Mutation = Callable[[str, int, str, random.Random], str]
MUTATIONS: list[Mutation] = [
    lambda text, at, character, rng: text[:at] + character + text[at:],
    lambda text, at, character, rng: text[:at] + character + text[at + 1 :],
    lambda text, at, character, rng: text[:at] + text[at + 1 :],
    lambda text, at, character, rng: text[:at],
    lambda text, at, character, rng: text[at:],
    lambda text, at, character, rng: text + character * rng.choice([1, 2, 3, 4, 100]),
    lambda text, at, character, rng: text[::-1],
    lambda text, at, character, rng: text + text,
    lambda text, at, character, rng: text.rstrip("=") + "=" * rng.randrange(6),
    lambda text, at, character, rng: text[:at] + "/" + text[at:],
    # This may change bits of the last character that no byte needs.
    lambda text, at, character, rng: text[:-1] + rng.choice(ALPHABET),
    lambda text, at, character, rng: text[:at] + "".join(rng.sample(text[at:], len(text) - at)),
]


def is_readable(token: str) -> bool:
    """Return whether a pixel may run for a token, worked out apart from the code under test."""
    try:
        if not re.fullmatch(r"[\w-]*=*", token, re.ASCII) or len(token) > 16_384:
            return False
        padded = token.rstrip("=") + "=="
        spelling = urlsafe_b64encode(urlsafe_b64decode(padded)).decode()
        payload = json.loads(unseal(padded).decode(errors="surrogatepass"))
    except (ValueError, CryptoError, RecursionError, TypeError):
        return False
    args, kwargs = payload if isinstance(payload, list) and len(payload) == 2 else (None, None)
    return token in (spelling, spelling.rstrip("=")) and isinstance(args, list) and isinstance(kwargs, dict)


def mutate(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return rng.choice(MUTATIONS)(text, at, rng.choice(CHARACTERS), rng)


def altered(rng: random.Random) -> Iterator[str]:
    """Yield tokens of this site with one change or several."""
    good = [seal_json([["x" * size], {}]) for size in (0, 1, 2, 3, 10, 30, 100, 1000, 5000)]
    junk = [seal(plaintext) for plaintext in PLAINTEXTS]
    while True:
        text = rng.choice(good if rng.random() < 0.9 else junk)
        for _ in range(rng.choice([1, 1, 1, 2, 3, 10])):
            text = mutate(text, rng)
        yield text


def sealed(rng: random.Random) -> Iterator[str]:
    """Yield junk that somebody sealed with the secret of this site."""
    return (seal(rng.choice(PLAINTEXTS)) for _ in itertools.count())


def foreign(rng: random.Random) -> Iterator[str]:
    """Yield good tokens of sites that have other secrets."""
    return (seal(b"[[],{}]", rng.randbytes(32)) for _ in itertools.count())


def noise(rng: random.Random) -> Iterator[str]:
    """Yield random bytes, random characters of tokens, and random bytes in base64."""
    while True:
        yield rng.randbytes(rng.randrange(200)).decode("latin1")
        yield "".join(rng.choices(ALPHABET, k=rng.randrange(300)))
        yield urlsafe_b64encode(rng.randbytes(rng.choice([0, 23, 24, 39, 40, 41, 64, 500]))).decode()


def endless() -> Iterator[str]:
    """Yield tokens of one character over and over, of the longest that are decoded up to a megabyte."""
    sizes = (16_383, 16_384, 16_385, 2**20)
    return itertools.cycle(character * size for size in sizes for character in "A=/\xff%\x00")


def by_hypothesis(count: int, seed: int) -> list[str]:
    """Return what hypothesis makes of texts, of bytes in base64 and of a good token."""
    good = seal(b'[["x"],{}]')
    texts = strategies.text(strategies.characters(max_codepoint=255)) | strategies.text(ALPHABET + "=", max_size=200)
    edits = strategies.tuples(strategies.integers(0, len(good)), strategies.integers(0, len(good)), texts)
    found: list[str] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
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

    collect()
    return found


def mixed(rng: random.Random) -> Iterator[str]:
    """Yield tokens of all kinds, most of them altered ones."""
    kinds = [altered(rng), sealed(rng), foreign(rng), noise(rng), endless()]
    while True:
        [tokens] = rng.choices(kinds, weights=[1500, 100, 100, 300, 1])
        yield next(tokens)


def invalid_bytes(token: str) -> int:
    """Return how many bytes of a token are not part of any character in UTF-8."""
    decoded = token.encode("latin1").decode(errors="surrogateescape")
    return len(re.findall("[\udc80-\udcff]", decoded))
