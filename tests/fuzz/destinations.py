"""Makes destinations of links, good and hostile: whatever two readers of a URL may read differently."""

from __future__ import annotations

import random
from collections.abc import Iterator

from .tokens import CHARACTERS, mutate

#: What a site lets its links lead to, in the tests.
ALLOWED = ".shop.example"

SCHEMES = [
    *("https://", "http://", "HTTPS://", "hTTp://", "http\u017f://", "https:", "https:/", "https:///", "https:////"),
    *("//", "/", "", "\\\\", "https:\\\\", "https:/\\", "ftp://", "file://", "ws://", "javascript:", "javascript://"),
    *("data:text/html,", "view-source:https://", "blob:https://", "mailto:", "x:https://", " https://", "\thttps://"),
    *("ht\ntps://", "https\x00://", "https%3a//", "https://https://", "\ufeffhttps://", "https\uff1a//"),
]
USERS = [*[""] * 12, "user@", "user:secret@", "@", ":@", "shop.example@", "shop.example:80@", "shop.example%40", "a@b@"]
HOSTS = [
    *["shop.example", "www.shop.example", "SHOP.Example", "a-b_c.shop.example", "-.shop.example", "xn--a.shop.example"],
    *["xn--mnchen-3ya.shop.example", "xn--.shop.example", "xn--zzzzzzzz99.shop.example", "ab--cd.shop.example"],
    *[
        "other.example",
        "shop.example.other.example",
        "xshop.example",
        "other.example.",
        "shop.example.",
        ".shop.example",
    ],
    *[
        "shop..example",
        "shop.example:",
        "m\xfcnchen.shop.example",
        "shop\u3002example",
        "shop\uff0eexample",
        "shop%2eexample",
    ],
    *["\uff53hop.example", "\u212a.shop.example", "sh\xadop.example", "shop.example\u200b", "shop.example\uff0fx"],
    *["other.example%00.shop.example", "other.example%2f.shop.example", "other.example\\.shop.example"],
    *["other.example%23.shop.example", "other.example\t.shop.example", "other.example;.shop.example"],
    *["other.example,shop.example", "other.example .shop.example", "other.example'.shop.example"],
    *[
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "127.0.0.08",
        "1.2.3.4.5",
    ],
    *[
        "256.1.1.1",
        "1.2.3",
        "1.2.3.0x4",
        "shop.1",
        "shop.0x1",
        "shop.4you",
        "0",
        "00000000001",
        "1e3",
        "4you.shop.example",
    ],
    *["[::1]", "[::]", "[2001:DB8::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::1%25eth0]", "[::1", "::1", "[]"],
    *["[1::2::3]", "[::ffff:0x7f.1]", "[v1.x]", "[shop.example]", "[::1].shop.example", "shop.example[::1]", "[::g]"],
    *[
        "[0:0:0:0:0:0:0:1]",
        "[0000::1]",
        "[::1.2.3.04]",
        "[fe80::1]",
        "",
        "*",
        "localhost",
        "a",
        "_",
        "-",
        "0-0.shop.example",
    ],
    *["a" * 63 + ".shop.example", "a" * 64 + ".shop.example", "a." * 130 + "shop.example"],
]
PORTS = [
    *[""] * 12,
    *[
        ":80",
        ":443",
        ":8000",
        ":0",
        ":1",
        ":65535",
        ":65536",
        ":080",
        ":0000000080",
        ":",
        ":-1",
        ":+1",
        ":8 0",
        ":80:80",
    ],
    *[":x", ":\u0668", ":1e3", ":80@other.example", ":@other.example", ":80\\@other.example", ":99999999999"],
]
RESTS = [
    *[
        "",
        "/",
        "/path?query#fragment",
        "?x",
        "#x",
        "//other.example",
        "/\\other.example",
        "\\other.example",
        "/@other.example",
    ],
    *[
        "?@other.example",
        "#@other.example",
        "/..//other.example",
        "/%2e%2e//other.example",
        "/%0d%0aLocation:https://a/",
    ],
    *[
        "/\r\nLocation: https://other.example/",
        "/\r\n\r\n<script>",
        "/%",
        "/%zz",
        "/%00",
        "/a b",
        "/\x00",
        "/\x7f",
        "/\x85",
    ],
    *[
        "/\u2028",
        "/\u202e",
        "/\ud800",
        "/é",
        "/😀",
        "/%C3%A9",
        "/'\"><script>",
        "/;x",
        "/[x]",
        "/{x}",
        "/^`|",
        "&x",
        ";x",
    ],
    *["/" + "a" * 2020, "/" + "é" * 400, "/?" + "%" * 500, "/https://other.example/", "?url=https://other.example/"],
    *[
        "\t",
        "\n",
        " ",
        "/\t",
        "/\n",
        "/ ",
        "/\xa0",
        "/\ufeff",
        "/=?utf-8?b?x?=",
        "/\\",
        "/..",
        "/.",
        "/%5c%5cother.example",
    ],
]


def destinations(rng: random.Random) -> Iterator[str]:
    """Yield destinations put together of parts, each of which somebody reads in a way of their own."""
    while True:
        # Most parts are harmless, for one that is not is what the others are to hide.
        scheme = rng.choice(SCHEMES if rng.random() < 0.2 else SCHEMES[:4])
        host = rng.choice(HOSTS if rng.random() < 0.8 else HOSTS[:6])
        text = scheme + rng.choice(USERS) + host + rng.choice(PORTS) + rng.choice(RESTS)
        for _ in range(rng.choice([0, 0, 0, 1, 1, 2])):
            text = mutate(text, rng) if rng.random() < 0.5 else sprinkle(text, rng)
        yield text


def sprinkle(text: str, rng: random.Random) -> str:
    """Return a text with one more character near its host, where it does most harm."""
    at = min(rng.randrange(30), len(text))
    return (
        text[:at]
        + rng.choice(CHARACTERS + "\u017f\u212a\uff0e\u3002\u2044\u2028\u200b\xad\u0130\u0131\ud800")
        + text[at:]
    )
