"""Conditions on the arguments of stored hits, as commands and pages take them: ``reader=42``."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.utils.translation import gettext

from .arguments import Argument

# A keyword that looks like a position has a "=" before it.
_CONDITION = re.compile(r"(?:(?P<position>[0-9]+)|=?(?P<name>[^=]+))=(?P<value>.*)", re.DOTALL)


class Condition(NamedTuple):
    """One argument of the tag, and the text that it has."""

    argument: Argument
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return the condition of a text: ``reader=42``, ``1=newsletter`` for the first positional argument.

        A keyword that is named ``1`` is ``=1=newsletter``. Raises ``ValueError`` with a message for
        people.
        """
        found = _CONDITION.fullmatch(text)
        if not found:
            message = gettext("%r is no condition: write it like reader=42, or 1=welcome for the first argument.")
            raise ValueError(message % text)
        if found["position"] is None:
            return cls(Argument(found["name"]), found["value"])
        # No database takes the position 10**20.
        if not re.fullmatch("0*[1-9][0-9]{0,8}", found["position"]):
            raise ValueError(gettext("%r names no argument: positions count from 1.") % text)
        return cls(Argument(int(found["position"]) - 1), found["value"])

    def __str__(self) -> str:
        """Return the text that ``parse`` takes."""
        name = self.argument.slug if self.argument.name.isdecimal() else self.argument.name
        return f"{name}={self.value}"
