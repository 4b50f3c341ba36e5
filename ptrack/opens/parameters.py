"""The parameters of URLs by which lists and the report are narrowed down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .arguments import Argument
from .conditions import Condition
from .fields import unescape

#: The names of the parameters that the list and the report share.
WHERE, DAYS, SINCE, UNTIL = "where", "days", "since", "until"

#: The parameter of lists that says that emails rendered on the days are meant, and not hits that arrived then.
RENDERED = "rendered"

# URLs hold no lone surrogates, and text fields of browsers no line breaks. They are written as
# ``fields.escape`` writes what databases refuse.
_UNTYPABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def to_parameter(argument: Argument, value: str) -> str | None:
    """Return the condition that an argument has this value, for a URL, or None if it cannot be written."""
    condition = Condition(argument, value)
    text = str(condition)
    # Nobody can type a name that is empty or has "=" in it.
    try:
        is_same = Condition.parse(text) == condition
    except ValueError:
        return None
    return _UNTYPABLE.sub(lambda match: f"\x1b{ord(match[0]):04x}", text) if is_same else None


def to_condition(parameter: str) -> Condition:
    """Return the condition of a parameter. Raises ``ValueError`` with a message for people."""
    return Condition.parse(unescape(parameter))


def make_query(parameters: Mapping[str, Any], **changes: Any) -> str:
    """Return the query of a URL, with ``?``: some parameters with changes, without those that are None then.

    A parameter that stands there several times has a list of values.
    """
    changed = {name: value for name, value in {**parameters, **changes}.items() if value is not None}
    return "?" + urlencode(changed, doseq=True)
