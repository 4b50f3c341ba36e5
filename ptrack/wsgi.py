"""Answers hits in front of Django's request cycle, for busy sites.

In ``wsgi.py``::

    application = serve_pixels(get_wsgi_application())
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from django.core.cache import caches, close_caches
from django.core.cache.backends.base import BaseCache
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest, get_script_name
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.db.backends.signals import connection_created
from django.dispatch import Signal
from django.urls import get_resolver
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from .routes import find_token
from .views import ANSWERED_METHODS, HEADERS, answer
from .watched import clear_urlconf, use_script_prefix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# Django quotes bytes that are no UTF-8, and looks at what follows each of them anew.
_QUOTED = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


def serve_pixels(application: WSGIApplication) -> WSGIApplication:
    """Return a WSGI application that answers GET and HEAD of pixels itself, and leaves the rest to Django's.

    Pixels are answered as by ``ptrack.urls`` in a site without middleware: the same bytes,
    hits, logging and request signals. What a middleware adds or refuses does not happen to
    them. All else is the given application's: other addresses and methods, and pixels
    too if what stands before ``ptrack.urls`` in the URLconf is not fixed text (a language).

    Raises ``TypeError`` for an ASGI application.
    """
    if iscoroutinefunction(application) or iscoroutinefunction(type(application).__call__):
        raise TypeError(
            f"serve_pixels takes a WSGI application, and {application!r} is an ASGI one: "
            "write serve_pixels(get_wsgi_application()) in wsgi.py."
        )

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        token = find_token(_to_path(environ)) if method in ANSWERED_METHODS else None
        if token is None:
            return application(environ, start_response)
        script_name = get_script_name(environ)
        use_script_prefix(script_name if script_name.endswith("/") else f"{script_name}/")
        clear_urlconf()
        _started.send(environ=environ)
        body = _Body()
        body.append(answer(method, token, partial(_to_request, environ, body)))
        start_response("200 OK", HEADERS.copy())
        return body

    return serve


def _to_path(environ: WSGIEnvironment) -> str:
    """Return the path of a request as Django's ``get_path_info`` does, in a time that grows with its length alone."""
    path: str = environ.get("PATH_INFO", "")
    # Servers pass on each byte as a letter, which changes nothing in ASCII.
    return path if path.isascii() else path.encode("latin1").decode(errors="surrogateescape").translate(_QUOTED)


class _Body(list[bytes]):
    """The body of an answer, in one piece, and the request if a pixel asked for it."""

    request: WSGIRequest | None = None

    def close(self) -> None:
        """Called by the server when the body is sent, or cannot be."""
        if self.request is not None:
            # As Django closes what a response holds.
            with contextlib.suppress(Exception):
                self.request.close()
        if not _this_thread.may_be_connected:
            # A connection that failed on its way has sent no signal.
            _this_thread.may_be_connected = None
        _finished.send()
        clear_urlconf()


def _to_request(environ: WSGIEnvironment, body: _Body) -> WSGIRequest:
    request = body.request = WSGIRequest(environ)
    path = request.path_info
    request.resolver_match = SimpleLazyObject(lambda: get_resolver().resolve(path))  # type: ignore[assignment]
    return request


class _HandlerSignal:
    """A signal that Django's handler sends."""

    def __init__(self, signal: Signal, has_nothing_to_do: Callable[[], bool]) -> None:
        """Take the signal, and whether Django's own receivers of it have nothing to do."""
        self._signal, self._has_nothing_to_do = signal, has_nothing_to_do
        self._receivers_of_django: list[Any] | None = None

    def send(self, **details: Any) -> None:
        # Both signals together take twice as long as recording the hit, mostly for nothing:
        # a pixel in the web server's process may well use neither database nor cache.
        if not (self._has_only_receivers_of_django() and self._has_nothing_to_do()):
            self._signal.send(sender=WSGIHandler, **details)

    def _has_only_receivers_of_django(self) -> bool:
        if self._signal.receivers != self._receivers_of_django:
            # Another thread may connect one meanwhile.
            receivers = self._signal.receivers.copy()
            if not all(_is_of_django(receiver) for _, receiver, *_ in receivers):
                return False
            self._receivers_of_django = receivers
        return True


# The last undoes what the handler does with request.urlconf.
_RECEIVERS_OF_DJANGO = (reset_queries, close_old_connections, close_caches, reset_urlconf)


def _is_of_django(receiver: Any) -> bool:
    # Weakly referenced, unless asked for otherwise; None is one that is gone.
    return isinstance(receiver, ReferenceType) and receiver() in (None, *_RECEIVERS_OF_DJANGO)


class _ThisThread(threading.local):
    """What is known of the connections to databases, of which each thread has its own."""

    #: None if it has to be looked up: before the first hit, and at the end of each until one is found.
    may_be_connected: bool | None = None


_this_thread = _ThisThread()


def _note_connection(**details: Any) -> None:
    _this_thread.may_be_connected = True


connection_created.connect(_note_connection)


def _has_no_connection() -> bool:
    if _this_thread.may_be_connected is None:
        _this_thread.may_be_connected = bool(connections.all(initialized_only=True))
    return not _this_thread.may_be_connected


def _has_nothing_to_close() -> bool:
    return _has_no_connection() and not (
        any(_may_have_to_be_closed(cache.get("BACKEND")) for cache in caches.settings.values())
        and caches.all(initialized_only=True)
    )


@lru_cache(maxsize=16)
def _may_have_to_be_closed(backend: str) -> bool:
    """Return whether a cache does anything when it is closed; few do, and to ask for those in use takes longer."""
    try:
        close = import_string(backend).close
    except Exception:
        # Django says so when the cache is used.
        return True
    return close is not BaseCache.close


_started = _HandlerSignal(request_started, _has_no_connection)
_finished = _HandlerSignal(request_finished, _has_nothing_to_close)
