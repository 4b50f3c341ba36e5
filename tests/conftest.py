from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.db import connections
from django.urls import clear_script_prefix, set_urlconf
from django.utils import translation

import ptrack
from ptrack.trackers import tracker

# tox says where it installed the package, so that no checkout on the path is tested instead.
assert Path(ptrack.__file__).is_relative_to(os.environ.get("PTRACK_INSTALLED_IN", "/"))

# It logs which selector it uses, and that a step took long, which depends on the machine.
logging.getLogger("asyncio").setLevel(logging.ERROR)

#: Packages without which a folder of tests is left out; it has an environment of its own in tox.ini.
NEEDED = {
    "e2e": ["playwright"],
    "faults": [
        *("celery", "django_tasks_celery", "django_tasks_db", "django_tasks_rq", "gevent", "gunicorn"),
        *("MySQLdb", "psycopg"),
    ],
    "fuzz": ["cryptography", "granian", "gunicorn", "hypothesis", "uvicorn"],
}
collect_ignore = [folder for folder, packages in NEEDED.items() if not all(map(find_spec, packages))]

FIGURES = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="do twenty times as much in tests/fuzz and tests/faults, and all of tests/e2e",
    )
    parser.addoption("--seed", type=int, default=1, help="start of the random numbers in tests/fuzz (default: 1)")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def times(pytestconfig: pytest.Config) -> int:
    """How many times as much a test does as in its short run."""
    return 20 if pytestconfig.getoption("long") else 1


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> list[str]:
    """Lines that are shown when all tests are done."""
    return pytestconfig.stash.setdefault(FIGURES, [])


@pytest.fixture(autouse=True)
def _restored_globals() -> Iterator[None]:
    """Undo the changes of a test to the global registry, the encoder and what Django keeps of a request."""
    registered, encoder = tracker.save(), ptrack.ptrack_encoder
    logger = logging.getLogger("ptrack")
    level, handlers = logger.level, [*logger.handlers]
    # These pixels need a database, which few tests have.
    for pixel_class in tracker:
        if pixel_class.__module__.startswith("ptrack.opens"):
            tracker.unregister(pixel_class)
    yield
    tracker.restore(registered)
    ptrack.ptrack_encoder = encoder
    logger.setLevel(level)
    logger.handlers[:] = handlers
    # A handler keeps the script prefix of the last request, and a middleware its language.
    clear_script_prefix()
    set_urlconf(None)
    translation.deactivate()


@pytest.fixture
def no_pixels() -> None:
    """Let the global registry be empty. It is restored after the test."""
    tracker.restore({})


@pytest.fixture
def unconnected() -> Iterator[None]:
    """Let this thread have no database connection, as in a new server process: Django closes those that it finds."""
    saved = {connection.alias: connection for connection in connections.all(initialized_only=True)}
    for alias in saved:
        del connections[alias]
    yield
    for alias, connection in saved.items():
        connections[alias] = connection


@pytest.fixture
def opens(no_pixels: None) -> list[tuple[list[object], dict[str, object]]]:
    """Let the one registered pixel append its arguments to this list."""
    recorded: list[tuple[list[object], dict[str, object]]] = []

    @tracker.register
    class RecordingPixel(ptrack.TrackingPixel):
        def record(self, *args: object, **kwargs: object) -> None:
            recorded.append((list(args), kwargs))

    return recorded
