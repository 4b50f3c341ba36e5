"""A database that stops while hits come in, and comes back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from .broken_site import BrokenSite, Outcome
from support import needs_postgresql

pytestmark = [
    needs_postgresql,
    pytest.mark.skipif(
        "PGVERSION" not in os.environ,
        reason="This PostgreSQL is not to be stopped; one that pg_virtualenv -t starts is.",
    ),
]


def control_cluster(action: str, *options: str) -> None:
    # It has the name that pg_virtualenv gives it.
    subprocess.run(["pg_ctlcluster", os.environ["PGVERSION"], "regress", action, *options], check=True)


def test_without_a_database_images_are_served_and_each_hit_is_logged_once(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    site.serve()
    urls = site.ask("urls", hits).split()
    third = hits // 3
    arrived = site.request(urls[:third])
    control_cluster("stop", "--mode", "immediate")
    try:
        unrecorded = site.request(urls[third : 2 * third])
    finally:
        control_cluster("start")
    arrived |= site.request(urls[2 * third :])
    left = outcome("database", urls, arrived, unrecorded)
    rows = hits - third
    assert left == Outcome("database", hits, images=hits, rows=rows, missing=0, duplicates=0, requeued=0, logged=third)
    assert 0 < site.tracebacks() < third / 3
