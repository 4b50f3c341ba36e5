"""A database server that stops while hits come in, and comes back: nothing is lost that the log does not tell."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from .broken_site import BrokenSite, Outcome
from .databases import owns_server

pytestmark = owns_server

POOL = "DATABASES['default']['OPTIONS'] = {'pool': {'timeout': 10}}\n"
PERSISTENT = "DATABASES['default']['CONN_MAX_AGE'] = None\n"


def test_without_a_database_images_are_served_and_each_hit_is_logged_once(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    site.serve()
    urls = site.ask("urls", hits).split()
    third = hits // 3
    arrived = site.request(urls[:third])
    site.database.stop()
    try:
        arrived |= site.request(urls[third : 2 * third])
    finally:
        site.database.start()
    arrived |= site.request(urls[2 * third :])
    left = outcome("database", urls, arrived)
    assert left == Outcome(left.fault, hits, images=hits, rows=hits - third, missing=third, logged=third)
    assert 0 < site.tracebacks() < third / 3


@pytest.mark.parametrize(
    ("fault", "setting"),
    [("restarts", ""), ("restarts, connections kept", PERSISTENT), ("restarts, pool", POOL)],
    ids=["closed", "kept", "pool"],
)
def test_restarts_lose_no_hit_that_is_not_logged(
    fault: str, setting: str, site: BrokenSite, hits: int, times: int, outcome: Callable[..., Outcome]
) -> None:
    if setting == POOL and site.database.engine != "postgresql":
        pytest.skip("Django has a pool for PostgreSQL alone.")
    restarts = 2 if times == 1 else 20
    site.environ["FAULTS_SETTINGS"] += setting
    site.serve()
    urls = site.ask("urls", hits).split()
    arrived: set[int] = set()

    def restart() -> None:
        site.database.stop()
        time.sleep(0.2)
        site.database.start()

    for number in range(restarts):
        arrived |= site.request(urls[number::restarts], restart)
    left = outcome(fault, urls, arrived)
    assert (left.images, left.silent, left.duplicates) == (hits, 0, 0)
    assert left.missing <= left.logged == len(site.failed_file.read_text(encoding="utf-8").split())
    # Half of the hits arrive while the server is up.
    assert left.rows > hits / 4
