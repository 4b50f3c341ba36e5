"""A process of Celery that is killed at work, without and with the settings that let the task come again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from .broken_site import BrokenSite, Outcome
from servers import wait_until
from support import needs_redis

pytestmark = [pytest.mark.usefixtures("one_database_is_enough"), needs_redis]


#: Seconds until tasks are done that wait behind all others, in a long run.
PATIENCE = 1200


def request_and_kill(
    site: BrokenSite, worker: list[str], hits: int, stops: str, deliveries: int
) -> tuple[list[str], set[int]]:
    """Request images while a worker is up, and kill the process of it that records one of the hits.

    Takes how often that hit is to come. Returns the URLs, and the numbers of the images that arrived.
    """
    site.start(*worker)
    site.serve()
    urls = site.ask("urls", hits, hits // 2 - 1, "--stops", stops).split()

    def kill() -> None:
        [(process, _)] = wait_until("The task that stops", site.stopped, PATIENCE)
        os.kill(process, signal.SIGKILL)
        wait_until("The next delivery", lambda: len(site.stopped()) == deliveries, PATIENCE)
        site.stop_file.unlink()

    return urls, site.request(urls, kill)


def wait_for_rows(site: BrokenSite, number: int) -> None:
    wait_until("The last row", lambda: len(site.ask("rows").split()) == number, PATIENCE)


def test_by_default_celery_loses_the_hit_of_a_killed_process_and_says_so(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    worker = site.use_engine("Celery")
    site.environ["FAULTS_SETTINGS"] += "CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = False\n"
    urls, arrived = request_and_kill(site, worker, hits, "before", deliveries=1)
    wait_for_rows(site, hits - 1)
    left = outcome("celery", urls, arrived)
    assert left == Outcome(left.fault, hits, images=hits, rows=hits - 1, missing=1, silent=1)
    # Celery's own log has it, some seconds after the process is gone.
    wait_until("Celery's log line", lambda: "WorkerLostError" in site.logs())


def test_with_late_acknowledgement_celery_delivers_the_same_hit_again(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    urls, arrived = request_and_kill(site, site.use_engine("Celery"), hits, "after", deliveries=2)
    wait_for_rows(site, hits)
    [(_, first_id), (_, second_id)] = site.stopped()
    assert first_id == second_id
    left = outcome("celery, acks late", urls, arrived, requeued=1)
    assert left == Outcome(left.fault, hits, images=hits, rows=hits, requeued=1)
