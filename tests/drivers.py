"""Sends requests to each of the applications that serve pixels, as a server would."""

from __future__ import annotations

from functools import cached_property
from urllib.parse import unquote, unquote_to_bytes
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from ptrack.wsgi import serve_pixels


class Driver:
    """Sends requests to an application."""

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def head(self, path, **options):
        return self.send("HEAD", path, **options)

    def send(self, method, path, headers=None, remote_addr="127.0.0.1"):
        """Request a quoted path, and return the answer as an ``HttpResponse``."""


def make_environ(method="GET", path="/", headers=None, remote_addr="127.0.0.1"):
    """Return the WSGI environment of a request with a quoted path, as a server makes it."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        # A server passes each byte as one character.
        "PATH_INFO": unquote_to_bytes(path).decode("latin1"),
        "QUERY_STRING": query,
        "REMOTE_ADDR": remote_addr,
        "HTTP_HOST": "testserver",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()},
    }
    setup_testing_defaults(environ)
    return environ


class WSGIDriver(Driver):
    @cached_property
    def application(self):
        return WSGIHandler()

    def send(self, method, path, headers=None, remote_addr="127.0.0.1"):
        status, headers, body = self.exchange(make_environ(method, path, headers, remote_addr))
        code, _, reason = status.partition(" ")
        return HttpResponse(body, status=int(code), reason=reason, headers=dict(headers))

    def exchange(self, environ):
        """Return status, headers and body. Raise an error if either side violates PEP 3333."""
        started = []

        def start_response(status, headers, exc_info=None):
            started.append((status, [*headers]))
            # The list belongs to the server from here on.
            headers.clear()

        answer = validator(self.application)(environ, start_response)
        body = b"".join(answer)
        answer.close()
        [(status, headers)] = started
        return status, headers, body


class FastDriver(WSGIDriver):
    @cached_property
    def application(self):
        return serve_pixels(WSGIHandler())


class ASGIDriver(Driver):
    @cached_property
    def application(self):
        return ASGIHandler()

    def send(self, method, path, headers=None, remote_addr="127.0.0.1"):
        scope = AsyncRequestFactory().generic(method, path, headers=headers).scope
        scope |= {"client": [remote_addr, 0], "path": unquote(path.partition("?")[0])}
        return async_to_sync(self._exchange)(scope)

    async def _exchange(self, scope):
        communicator = ApplicationCommunicator(self.application, scope)
        await communicator.send_input({"type": "http.request", "body": b""})
        # One second, the default, is short on a busy machine.
        start, body = await communicator.receive_output(60), await communicator.receive_output(60)
        assert not body.get("more_body")
        await communicator.wait(60)
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in start["headers"]}
        return HttpResponse(body["body"], status=start["status"], headers=headers)


DRIVERS = {"WSGI": WSGIDriver, "ASGI": ASGIDriver, "fast path": FastDriver}
