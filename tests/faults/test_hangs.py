"""A database that hangs, without and with the time-outs that the manual shows: what email clients get meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest

from .broken_site import CLIENTS, BrokenSite, Outcome, get
from servers import descendants
from support import needs_postgresql

pytestmark = needs_postgresql

#: Seconds that an email client waits for an image.
PATIENCE = 4
#: Of two web servers together twice as many as clients, so that some are free when those of all clients wait.
THREADS = CLIENTS

owns_server = pytest.mark.skipif(
    "PGVERSION" not in os.environ,
    reason="This PostgreSQL is not to be stopped; one that pg_virtualenv -t starts is.",
)


@contextlib.contextmanager
def locked_table(name: str) -> Iterator[None]:
    """Lock the table of hits, as a migration does."""
    with psycopg.connect(dbname=name) as connection:
        connection.execute("LOCK TABLE ptrack_opens_pixelhit IN ACCESS EXCLUSIVE MODE")
        yield


@contextlib.contextmanager
def stopped_server(name: str) -> Iterator[None]:
    """Let all processes of the server stand still, without an end of its connections."""
    with psycopg.connect(dbname=name) as connection:
        [folder] = connection.execute("SHOW data_directory").fetchone() or []
    server = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    processes = [server, *descendants(server)]
    try:
        send(signal.SIGSTOP, processes)
        yield
    finally:
        send(signal.SIGCONT, processes)


def send(signal_number: int, processes: list[int]) -> None:
    for process in processes:
        # A process of a connection may have ended.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal_number)


HANG = [
    pytest.param("lock", locked_table, id="lock"),
    pytest.param("stopped server", stopped_server, id="stopped-server", marks=owns_server),
]


@pytest.fixture
def request_while(site: BrokenSite, times: int) -> Callable[..., set[int]]:
    """Request images, and let the database hang for some seconds when half of them are there."""

    def request(urls: list[str], hang: Callable[[str], AbstractContextManager[None]]) -> set[int]:
        def wait() -> None:
            with hang(site.environ["FAULTS_DATABASE"]):
                time.sleep(5 if times == 1 else 8)

        return site.request(urls, wait, PATIENCE)

    return request


@pytest.mark.parametrize(("fault", "hang"), HANG)
def test_without_time_outs_images_wait_for_the_database_and_no_hit_is_lost(
    fault: str,
    hang: Callable[[str], AbstractContextManager[None]],
    site: BrokenSite,
    request_while: Callable[..., set[int]],
    hits: int,
    outcome: Callable[..., Outcome],
) -> None:
    site.serve(threads=THREADS)
    urls = site.ask("urls", hits).split()
    arrived = request_while(urls, hang)
    left = outcome(fault, urls, arrived)
    # Each client gave up at least once.
    assert left.images <= hits - CLIENTS
    assert (left.missing, left.duplicates, left.logged) == (0, 0, 0)


@pytest.mark.parametrize(("fault", "hang"), HANG)
def test_with_the_time_outs_of_the_manual_images_go_on_and_each_lost_hit_is_logged(
    fault: str,
    hang: Callable[[str], AbstractContextManager[None]],
    site: BrokenSite,
    request_while: Callable[..., set[int]],
    hits: int,
    outcome: Callable[..., Outcome],
) -> None:
    site.follow_manual("Time-outs")
    site.serve(threads=THREADS)
    urls = site.ask("urls", hits).split()
    arrived = request_while(urls, hang)
    left = outcome(f"{fault}, time-outs", urls, arrived)
    # Statements that are under way when the server stops are what no time-out ends.
    assert left.images >= (hits if fault == "lock" else hits - CLIENTS)
    assert left.duplicates == 0
    # A few hits are logged although they have their row, for it takes two statements.
    assert 0 < hits - left.rows <= left.logged <= hits - left.rows + 2 * CLIENTS
    assert 0 < site.tracebacks() < left.logged


def test_the_time_outs_end_no_other_query_of_the_site(site: BrokenSite) -> None:
    site.follow_manual("Time-outs")
    site.serve()
    [url] = site.ask("urls", 1).split()
    with locked_table(site.environ["FAULTS_DATABASE"]):
        assert get(url, PATIENCE)
    assert "lock timeout" in site.logs()
    assert get(f"{site.environ['FAULTS_URL']}/long-query/")
