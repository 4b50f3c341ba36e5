"""A database that hangs, without and with the time-outs that the manual shows: what email clients get meanwhile."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from .broken_site import CLIENTS, BrokenSite, Outcome, get
from .databases import owns_server

#: Seconds that an email client waits for an image.
PATIENCE = 4
#: Of two web servers together twice as many as clients, so that some are free when those of all clients wait.
THREADS = CLIENTS

RequestWhile = Callable[[list[str]], set[int]]


@pytest.fixture(params=["lock", pytest.param("stopped server", marks=owns_server)])
def hang(request: pytest.FixtureRequest) -> str:
    """How the database hangs."""
    return str(request.param)


@pytest.fixture
def request_while(site: BrokenSite, hang: str, times: int) -> RequestWhile:
    """Request images, and let the database hang for some seconds when half of them are there."""
    ways = {"lock": site.database.locked_table, "stopped server": site.database.stopped}

    def wait() -> None:
        with ways[hang](site.environ["FAULTS_DATABASE"]):
            time.sleep(5 if times == 1 else 8)

    return lambda urls: site.request(urls, wait, PATIENCE)


def follow_manual(site: BrokenSite) -> None:
    """Set up the site with the time-outs of the manual for its database."""
    site.follow_manual("Time-outs")
    if site.database.engine == "mariadb":
        site.follow_manual("Time-outs on MariaDB")


def test_without_time_outs_images_wait_for_the_database_and_no_hit_is_lost(
    hang: str, site: BrokenSite, request_while: RequestWhile, hits: int, outcome: Callable[..., Outcome]
) -> None:
    site.serve(threads=THREADS)
    urls = site.ask("urls", hits).split()
    arrived = request_while(urls)
    left = outcome(hang, urls, arrived)
    # Each client gave up at least once.
    assert left.images <= hits - CLIENTS
    assert (left.missing, left.duplicates, left.logged) == (0, 0, 0)


def test_with_the_time_outs_of_the_manual_images_go_on_and_each_lost_hit_is_logged(
    hang: str, site: BrokenSite, request_while: RequestWhile, hits: int, outcome: Callable[..., Outcome]
) -> None:
    follow_manual(site)
    site.serve(threads=THREADS)
    urls = site.ask("urls", hits).split()
    arrived = request_while(urls)
    left = outcome(f"{hang}, time-outs", urls, arrived)
    # Statements that are under way when the server stops are what PostgreSQL's client does not end.
    assert left.images >= (hits if hang == "lock" else hits - CLIENTS)
    assert (left.silent, left.duplicates) == (0, 0)
    # A hit whose connection was given up may have its row.
    assert 0 < hits - left.rows <= left.logged <= hits - left.rows + CLIENTS
    assert 0 < site.tracebacks() < left.logged


def test_the_time_outs_end_no_other_query_of_the_site(site: BrokenSite) -> None:
    follow_manual(site)
    site.serve()
    [url] = site.ask("urls", 1).split()
    with site.database.locked_table(site.environ["FAULTS_DATABASE"]):
        assert get(url, PATIENCE)
    assert re.search("lock timeout|[Ll]ock wait timeout", site.logs())
    assert get(f"{site.environ['FAULTS_URL']}/long-query/")
