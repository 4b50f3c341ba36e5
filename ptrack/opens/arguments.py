"""The arguments of the tag by which hits can be grouped."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from .models import Open

# A template can give a keyword argument no other name.
_NAME_IN_TAG = re.compile(r"\w+")


class Argument(NamedTuple):
    """An argument of the tag."""

    #: The position of a positional argument, counted from 0, or the name of a keyword argument.
    key: int | str

    @property
    def slug(self) -> str:
        """What identifies the argument in URLs: ``1`` for the first positional argument, or ``=name``."""
        return f"={self.key}" if isinstance(self.key, str) else str(self.key + 1)

    @property
    def name(self) -> str:
        """What a person types for the argument: its name, or its position counted from 1."""
        return self.key if isinstance(self.key, str) else str(self.key + 1)

    def __str__(self) -> str:
        return self.key if isinstance(self.key, str) else f"argument {self.name}"


def seen_arguments() -> list[Argument]:
    """Return the arguments of all stored hits: the positional ones, then the keyword ones by name."""
    # The ordering of the model would make every row distinct.
    texts = Open.objects.order_by().values_list("argument_names", flat=True).distinct()
    lists = [json.loads(text) for text in texts]
    positions = max((names[0] for names in lists), default=0)
    keywords = {name for names in lists for name in names[1:] if _NAME_IN_TAG.fullmatch(name)}
    return [Argument(key) for key in (*range(positions), *sorted(keywords))]
