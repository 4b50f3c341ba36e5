"""Answers requests for pixels in front of Django's request cycle, for busy sites.

In ``wsgi.py``::

    application = serve_pixels(get_wsgi_application())
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING
from urllib.parse import unquote

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest, get_script_name
from django.core.signals import request_finished, request_started
from django.urls import NoReverseMatch, get_resolver, set_script_prefix
from django.utils.functional import SimpleLazyObject

from . import conf
from ._urlconf import LINK_ROUTE, paths_by_language
from .views import ANSWERED_METHODS, HEADERS, answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


# Maps each surrogate that stands for a byte outside UTF-8 to the percent-encoding of that byte.
_PERCENT_ENCODED = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}


def serve_pixels(application: WSGIApplication, *, prefix: str | None = None, signals: bool = True) -> WSGIApplication:
    """Return a WSGI application that answers GET and HEAD of pixels itself and leaves the rest to another one.

    Takes the application for the rest, Django's. ``prefix`` is what the path of every pixel
    begins with, such as ``"/ptrack/"``, without the script prefix. If it is not given, it is
    read once from the URLconf. Every GET and HEAD below the prefix is a pixel, even if
    another route of the URLconf would serve it.

    With ``signals=False``, Django's ``request_started`` and ``request_finished`` are not sent.
    That is for sites whose pixels and ``PTRACK_CONSENT`` use neither a database nor a cache in
    this process: nothing closes their connections.

    Pixels are answered as by ``ptrack.urls`` on a site without middleware: the same bytes,
    headers, callbacks and log lines. The site's middleware does not run for them.

    Raises ``TypeError`` for an ASGI application. Raises ``ImproperlyConfigured`` if ``prefix``
    is not given and the URLconf has none, or has one that depends on the language; if
    ``prefix`` does not begin and end with a slash; if ``ptrack.link_urls`` is below the prefix;
    and for ``signals=False`` on a site with ``ptrack.opens``, which needs its connections closed.
    """
    if iscoroutinefunction(application) or iscoroutinefunction(type(application).__call__):
        raise TypeError(
            f"serve_pixels takes a WSGI application, and {application!r} is an ASGI one: "
            "write serve_pixels(get_wsgi_application()) in wsgi.py."
        )
    if not signals and apps.is_installed("ptrack.opens"):
        raise ImproperlyConfigured(
            "serve_pixels(signals=False) cannot serve a site with ptrack.opens in INSTALLED_APPS: nothing would close "
            "its database connections. Remove signals=False."
        )
    pixel_prefix = _find_prefix() if prefix is None else _check_prefix(prefix)
    _check_links(pixel_prefix)

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = _get_path(environ)
        method = environ["REQUEST_METHOD"]
        if method not in ANSWERED_METHODS or not path.startswith(pixel_prefix):
            return application(environ, start_response)
        set_script_prefix(get_script_name(environ))
        body = _Body(signals)
        try:
            if signals:
                request_started.send(sender=WSGIHandler, environ=environ)
            token = path.removeprefix(pixel_prefix).removesuffix("/")
            body.content = answer(method, token, partial(_make_request, environ, body))
            start_response("200 OK", list(HEADERS.items()))
        except BaseException:
            # SystemExit, for example: the server never sees the body, so it cannot close it.
            body.close()
            raise
        return body

    return serve


class _Body:
    """The body of an answer. The server closes it when it is sent, or when it cannot be sent."""

    content = b""
    #: The request, if a pixel asked for it.
    request: WSGIRequest | None = None

    def __init__(self, signals: bool) -> None:
        self._signals = signals

    def __iter__(self) -> Iterator[bytes]:
        return iter((self.content,))

    def close(self) -> None:
        # As HttpResponse.close() does, send the signal even if closing fails.
        if self.request is not None:
            with contextlib.suppress(Exception):
                self.request.close()
        if self._signals:
            request_finished.send(sender=WSGIHandler)


def _make_request(environ: WSGIEnvironment, body: _Body) -> WSGIRequest:
    request = body.request = WSGIRequest(environ)
    path = request.path_info
    request.resolver_match = SimpleLazyObject(lambda: get_resolver().resolve(path))  # type: ignore[assignment]
    return request


def _get_path(environ: WSGIEnvironment) -> str:
    """Return the path of a request without the script prefix.

    It is what Django's ``get_path_info`` returns, but in a time that is linear in the length
    of the path. Django takes 0.9 s for 200 KB of bytes that are not UTF-8.
    """
    path: str = environ.get("PATH_INFO", "")
    # A WSGI server passes each byte as one character, so ASCII is the text already.
    return (
        path if path.isascii() else path.encode("latin1").decode(errors="surrogateescape").translate(_PERCENT_ENCODED)
    )


def _find_prefix() -> str:
    """Return what the paths of pixels begin with, from the URLconf."""
    try:
        paths = paths_by_language()
    except NoReverseMatch as error:
        raise ImproperlyConfigured(
            f"serve_pixels() finds no prefix. {error} Otherwise pass prefix='/ptrack/'."
        ) from error
    if len(paths) > 1:
        raise ImproperlyConfigured(
            "serve_pixels() finds no single prefix, for that of ptrack.urls depends on the language: include "
            "ptrack.urls outside of i18n_patterns() and translated routes, or pass prefix='/ptrack/'."
        )
    return unquote(paths.pop().prefix)


def _check_links(pixel_prefix: str) -> None:
    """Raise ``ImproperlyConfigured`` if the readers who follow a link would get an image."""
    if not conf.has_urlconf():
        return
    with contextlib.suppress(NoReverseMatch):
        for path in paths_by_language(LINK_ROUTE):
            if unquote(path.prefix).startswith(pixel_prefix):
                raise ImproperlyConfigured(
                    f"serve_pixels() would answer links with an image, for ptrack.link_urls is below {pixel_prefix!r}, "
                    "the prefix of pixels: give it another one, as in path('go/', include('ptrack.link_urls'))."
                )


def _check_prefix(prefix: str) -> str:
    if prefix.startswith("/") and prefix.endswith("/"):
        return prefix
    raise ImproperlyConfigured(
        f"The prefix {prefix!r} of serve_pixels() does not begin and end with a slash: write it as in '/ptrack/'."
    )
