"""A callback that exits or runs into a time-out of gevent, and a log that fails: each hit is a row all the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .broken_site import BrokenSite, Outcome

pytestmark = pytest.mark.usefixtures("one_database_is_enough")

on_each_path = pytest.mark.parametrize("module", ["wsgi", "fast_wsgi"])


@on_each_path
@pytest.mark.parametrize(
    ("fault", "fails", "worker", "handler"),
    [
        ("failing log handler", "error", "gthread", "failing"),
        ("gevent time-out", "timeout", "gevent", "file"),
        ("exit in a thread", "exit", "gthread", "file"),
    ],
)
def test_images_are_served_and_the_next_callback_writes_the_row(
    fault: str,
    fails: str,
    worker: str,
    handler: str,
    module: str,
    site: BrokenSite,
    hits: int,
    outcome: Callable[..., Outcome],
) -> None:
    site.environ["FAULTS_LOG_HANDLER"] = handler
    server = site.serve(module, worker=worker)
    # One hit in ten fails.
    urls = site.ask("urls", hits, -1, 10, "--fails", fails).split()
    arrived = site.request(urls)
    name = f"{fault}{', fast path' if module == 'fast_wsgi' else ''}"
    left = outcome(name, urls, arrived)
    assert left == Outcome(left.fault, hits, images=hits, rows=hits, logged=hits // 10)
    assert server.poll() is None
    assert "Worker failed to boot" not in site.logs()
