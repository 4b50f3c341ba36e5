"""Sees when Django's URLconf or script prefix changes, without asking for them.

To ask for one that is not set, as when a command renders mails, takes as long as to
encrypt: the AttributeError behind it is worded each time. Django keeps both in asgiref's
``Local``, which puts another object into a context variable whenever one of them changes.
While that object is the same to a thread, so is the value, and nobody else's is looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context

from asgiref.local import Local
from django.urls import clear_script_prefix, get_script_prefix, get_urlconf, set_script_prefix, set_urlconf


def _find_variable(*changes: Callable[[], object]) -> ContextVar[object] | None:
    """Return the one context variable that holds another object after each of several changes."""
    contexts = []
    for change in changes:
        change()
        contexts.append(copy_context())
    found = [name for name in contexts[0] if len({id(context.get(name)) for context in contexts}) == len(contexts)]
    return found[0] if len(found) == 1 else None


def _find_watched() -> tuple[ContextVar[object], ContextVar[object]] | None:
    # One of our own first: asgiref has changed values in place (before 3.9.0), and has left
    # them behind when they are deleted (3.9.0). With these, Django's are not to be touched.
    own = Local()
    if not _find_variable(
        lambda: setattr(own, "value", 1), lambda: setattr(own, "value", 2), lambda: delattr(own, "value")
    ):
        return None
    urlconf = _find_variable(lambda: set_urlconf("one"), lambda: set_urlconf("other"), lambda: set_urlconf(None))
    prefix = _find_variable(lambda: set_script_prefix("/1/"), lambda: set_script_prefix("/2/"), clear_script_prefix)
    return (urlconf, prefix) if urlconf and prefix else None


#: The variables that hold URLconf and script prefix, or None with an asgiref that cannot be watched.
WATCHED = Context().run(_find_watched)


class _Thread(threading.local):
    """What is in the variables while a thread has these values; to another thread, it may say something else."""

    in_no_urlconf: object = ...
    prefix: str | None = None
    in_prefix: object = ...


_thread = _Thread()


def clear_urlconf() -> None:
    """Let no URLconf be set, as Django's handler does after each request."""
    variable = WATCHED and WATCHED[0]
    if variable and variable.get(None) is _thread.in_no_urlconf:
        return
    if get_urlconf() is not None:
        set_urlconf(None)
    if variable:
        _thread.in_no_urlconf = variable.get(None)


def use_script_prefix(prefix: str) -> None:
    """Let this be the script prefix, with a slash at its end, as Django's handler does before each request."""
    variable = WATCHED and WATCHED[1]
    if variable and prefix == _thread.prefix and variable.get(None) is _thread.in_prefix:
        return
    # To set it takes three times as long as to look.
    if get_script_prefix() != prefix:
        set_script_prefix(prefix)
    if variable:
        _thread.prefix, _thread.in_prefix = prefix, variable.get(None)
