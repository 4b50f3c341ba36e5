"""Calls the applications that serve pixels, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from ptrack.views import TRANSPARENT_1_PIXEL_GIF
from ptrack.wsgi import serve_pixels

from .tokens import invalid_bytes
from drivers import make_environ

APPLICATIONS: dict[str, Callable[[], Any]] = {
    "view": WSGIHandler,
    "fast path": lambda: serve_pixels(WSGIHandler()),
}
IMAGE = ("200 OK", TRANSPARENT_1_PIXEL_GIF)


class Caller:
    """Calls an application with tokens."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._application = APPLICATIONS[name]()
        self._environ = make_environ()

    def call(self, token: str) -> tuple[str, bytes]:
        """Return the status and the body that a token is answered with."""
        started: list[str] = []
        environ = self._environ | {"PATH_INFO": f"/ptrack/{token}/"}
        response = self._application(environ, lambda status, headers: started.append(status))
        body = b"".join(response)
        response.close()
        [status] = started
        return status, body

    def time(self, token: str) -> int:
        """Return the nanoseconds that a token takes."""
        started = time.perf_counter_ns()
        self.call(token)
        return time.perf_counter_ns() - started

    def bearable(self, tokens: Iterable[str]) -> Iterator[str]:
        """Leave out what Django itself takes long for.

        Its time grows with the square of the number of bytes that are no UTF-8.
        """
        return (token for token in tokens if self.name == "fast path" or invalid_bytes(token) <= 50)
