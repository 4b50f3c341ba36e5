"""The base classes of pixels and links, and the registry that runs them."""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, NamedTuple, TypeVar

from django.core.checks import CheckMessage
from django.http import HttpRequest

from ._awaiting import wait_for
from ._logging import must_escape
from ._signatures import begins_with_request
from ._tracebacks import log_error
from .exceptions import PtrackRegistrationError

#: What callbacks raise is appended to this list, if there is one. ``ptrack.testing`` sets it.
failures: ContextVar[list[BaseException] | None] = ContextVar("ptrack_failures", default=None)


class Callback(ABC):
    """What pixels and links have in common. Subclass ``TrackingPixel`` or ``TrackingLink`` instead.

    One object of each class is made at registration, without arguments. It serves the hits of
    all threads.
    """

    #: Whether ``record`` receives the request as its first argument. None means that it does
    #: if its first parameter is named ``request``. Set it where a wrapper hides the parameters.
    takes_request: ClassVar[bool | None] = None

    @abstractmethod
    def record(self, *args: Any, **kwargs: Any) -> Any: ...

    def check(self) -> list[CheckMessage]:
        """Return the messages of ``manage.py check`` about this callback."""
        return []

    # Whether ptrack has to build the request for _on_hit(), even if record() does not take it.
    # BackgroundPixel and BackgroundLink override both.
    _needs_request: ClassVar[bool] = False

    def _on_hit(self, args: Sequence[Any], kwargs: dict[str, Any], request: Any, takes_request: bool) -> None:
        run(self, args, kwargs, request if takes_request else None)


class TrackingPixel(Callback):
    """What to do when a pixel is requested: subclass it, write ``record``, register the class."""

    @abstractmethod
    def record(self, *args: Any, **kwargs: Any) -> Any:
        """Take what the tag was given: ints and strings, as positional and keyword arguments.

        With ``request`` as its first parameter it also receives the ``HttpRequest``. It may be
        ``async``. What it returns is ignored. What it raises is logged: the image is served
        and the other pixels run all the same. ``KeyboardInterrupt``, ``GeneratorExit`` and, in
        the main thread, ``SystemExit`` are not caught.
        """


class TrackingLink(Callback):
    """What to do when a link is followed: subclass it, write ``record``, register the class."""

    @abstractmethod
    def record(self, *args: Any, **kwargs: Any) -> Any:
        """Take the destination, and after it what the tag was given.

        With ``request`` as its first parameter it also receives the ``HttpRequest``, before the
        destination. All else is as for ``TrackingPixel.record``: what it raises is logged, and
        the reader is redirected all the same.
        """


_CallbackClass = TypeVar("_CallbackClass", bound=type[Callback])


class Registration(NamedTuple):
    """The one object of a registered class, and whether its ``record`` takes the request or ptrack needs it."""

    callback: Callback
    takes_request: bool
    needs_request: bool


class Tracker:
    """A registry of classes of pixels and links, in order of registration."""

    def __init__(self) -> None:
        # A plain dict: Django's autodiscover_modules() copies this attribute, and restores it if a module fails.
        self._registry: dict[type[Callback], Registration] = {}

    def __iter__(self) -> Iterator[type[Callback]]:
        """Iterate over the registered classes, in order of registration."""
        return iter(tuple(self._registry))

    def register(self, pixel_class: _CallbackClass) -> _CallbackClass:
        """Register a subclass of ``TrackingPixel`` or ``TrackingLink`` and return it, so that this is also a decorator.

        Raises ``PtrackRegistrationError`` for anything else, for a class without ``record``
        or with a generator for it, and for one that is registered already. Raises whatever the
        class raises when an object of it is made.
        """
        if inspect.isfunction(pixel_class):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is a function: make it the method record() of a subclass of ptrack.TrackingPixel."
            )
        if not isinstance(pixel_class, type):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is not a class: register the pixel class itself, not an object of it."
            )
        if issubclass(pixel_class, TrackingPixel) == issubclass(pixel_class, TrackingLink):
            raise PtrackRegistrationError(
                f"{pixel_class!r} must be a subclass of either ptrack.TrackingPixel or ptrack.TrackingLink."
            )
        if inspect.isabstract(pixel_class):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is abstract: give it a method record(self, *args, **kwargs)."
            )
        if pixel_class in self._registry:
            raise PtrackRegistrationError(f"{pixel_class!r} is registered already: register it once.")
        if inspect.isgeneratorfunction(pixel_class.record) or inspect.isasyncgenfunction(pixel_class.record):
            raise PtrackRegistrationError(
                f"{pixel_class!r} has a generator for record(), which nobody would iterate over: remove the yield."
            )
        registration = _make_registration(pixel_class)
        if not callable(registration.callback.record):
            raise PtrackRegistrationError(
                f"{pixel_class!r} has a record that cannot be called: give it a method record(self, *args, **kwargs)."
            )
        self._registry[pixel_class] = registration
        return pixel_class

    def unregister(self, pixel_class: type[Callback]) -> None:
        """Remove a registered class.

        Raises ``PtrackRegistrationError`` if it is not registered.
        """
        if not isinstance(pixel_class, type) or pixel_class not in self._registry:
            raise PtrackRegistrationError(f"{pixel_class!r} is not registered, so it cannot be removed.")
        del self._registry[pixel_class]

    def registration_for(self, pixel_class: type[Callback]) -> Registration:
        """Return the registration of a class. A class that is not registered gets one for this call."""
        return self._registry.get(pixel_class) or _make_registration(pixel_class)

    def save(self) -> dict[type[Callback], Registration]:
        """Return the present registrations, for ``restore``."""
        return dict(self._registry)

    def restore(self, saved: dict[type[Callback], Registration]) -> None:
        """Make the registry what it was when ``save`` returned this."""
        self._registry = dict(saved)

    def record(
        self,
        args: Sequence[Any],
        kwargs: dict[str, Any],
        get_request: Callable[[], HttpRequest],
        base: type[TrackingPixel] | type[TrackingLink] = TrackingPixel,
    ) -> None:
        """Run every registered subclass of a base class once, with these arguments.

        Builds the request with ``get_request`` for the first callback that needs it. If that fails,
        it tries again for the next one.

        The failure of a callback is logged and the others run: email proxies cache a broken image,
        and one app's mistake must not cost another app its data.
        """
        handled = sys.exception()
        request: HttpRequest | None = None
        for callback_class, registration in tuple(self._registry.items()):
            if not issubclass(callback_class, base):
                continue
            try:
                if registration.needs_request and request is None:
                    request = get_request()
                registration.callback._on_hit(args, kwargs, request, registration.takes_request)
            except BaseException as error:
                if must_escape(error):
                    raise
                log_failure(callback_class, error, handled)


def _make_registration(callback_class: type[Callback]) -> Registration:
    """Make the object of a class, and find out whether it takes the request."""
    callback = callback_class()
    takes_request = callback.takes_request
    if takes_request is None:
        takes_request = begins_with_request(callback.record)
    return Registration(callback, takes_request, takes_request or callback._needs_request)


def dotted_path(callback_class: type[Callback]) -> str:
    """Return the module and name of a class, joined by a dot."""
    return f"{callback_class.__module__}.{callback_class.__qualname__}"


def log_failure(callback_class: type[Callback], error: BaseException, handled: BaseException | None) -> None:
    """Log what a callback raised, without the local variables of the frames that it passed through.

    ``handled`` is an exception that was being handled before; its frames are not cleared.
    """
    kind = "Link" if issubclass(callback_class, TrackingLink) else "Pixel"
    log_error(error, handled, "%s %s failed to record a hit.", kind, dotted_path(callback_class))
    collected = failures.get()
    if collected is not None:
        collected.append(error)
    else:
        # An exception that is raised again, as the result of a Future is, would gather the
        # tracebacks, and with them the requests, of all hits.
        BaseException.with_traceback(error, None)


def run(callback: Callback, args: Sequence[Any], kwargs: dict[str, Any], request: HttpRequest | None = None) -> None:
    """Call ``record``, with the request if one is given, and wait for what it returns if that is awaitable.

    Raises whatever ``record`` raises.
    """
    # The method is looked up at each hit, so that a test can patch it.
    result = callback.record(*args, **kwargs) if request is None else callback.record(request, *args, **kwargs)
    if result is None:
        return
    if inspect.isawaitable(result):
        wait_for(result)
    elif inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("record() returned a generator, which nobody iterates over: remove the yield.")


#: The registry whose pixels and links run at every hit.
tracker = Tracker()
