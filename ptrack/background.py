"""Pixels whose ``record`` runs in a worker of the site's own task engine.

The engine is the one that Django's setting ``TASKS`` names. Django has its Tasks framework
from version 6.0 on; the package ``django-tasks`` brings it to earlier ones.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ._logging import log, must_escape
from ._tracebacks import lines_without_values, without_locals
from .exceptions import PtrackRegistrationError
from .hits import Hit, HitKind, HitRequest, Verdict
from .hits.rules import HEADERS_READ
from .trackers import TrackingPixel, dotted_path, log_failure, run, tracker

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
            "ptrack.BackgroundPixel needs a task engine: use Django 6.0 or newer, or install the package "
            "django-tasks, as ptrack's extra 'tasks' does."
        ) from error

#: The headers that travel with a task: those that ``judge`` and ordinary logging read.
#: Cookie and Authorization never do, for a queue is not the place for them.
HEADERS_KEPT = (
    *HEADERS_READ,
    "Accept",
    "Accept-Language",
    "Forwarded",
    "Host",
    "Referer",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)


def _to_meta_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


_META_KEPT = ("REMOTE_ADDR", *map(_to_meta_name, HEADERS_KEPT))

_DEFAULT_OPTIONS: Mapping[str, Any] = {"backend": DEFAULT_TASK_BACKEND_ALIAS, "queue_name": DEFAULT_TASK_QUEUE_NAME}


class BackgroundPixel(TrackingPixel):
    """A pixel whose ``record`` runs in a worker: subclass it, write ``record``, register the class.

    If ``record`` takes the request, it receives one that answers ``method``, ``path``,
    ``META``, ``headers`` (those in ``HEADERS_KEPT``) and ``ptrack`` like the original.

    If the engine refuses the task, ``record`` runs in the process that serves the image.
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
        return run_pixel.using(**{**_DEFAULT_OPTIONS, **cls.task_options})

    def check(self) -> list[checks.CheckMessage]:
        """Return an error if the task backend cannot be used, and a warning if it has no worker."""
        path = dotted_path(type(self))
        try:
            backend = self.task().get_backend()
        except Exception as error:
            return [
                checks.Error(
                    f"{path} cannot use its task backend: {type(error).__name__}: {error}",
                    hint="Correct the setting TASKS or the pixel's task_options. Until then its hits are recorded "
                    "while the image is served.",
                    id="ptrack.E004",
                )
            ]
        if isinstance(backend, ImmediateBackend):
            fault = "runs tasks at once, while the image is served"
        elif isinstance(backend, DummyBackend):
            fault = "never runs tasks, so no hit is recorded"
        else:
            return []
        return [
            checks.Warning(
                f"{path} is a BackgroundPixel, but its task backend {fault}.",
                hint="Set TASKS to a backend with workers, such as django-tasks-db or django-tasks-rq.",
                id="ptrack.W005",
            )
        ]

    def _on_hit(self, args: Sequence[Any], kwargs: dict[str, Any], request: Any, takes_request: bool) -> None:
        try:
            _enqueue(self, args, kwargs, request)
        except BaseException as error:
            if must_escape(error):
                raise
            log(
                logging.ERROR,
                "The task engine refused a hit of pixel %s; it is recorded while the image is served.\n%s",
                dotted_path(type(self)),
                lines_without_values(error),
            )
            BaseException.with_traceback(error, None)
        else:
            return
        super()._on_hit(args, kwargs, request, takes_request)


@without_locals
def _enqueue(pixel: BackgroundPixel, args: Sequence[Any], kwargs: dict[str, Any], request: Any) -> None:
    # Put the path and the token last: task backends log the first characters of a task's
    # arguments, and these must not reach a log.
    hit = {
        "id": request.ptrack.id,
        "timestamp": request.ptrack.at.timestamp(),
        "method": request.method,
        "meta": _meta_to_keep(request.META, pixel.request_headers),
        "args": list(args),
        "kwargs": kwargs,
        "path": request.path,
        "token": request.ptrack.token,
    }
    if pixel.request_headers is not HEADERS_KEPT:
        # The worker may lack the headers that decide.
        hit["verdict"] = [request.ptrack.kind, request.ptrack.rule, request.ptrack.reason]
    # As ASCII text: databases that keep an engine's JSON refuse NUL and lone surrogates.
    text = json.dumps(hit)
    if json.loads(text) != hit:
        raise ValueError("JSON cannot express this hit.")
    path = dotted_path(type(pixel))
    if _find_class(path) is not type(pixel):
        raise ValueError("The worker would find another pixel under this name.")
    pixel.task().enqueue(path, text)


def _meta_to_keep(meta: Mapping[str, Any], request_headers: Sequence[str]) -> dict[str, Any]:
    """Return the remote address and the headers of a request that travel with a task, as in its ``META``."""
    wanted = {_to_meta_name(name) for name in request_headers}
    kept = {name: meta[name] for name in _META_KEPT if name in meta and (name in wanted or name == "REMOTE_ADDR")}
    if "HTTP_REFERER" in kept:
        # The query of another page is none of the queue's business.
        kept["HTTP_REFERER"] = kept["HTTP_REFERER"].partition("?")[0]
    return kept


def _find_class(path: str) -> type[TrackingPixel]:
    """Return the class that a task names: a registered one, or any subclass of ``BackgroundPixel``.

    Raises ``PtrackRegistrationError`` for anything else, for a queue must not decide what is called.
    """
    for pixel_class in tracker:
        if dotted_path(pixel_class) == path:
            return pixel_class
    # In a worker without autodiscovery.
    found = import_string(path)
    if isinstance(found, type) and issubclass(found, BackgroundPixel):
        return found
    raise PtrackRegistrationError(
        f"A task names {path!r}, which is neither registered nor a subclass of ptrack.BackgroundPixel: it is not run."
    )


def _to_request(hit: Mapping[str, Any]) -> HitRequest:
    request = HitRequest()
    request.method = hit["method"]
    request.path = request.path_info = hit["path"]
    request.META = hit["meta"]
    request.ptrack = Hit(hit["token"], request.META, hit["timestamp"])
    request.ptrack.id = hit["id"]
    if "verdict" in hit:
        kind, rule, reason = hit["verdict"]
        request.ptrack._verdict = Verdict(HitKind(kind), rule, reason)
    return request


def _existing_backend_and_queue() -> tuple[str, str]:
    """Return the names of a backend and of a queue that exist, the default ones if possible."""
    aliases = tuple(task_backends)
    backend = aliases[0] if aliases and DEFAULT_TASK_BACKEND_ALIAS not in aliases else DEFAULT_TASK_BACKEND_ALIAS
    queues = task_backends[backend].queues
    is_default = not queues or DEFAULT_TASK_QUEUE_NAME in queues
    return backend, DEFAULT_TASK_QUEUE_NAME if is_default else min(queues)


# A task is refused when it is made if its backend or queue does not exist. The options of a
# pixel replace these at each hit.
_backend, _queue_name = _existing_backend_and_queue()


@task(backend=_backend, queue_name=_queue_name)
@without_locals
def run_pixel(pixel: str, hit: str) -> None:
    """Let a pixel record a hit in a worker.

    Takes the dotted path of the pixel's class, and the hit as JSON. What ``record`` raises is
    logged and raised again, so that the engine treats the task as a failed one.
    """
    handled = sys.exception()
    try:
        pixel_class = _find_class(pixel)
        registration = tracker.registration_for(pixel_class)
        found = json.loads(hit)
        args, kwargs = found["args"], found["kwargs"]
        request = _to_request(found) if registration.takes_request else None
    except BaseException as error:
        if not must_escape(error):
            log(logging.ERROR, "A task of ptrack cannot be run.\n%s", lines_without_values(error))
        raise
    try:
        run(registration.pixel, args, kwargs, request)
    except BaseException as error:
        if not must_escape(error):
            log_failure(pixel_class, error, handled)
        raise
