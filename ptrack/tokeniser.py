"""Finds the tags of HTML, and their attributes, by position in the text.

It follows the tokenizer of the HTML standard, so a tag begins and ends where a browser
says. The text is never parsed into a tree and written again: whoever changes an attribute
can leave every other character as it is.

Emails are read without scripts, so tags inside ``<noscript>`` count. One thing is read that
browsers skip: conditional comments, ``<!--[if mso]> ... <![endif]-->``, which Outlook shows.

The regular expressions do not backtrack, because their quantifiers are possessive. So the
time grows in proportion to the length of the text, whatever the text is. No text makes
these functions raise.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from ._references import resolve_references

#: What the HTML standard calls white space.
WHITE_SPACE = "\t\n\f\r "
_SPACE = r"[\t\n\f\r ]*+"

# A name may begin with an equals sign.
_NAME = r"[^\t\n\f\r />][^\t\n\f\r />=]*+"
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|[^\t\n\f\r >"'][^\t\n\f\r >]*+|(?=>))"""
# A quote that nothing closes is no value. The last alternative keeps it from being read as a name.
_ATTRIBUTES = rf"(?:[\t\n\f\r /]*+{_NAME}(?:{_SPACE}={_SPACE}{_VALUE}|(?!{_SPACE}=)))*+"

_MARKUP = re.compile(
    r"<(?:"
    rf"(?P<slash>/?)(?P<name>[A-Za-z][^\t\n\f\r />]*+)(?P<attributes>{_ATTRIBUTES})[\t\n\f\r /]*+>"
    r"|(?P<comment>!--)"
    r"|(?P<bogus_comment>[!?]|/(?![A-Za-z]))"
    r"|/?[A-Za-z]"  # a tag that nothing closes
    r")"
)

# The white space before a name is not part of it: a search that fails at the end of a long
# white space would begin again at each of its characters.
_ATTRIBUTE = re.compile(
    rf"(?P<name>{_NAME})"
    rf"""(?:{_SPACE}={_SPACE}(?:"([^"]*+)"|'([^']*+)'|([^\t\n\f\r >]*+))|())"""
)

_COMMENT_END = re.compile(r"--!?>")
_COMMENT_END_AT_ONCE = re.compile(r"-?>")
_CONDITION = re.compile(r"\[if\b[^\]>]*+\]>", re.ASCII | re.IGNORECASE)

_RAW_TEXT_END = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.ASCII | re.IGNORECASE)
    for name in ("iframe", "noembed", "noframes", "style", "textarea", "title", "xmp")
}
_RAW_TEXT_NAMES = {"plaintext", "script", *_RAW_TEXT_END}
# The hyphens of "<!--" are left, because "<!-->" is a whole comment.
_SCRIPT_MARKUP = re.compile(r"<!(?=--)|-->|</?script(?=[\t\n\f\r />])", re.ASCII | re.IGNORECASE)


class Attribute(NamedTuple):
    """An attribute of a tag."""

    #: Its references are resolved and white space around it is dropped. It is empty if there is none.
    value: str
    #: Where the value begins and ends in the text, without its quotes.
    start: int
    end: int


class Tag(NamedTuple):
    """A start tag or an end tag."""

    #: In lower case.
    name: str
    is_end_tag: bool
    #: Whether the tag stands in a conditional comment.
    is_conditional: bool
    #: The tag as it stands in the text.
    match: re.Match[str]

    @property
    def start(self) -> int:
        """Where the tag begins in the text."""
        return self.match.start()

    def attributes(self) -> dict[str, Attribute]:
        """Return the attributes by their names in lower case. Of several with one name, the first counts."""
        html = self.match.string
        attributes: dict[str, Attribute] = {}
        for match in _ATTRIBUTE.finditer(html, *self.match.span("attributes")):
            name = match["name"].lower()
            if name not in attributes:
                # The group that matched last is the one of the value.
                start, end = match.span(match.lastindex or 0)
                attributes[name] = Attribute(resolve_references(html[start:end].strip(WHITE_SPACE)), start, end)
        return attributes


class Tags:
    """The tags of some HTML, those in conditional comments included, in order."""

    def __init__(self, html: str) -> None:
        self._html = html
        #: Known after the iteration: where the part of the text ends in which one may add a tag.
        #: A comment, a tag or raw text that nothing closes hides everything after it.
        self.end = 0

    def __iter__(self) -> Iterator[Tag]:
        self.end = yield from _scan(self._html, 0, len(self._html))


def start_tags(html: str) -> Iterator[Tag]:
    """Return the start tags of some HTML, those in conditional comments included, in order."""
    return (tag for tag in Tags(html) if not tag.is_end_tag)


def is_link(tag: Tag) -> bool:
    """Return whether a start tag is that of a link."""
    # Outlook shows VML: its shapes, such as <v:roundrect>, are links too.
    return tag.name in ("a", "area") or tag.name.startswith("v:")


def is_image(tag: Tag) -> bool:
    """Return whether a start tag is that of an image."""
    return tag.name == "img"


def _scan(html: str, position: int, end: int, is_conditional: bool = False) -> Generator[Tag, None, int]:
    """Yield the tags of a part of the text, and return where the part that can hold tags ends."""
    while markup := _MARKUP.search(html, position, end):
        after: int | None = None
        if name := markup["name"]:
            tag = Tag(name.lower(), bool(markup["slash"]), is_conditional, markup)
            yield tag
            after = markup.end()
            if tag.name in _RAW_TEXT_NAMES and not tag.is_end_tag:
                after = _find_raw_text_end(html, tag.name, after, end)
        elif markup["comment"]:
            if comment_end := _find_comment_end(html, markup.end(), end):
                after = comment_end.end()
                yield from _scan_conditional_comment(html, markup.end(), comment_end.start())
        elif markup["bogus_comment"]:
            after = _find_bogus_comment_end(html, markup.end(), end)
        if after is None:
            return markup.start()
        position = after
    return end


def _scan_conditional_comment(html: str, position: int, end: int) -> Iterator[Tag]:
    """Yield the tags inside a comment, if it is conditional."""
    if condition := _CONDITION.match(html, position, end):
        yield from _scan(html, condition.end(), end, is_conditional=True)


def _find_comment_end(html: str, position: int, end: int) -> re.Match[str] | None:
    return _COMMENT_END_AT_ONCE.match(html, position, end) or _COMMENT_END.search(html, position, end)


def _find_bogus_comment_end(html: str, position: int, end: int) -> int | None:
    closing = html.find(">", position, end)
    return closing + 1 if closing != -1 else None


def _find_raw_text_end(html: str, name: str, position: int, end: int) -> int | None:
    """Return where the end tag of an element begins that holds text alone, or None if nothing closes it."""
    if name == "plaintext":
        return None
    if name == "script":
        start = _find_script_end(html, position, end)
    else:
        found = _RAW_TEXT_END[name].search(html, position, end)
        start = found.start() if found else None
    if start is None:
        return None
    # The end tag itself may have no end.
    end_tag = _MARKUP.match(html, start, end)
    return start if end_tag and end_tag["name"] else None


def _find_script_end(html: str, position: int, end: int) -> int | None:
    # A script may hold "<!-- <script> ... </script> -->", and that end tag does not end it.
    is_in_comment = is_in_inner_script = False
    for markup in _SCRIPT_MARKUP.finditer(html, position, end):
        match markup[0].lower():
            case "<!":
                is_in_comment = True
            case "-->":
                is_in_comment = is_in_inner_script = False
            case "<script":
                is_in_inner_script = is_in_comment
            case "</script" if is_in_inner_script:
                is_in_inner_script = False
            case _:
                return markup.start()
    return None
