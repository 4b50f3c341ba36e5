"""The base class of pixels, and the registry that runs them."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import sys
from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, NamedTuple, TypeVar

from asgiref.sync import async_to_sync
from django.core.checks import CheckMessage
from django.http import HttpRequest

from .exceptions import PtrackRegistrationError
from .tracebacks import forget_locals

logger = logging.getLogger("ptrack")

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# From Python 3.14 on, annotations are evaluated late, and may name what is imported for type
# checkers only; 3 is annotationlib.Format.FORWARDREF.
_UNEVALUATED: Any = {"annotation_format": 3} if sys.version_info >= (3, 14) else {}


class TrackingPixel(ABC):
    """What to do when a picture is loaded: subclass it, write ``record``, register the class.

    One object of the class is made at registration, without arguments, and serves all
    hits of all threads.
    """

    #: Whether ``record`` is given the request first. None: it is if its first parameter is
    #: named ``request``. Set it where a wrapper hides the parameters.
    takes_request: ClassVar[bool | None] = None

    @abstractmethod
    def record(self, *args: Any, **kwargs: Any) -> Any:
        """Take what the tag was given: ints and strings, in place and by name.

        With ``request`` as its first parameter it is also given the ``HttpRequest``. It
        may be ``async``. What it returns is ignored; what it raises is logged, and neither
        the picture nor the other pixels notice.
        """

    def check(self) -> list[CheckMessage]:
        """Return what ``manage.py check`` has to say of this pixel."""
        return []

    # Whether _on_hit() needs the request, even if record() does not take it.
    _needs_request: ClassVar[bool] = False

    def _on_hit(self, args: Sequence[Any], kwargs: dict[str, Any], request: Any, takes_request: bool) -> None:
        run(self, args, kwargs, request if takes_request else None)


_PixelClass = TypeVar("_PixelClass", bound=type[TrackingPixel])


class Registration(NamedTuple):
    """A pixel class's one object, and what it is given."""

    pixel: TrackingPixel
    takes_request: bool
    needs_request: bool


class Tracker:
    """A registry of pixel classes, in order of registration."""

    def __init__(self) -> None:
        # A plain dict: autodiscovery copies it, and puts the copy back if a module fails.
        self._registry: dict[type[TrackingPixel], Registration] = {}

    def register(self, pixel_class: _PixelClass) -> _PixelClass:
        """Register a subclass of ``TrackingPixel`` and return it; serves as a decorator.

        Raises ``PtrackRegistrationError`` for anything else, for a class without ``record``
        or with a generator for it, and for one that is registered already; besides, whatever
        the class raises when an object of it is made.
        """
        if inspect.isfunction(pixel_class):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is a function: make it the method record() of a subclass of ptrack.TrackingPixel."
            )
        if not isinstance(pixel_class, type):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is not a class: register the pixel class itself, not an object of it."
            )
        if not issubclass(pixel_class, TrackingPixel):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is not a pixel: make it a subclass of ptrack.TrackingPixel."
            )
        if inspect.isabstract(pixel_class):
            raise PtrackRegistrationError(
                f"{pixel_class!r} is abstract: give it a method record(self, *args, **kwargs)."
            )
        if pixel_class in self._registry:
            raise PtrackRegistrationError(f"{pixel_class!r} is registered already: register it once.")
        if inspect.isgeneratorfunction(pixel_class.record) or inspect.isasyncgenfunction(pixel_class.record):
            raise PtrackRegistrationError(
                f"{pixel_class!r} has a generator for record(), which nobody would iterate over: let it not yield."
            )
        registration = registration_of(pixel_class)
        if not callable(registration.pixel.record):
            raise PtrackRegistrationError(
                f"{pixel_class!r} has a record that cannot be called: give it a method record(self, *args, **kwargs)."
            )
        self._registry[pixel_class] = registration
        return pixel_class

    def unregister(self, pixel_class: type[TrackingPixel]) -> None:
        """Remove a registered class.

        Raises ``PtrackRegistrationError`` if it is not registered.
        """
        if not isinstance(pixel_class, type) or pixel_class not in self._registry:
            raise PtrackRegistrationError(f"{pixel_class!r} is not registered, so it cannot be removed.")
        del self._registry[pixel_class]

    def record(self, args: Sequence[Any], kwargs: dict[str, Any], get_request: Callable[[], HttpRequest]) -> None:
        """Run every registered pixel once, with a tag's arguments.

        Calls ``get_request`` when the first pixel needs the request, and again for the next
        one if it fails.

        A pixel that fails is logged and the others run: mail proxies keep a broken picture,
        and one app's mistake must not cost another app its data.
        """
        handled = sys.exception()
        request: HttpRequest | None = None
        for pixel_class, registration in tuple(self._registry.items()):
            try:
                if registration.needs_request and request is None:
                    request = get_request()
                registration.pixel._on_hit(args, kwargs, request, registration.takes_request)
            except (Exception, CancelledError) as error:
                log_failure(pixel_class, error, handled)


def registration_of(pixel_class: type[TrackingPixel]) -> Registration:
    """Return what a registry keeps of a pixel class."""
    pixel = pixel_class()
    takes_request = _takes_request(pixel)
    return Registration(pixel, takes_request, takes_request or pixel._needs_request)


def dotted_path(pixel_class: type[TrackingPixel]) -> str:
    """Return a pixel class's module and name."""
    return f"{pixel_class.__module__}.{pixel_class.__qualname__}"


def log_failure(pixel_class: type[TrackingPixel], error: BaseException, handled: BaseException | None) -> None:
    """Log what a pixel raised, without the local variables of the frames that it passed through.

    What was being handled before it came up, if anything, is left alone.
    """
    forget_locals(error, handled)
    # Without the frame of the caller, which is still running and so cannot be cleared.
    BaseException.with_traceback(error, error.__traceback__ and error.__traceback__.tb_next)
    logger.error("Pixel %s failed to record a hit.", dotted_path(pixel_class), exc_info=error)


def run(pixel: TrackingPixel, args: Sequence[Any], kwargs: dict[str, Any], request: HttpRequest | None = None) -> None:
    """Call a pixel's ``record``, with the request if one is given, and wait for it if it is asynchronous.

    Raises whatever it raises.
    """
    # Looked up at each hit, so that a test can patch it.
    result = pixel.record(*args, **kwargs) if request is None else pixel.record(request, *args, **kwargs)
    if result is not None and inspect.isawaitable(result):
        _wait_for(result)


def _wait_for(awaitable: Awaitable[object]) -> None:
    if _is_inside_event_loop():
        # A synchronous caller in asynchronous code, such as a test. That loop is busy with
        # waiting for this call.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(contextvars.copy_context().run, asyncio.run, _await(awaitable)).result()
    else:
        async_to_sync(_await)(awaitable)


def _is_inside_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _await(awaitable: Awaitable[object]) -> None:
    await awaitable


def _takes_request(pixel: TrackingPixel) -> bool:
    if pixel.takes_request is not None:
        return pixel.takes_request
    try:
        parameters = list(inspect.signature(pixel.record, **_UNEVALUATED).parameters.values())
    except (TypeError, ValueError):
        # A callable that does not tell.
        return False
    if isinstance(pixel.record, functools.partial) and hasattr(pixel.record, "__wrapped__"):
        # asgiref's wrappers bind the pixel like this, and show the parameters from before.
        del parameters[:1]
    return bool(parameters) and parameters[0].name == "request" and parameters[0].kind in _POSITIONAL


#: The registry that the view runs.
tracker = Tracker()
