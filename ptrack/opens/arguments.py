"""The arguments of the tag by which hits can be grouped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import Min
from django.utils.translation import gettext

from .models import MODELS, StoredHit

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
        return self.key if isinstance(self.key, str) else gettext("argument %s") % self.name


def seen_arguments() -> list[Argument]:
    """Return the arguments of all stored hits: the positional ones, then the keyword ones by name."""
    lists = [json.loads(text) for model in MODELS for text in _distinct_names(model)]
    positions = max((names[0] for names in lists), default=0)
    keywords = {name for names in lists for name in names[1:] if _NAME_IN_TAG.fullmatch(name)}
    return [Argument(key) for key in (*range(positions), *sorted(keywords))]


def default_argument(arguments: Iterable[Argument]) -> Argument | None:
    """Return the argument to group by unless another one is chosen: the first with a name, or else the first."""
    named_first = sorted(arguments, key=lambda argument: not isinstance(argument.key, str))
    return named_first[0] if named_first else None


def _distinct_names(model: type[StoredHit]) -> Iterator[str]:
    """Yield the different values of ``argument_names``, each found by one look into the index."""
    hits: Any = model._default_manager.order_by()
    text = hits.aggregate(least=Min("argument_names"))["least"]
    while text is not None:
        yield text
        text = hits.filter(argument_names__gt=text).aggregate(least=Min("argument_names"))["least"]
