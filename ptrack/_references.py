"""Resolves character references, such as ``&amp;``, as the HTML standard does in the value of an attribute.

``html.unescape`` of the standard library does it as in text. There, ``&reg=1`` begins with
the sign of a registered trade mark. In an attribute it stays as it is, for URLs are written so.
"""

from __future__ import annotations

import re
from html.entities import html5 as named_characters

_REFERENCE = re.compile(
    r"&(?:#[xX](?P<hexadecimal>[0-9A-Fa-f]++);?|#(?P<decimal>[0-9]++);?|(?P<name>[A-Za-z][A-Za-z0-9]*+(?:;|(?!=))))"
)

_REPLACEMENT_CHARACTER = "\ufffd"
_MAX_CODE_POINT = 0x10FFFF
#: More digits than any code point has, in both notations.
_TOO_MANY_DIGITS = 8
#: What the code points stand for that are control characters and that Windows uses for others.
_WINDOWS_CHARACTERS = {
    code_point: character
    for code_point in range(0x80, 0xA0)
    if (character := bytes([code_point]).decode("cp1252", errors="ignore"))
}


def resolve_references(text: str) -> str:
    """Return the value of an attribute without its references. No text makes it raise."""
    return _REFERENCE.sub(_resolve, text) if "&" in text else text


def _resolve(reference: re.Match[str]) -> str:
    if name := reference["name"]:
        return named_characters.get(name, reference[0])
    digits, base = (reference["decimal"], 10) if reference["decimal"] else (reference["hexadecimal"], 16)
    significant = digits.lstrip("0")
    if not significant or len(significant) >= _TOO_MANY_DIGITS:
        return _REPLACEMENT_CHARACTER
    return _character(int(significant, base))


def _character(code_point: int) -> str:
    if code_point > _MAX_CODE_POINT or 0xD800 <= code_point <= 0xDFFF:
        return _REPLACEMENT_CHARACTER
    return _WINDOWS_CHARACTERS.get(code_point) or chr(code_point)
