"""Task workers that are killed with a task running that has written its row already.

Their tasks are queued again by what the manual says; each hit is one row in the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from . import manual
from .broken_site import BrokenSite, Outcome
from servers import BIN, kill_tree, running, wait_until
from support import needs_redis

pytestmark = pytest.mark.usefixtures("one_database_is_enough")

WORKERS = 2


def request_and_kill(site: BrokenSite, hits: int, worker: list[str]) -> tuple[list[str], set[int]]:
    """Request images while workers are up, and kill these half way.

    Returns the URLs, and the numbers of the images that arrived.
    """
    workers = [site.start(*worker) for _ in range(WORKERS)]
    site.serve()
    urls = site.ask("urls", hits, hits // 2 - 1).split()

    def kill() -> None:
        # The hit half way stops its worker after writing the row. Which worker that is, nobody knows.
        wait_until("The task that stops", site.stopped)
        for each in workers:
            kill_tree(each)

    arrived = site.request(urls, kill)
    site.stop_file.unlink()
    return urls, arrived


def finish(site: BrokenSite, worker: list[str]) -> None:
    """Let new workers do all tasks that are left."""
    for _ in range(WORKERS):
        site.start(*worker)
    wait_until("The end of the tasks", lambda: site.ask("unfinished") == "0", seconds=1200)


def assert_complete(left: Outcome, hits: int) -> None:
    assert 1 <= left.requeued <= WORKERS
    assert left._replace(requeued=0) == Outcome(left.fault, hits, images=hits, rows=hits)


def test_tasks_of_killed_workers_are_done_after_all_with_django_tasks_db(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    worker = site.use_engine("django-tasks-db")
    urls, arrived = request_and_kill(site, hits, worker)
    interrupted = int(site.ask("running"))
    [code] = re.findall(r"```python\n(from django_tasks_db\.models import .*?)```", manual.TEXT, re.DOTALL)
    site.manage("shell", "--no-imports", "-c", code)
    finish(site, worker)
    assert_complete(outcome("db worker", urls, arrived, requeued=interrupted), hits)


@needs_redis
def test_tasks_of_killed_workers_are_done_after_all_with_rq(
    site: BrokenSite, hits: int, times: int, outcome: Callable[..., Outcome]
) -> None:
    worker = site.use_engine("django-tasks-rq")
    urls, arrived = request_and_kill(site, hits, worker)
    # RQ's maintenance finds a job when its lease has run out. Only the long run waits for that.
    ahead = 120 if times == 1 else 0
    abandoned = wait_until("RQ's maintenance", lambda: int(site.ask("abandoned", ahead)), seconds=200)
    [command] = set(re.findall(r"`(rq requeue [^`]+)`", manual.TEXT))
    program, *words = command.split()
    with running(
        BIN / program, *words, "--url", site.environ["FAULTS_REDIS"], log=site.log, environ=site.environ
    ) as requeuing:
        assert requeuing.wait() == 0
    finish(site, worker)
    assert_complete(outcome("rq worker", urls, arrived, requeued=abandoned), hits)
