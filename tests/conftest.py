from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.db import connections
from django.urls import clear_script_prefix, set_urlconf

import ptrack
from ptrack.trackers import tracker

# tox says where it installed the package, so that a checkout on the path cannot pass for it.
assert Path(ptrack.__file__).is_relative_to(os.environ.get("PTRACK_INSTALLED_IN", "/"))

# It says which selector it uses, and that a step took long, which is the machine's fault.
logging.getLogger("asyncio").setLevel(logging.ERROR)

# An environment of its own has what these need.
collect_ignore = [] if find_spec("playwright") else ["e2e"]


@pytest.fixture(autouse=True)
def _restored_globals() -> Iterator[None]:
    """Undo what a test does to the global registry, to the swap point and to what Django keeps of a request."""
    registered, encoder = tracker.save(), ptrack.ptrack_encoder
    # Few tests have a database.
    for pixel_class in tracker:
        if pixel_class.__module__.startswith("ptrack.opens"):
            tracker.unregister(pixel_class)
    yield
    tracker.restore(registered)
    ptrack.ptrack_encoder = encoder
    # A handler leaves the prefix of the last request behind.
    clear_script_prefix()
    set_urlconf(None)


@pytest.fixture
def no_pixels() -> None:
    """Let the global registry be empty. It is restored after the test."""
    tracker.restore({})


@pytest.fixture
def unconnected() -> Iterator[None]:
    """Let this thread have no database connection, as in a server's new process: Django closes those there are."""
    saved = {connection.alias: connection for connection in connections.all(initialized_only=True)}
    for alias in saved:
        del connections[alias]
    yield
    for connection in connections.all(initialized_only=True):
        del connections[connection.alias]
    for alias, connection in saved.items():
        connections[alias] = connection


@pytest.fixture
def opens(no_pixels: None) -> list[tuple[list[object], dict[str, object]]]:
    """Let the one registered pixel append what it is given to this list."""
    recorded: list[tuple[list[object], dict[str, object]]] = []

    @tracker.register
    class RecordingPixel(ptrack.TrackingPixel):
        def record(self, *args: object, **kwargs: object) -> None:
            recorded.append((list(args), kwargs))

    return recorded
