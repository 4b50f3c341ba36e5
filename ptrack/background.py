"""Pixels and links whose ``record`` runs in a worker of the site's own task engine.

The engine is the one that Django's setting ``TASKS`` names. Django has its Tasks framework
from version 6.0 on; the package ``django-tasks`` brings it to earlier ones.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ._logging import log, must_escape
from ._task_hits import HEADERS_KEPT, to_request, to_text
from ._tracebacks import lines_without_values, without_locals
from .consent import may_track
from .exceptions import PtrackRegistrationError
from .trackers import Callback, TrackingLink, TrackingPixel, dotted_path, log_failure, run, tracker

try:
    from django.tasks import DEFAULT_TASK_BACKEND_ALIAS, DEFAULT_TASK_QUEUE_NAME, task, task_backends
    from django.tasks.backends.dummy import DummyBackend
    from django.tasks.backends.immediate import ImmediateBackend
except ImportError:
    try:
        from django_tasks import (  # type: ignore[no-redef]
            DEFAULT_TASK_BACKEND_ALIAS,
            DEFAULT_TASK_QUEUE_NAME,
            task,
            task_backends,
        )
        from django_tasks.backends.dummy import DummyBackend  # type: ignore[no-redef]
        from django_tasks.backends.immediate import ImmediateBackend  # type: ignore[no-redef]
    except ImportError as error:
        raise ImproperlyConfigured(
            "ptrack.BackgroundPixel and BackgroundLink need a task engine: use Django 6.0 or newer, or install the "
            "package django-tasks, as ptrack's extra 'tasks' does."
        ) from error

#: The options of a task that takes no others.
DEFAULT_OPTIONS: Mapping[str, Any] = {"backend": DEFAULT_TASK_BACKEND_ALIAS, "queue_name": DEFAULT_TASK_QUEUE_NAME}


class BackgroundCallback(Callback):
    """What ``BackgroundPixel`` and ``BackgroundLink`` have in common. Subclass one of these instead.

    If ``record`` takes the request, it receives one that answers ``method``, ``path``,
    ``META``, ``headers`` (those in ``HEADERS_KEPT``) and ``ptrack`` like the original.

    If the engine refuses the task, ``record`` runs in the process of the hit.
    """

    #: Options of ``Task.using()``, such as ``{"queue_name": "opens"}`` or ``{"backend": "slow"}``.
    task_options: ClassVar[Mapping[str, Any]] = {}

    #: The names of the headers that travel with a task. They narrow ``HEADERS_KEPT``: no other
    #: header travels.
    request_headers: ClassVar[tuple[str, ...]] = HEADERS_KEPT

    _needs_request = True

    @classmethod
    def task(cls) -> Any:
        """Return the task that is queued for each hit, with the options of this class.

        Raises whatever ``Task.using()`` raises for options that do not fit the setting ``TASKS``.
        """
        return run_pixel.using(**{**DEFAULT_OPTIONS, **cls.task_options})

    def check(self) -> list[checks.CheckMessage]:
        """Return an error if the task backend cannot be used, and a warning if it has no worker."""
        return check_backend(dotted_path(type(self)), lambda: self.task().get_backend())

    def _on_hit(self, args: Sequence[Any], kwargs: dict[str, Any], request: Any, takes_request: bool) -> None:
        record = super()._on_hit
        queue_or_do(
            dotted_path(type(self)),
            lambda: _enqueue(self, args, kwargs, request),
            lambda: record(args, kwargs, request, takes_request),
        )


class BackgroundPixel(BackgroundCallback, TrackingPixel):
    """A pixel whose ``record`` runs in a worker: subclass it, write ``record``, register the class."""


class BackgroundLink(BackgroundCallback, TrackingLink):
    """A link whose ``record`` runs in a worker: subclass it, write ``record``, register the class."""


def check_backend(path: str, get_backend: Callable[[], object]) -> list[checks.CheckMessage]:
    """Return what is wrong with the task backend of a class, whose dotted path is given."""
    try:
        backend = get_backend()
    except Exception as error:
        return [
            checks.Error(
                f"{path} cannot use its task backend: {type(error).__name__}: {error}",
                hint="Correct the setting TASKS or task_options of the class. Until then its hits are recorded in the "
                "process of the hit.",
                id="ptrack.E004",
            )
        ]
    if isinstance(backend, ImmediateBackend):
        fault = "runs tasks at once, while the image or the page waits"
    elif isinstance(backend, DummyBackend):
        fault = "never runs tasks, so no hit is recorded"
    else:
        return []
    return [
        checks.Warning(
            f"{path} runs in the background, but its task backend {fault}.",
            hint="Set TASKS to a backend with workers, such as django-tasks-db or django-tasks-rq.",
            id="ptrack.W005",
        )
    ]


def queue_or_do(path: str, enqueue: Callable[[], object], do: Callable[[], object]) -> None:
    """Queue a task. If the engine refuses it, log that, and do at once what the task would have done.

    Takes the dotted path of the class whose hit it is, and the two functions.
    """
    try:
        enqueue()
    except BaseException as error:
        if must_escape(error):
            raise
        log(
            logging.ERROR,
            "The task engine refused a hit of %s; it is recorded in the process of the hit.\n%s",
            path,
            lines_without_values(error),
        )
        BaseException.with_traceback(error, None)
    else:
        return
    do()


@without_locals
def _enqueue(callback: BackgroundCallback, args: Sequence[Any], kwargs: dict[str, Any], request: Any) -> None:
    text = to_text(args, kwargs, request, callback.request_headers, isinstance(callback, TrackingLink))
    path = dotted_path(type(callback))
    if _find_class(path) is not type(callback):
        raise ValueError("The worker would find another class under this name.")
    callback.task().enqueue(path, text)


def _find_class(path: str) -> type[Callback]:
    """Return the class that a task names: a registered one, or any ``BackgroundPixel`` or ``BackgroundLink``.

    Raises ``PtrackRegistrationError`` for anything else, for a queue must not decide what is called.
    """
    for callback_class in tracker:
        if dotted_path(callback_class) == path:
            return callback_class
    # In a worker without autodiscovery.
    found = import_string(path)
    if isinstance(found, type) and issubclass(found, (BackgroundPixel, BackgroundLink)):
        return found
    raise PtrackRegistrationError(
        f"A task names {path!r}, which is neither registered nor a subclass of ptrack.BackgroundPixel or "
        "ptrack.BackgroundLink: it is not run."
    )


def _existing_backend_and_queue() -> tuple[str, str]:
    """Return the names of a backend and of a queue that exist, the default ones if possible."""
    aliases = tuple(task_backends)
    backend = aliases[0] if aliases and DEFAULT_TASK_BACKEND_ALIAS not in aliases else DEFAULT_TASK_BACKEND_ALIAS
    queues = task_backends[backend].queues
    is_default = not queues or DEFAULT_TASK_QUEUE_NAME in queues
    return backend, DEFAULT_TASK_QUEUE_NAME if is_default else min(queues)


# A task is refused when it is made if its backend or queue does not exist. Other options
# replace these at each hit.
_backend, _queue_name = _existing_backend_and_queue()

#: Makes a task of a function, whatever the setting ``TASKS`` says.
make_task = task(backend=_backend, queue_name=_queue_name)


@make_task
@without_locals
def run_pixel(pixel: str, hit: str) -> None:
    """Let a pixel or a link record a hit in a worker, if ``PTRACK_CONSENT`` still says yes.

    Takes the dotted path of the class, and the hit as JSON. What ``record`` raises is
    logged and raised again, so that the engine treats the task as a failed one.
    """
    handled = sys.exception()
    try:
        callback_class = _find_class(pixel)
        registration = tracker.registration_for(callback_class)
        found = json.loads(hit)
        args, kwargs = found["args"], found["kwargs"]
        request = to_request(found) if registration.takes_request else None
    except BaseException as error:
        if not must_escape(error):
            log(logging.ERROR, "A task of ptrack cannot be run.\n%s", lines_without_values(error))
        raise
    try:
        # The destination of a link is no argument of the tag.
        if may_track(args[1:] if issubclass(callback_class, TrackingLink) else args, kwargs):
            run(registration.callback, args, kwargs, request)
    except BaseException as error:
        if not must_escape(error):
            log_failure(callback_class, error, handled)
        raise
