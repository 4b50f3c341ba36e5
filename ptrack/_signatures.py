"""Tells whether a callback takes the request, by the name of its first parameter."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# Since Python 3.14, signature() evaluates annotations, which may name what is imported for
# type checkers only. The number is annotationlib.Format.FORWARDREF.
_UNEVALUATED: Any = {"annotation_format": 3} if sys.version_info >= (3, 14) else {}


def begins_with_request(method: Callable[..., Any]) -> bool:
    """Return whether the first parameter of a bound method is named ``request``."""
    try:
        parameters = list(inspect.signature(method, **_UNEVALUATED).parameters.values())
    except (TypeError, ValueError):
        # Some callables have no signature.
        return False
    if isinstance(method, functools.partial) and hasattr(method, "__wrapped__"):
        # A method that sync_to_async() or async_to_sync() wraps. Its signature begins with
        # the ``self`` that is bound already.
        del parameters[:1]
    return bool(parameters) and parameters[0].name == "request" and parameters[0].kind in _POSITIONAL
