"""Breaks HTML in the ways in which emails are broken."""

from __future__ import annotations

import random

#: What decides how a browser reads the rest of a text.
MARKUP = [
    *"<>/='\"&-! \n",
    *("<!--", "-->", "--!>", "<!-->", "</", "<!", "<?", "/>", "]]>", "<![CDATA[", "<![endif]-->", "<!--[if mso]>"),
    *("<a href=", "<a href='", '<a href="https://shop.example/new">', "</a>", "<br/>", "<p>", "</p>", "</body>"),
    *("<style>", "</style>", "<script>", "</script>", "<title>", "</title>", "<textarea>", "</textarea>"),
    *("<noscript>", "</noscript>", "<iframe>", "</iframe>", "<xmp>", "</xmp>", "<noembed>", "<noframes>"),
    *("&amp;", "&amp", "&copy=", "&#10;", "&#x41;", "&#0;", "\x00", "\r\n", "\t", "\u017f", "é"),
]


def mutated(html: str, rng: random.Random) -> str:
    """Return HTML with a few pieces of it deleted, doubled or moved, and with a few pieces of markup put in."""
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(html) + 1)
        piece = html[at : at + rng.choice((1, 1, 2, 5, 20))]
        rest = html[at + len(piece) :]
        elsewhere = rng.randrange(len(html) + 1)
        html = rng.choice(
            (
                html[:at] + rest,
                html[:at] + piece + piece + rest,
                html[:elsewhere] + piece + html[elsewhere:],
                html[:at] + rng.choice(MARKUP) + piece + rest,
                html[:at] + rng.choice(MARKUP) + rest,
            )
        )
    return html
