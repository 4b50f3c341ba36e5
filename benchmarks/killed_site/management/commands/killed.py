"""Answers what ``killed.py`` asks about the site."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import ptrack
from ptrack.opens.models import Open


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("hits", nargs="?", type=int, default=0)

    def handle(self, *args: Any, question: str, hits: int, **options: Any) -> None:
        self.stdout.write(str(getattr(self, question)(hits)))

    def addresses(self, hits: int) -> str:
        stopping = {hits // 2 - 1: {"stops": 1}}
        return "\n".join(ptrack.pixel_url(number=number, **stopping.get(number, {})) for number in range(hits))

    def rows(self, hits: int) -> str:
        return "\n".join(str(kwargs["number"]) for kwargs in Open.objects.values_list("kwargs", flat=True))

    def stopped(self, hits: int) -> int:
        return Open.objects.filter(kwargs__stops=1).count()

    def ready(self, hits: int) -> int:
        """Return the number of tasks that wait for a worker."""
        if _uses_rq():
            return len(_queue())
        from django_tasks_db.models import DBTaskResult

        return DBTaskResult.objects.ready().count()

    def unfinished(self, hits: int) -> int:
        if _uses_rq():
            return len(_queue()) + len(_queue().failed_job_registry) + _running_in_rq()
        from django_tasks_db.models import DBTaskResult

        return DBTaskResult.objects.exclude(status="SUCCESSFUL").count()

    def abandoned(self, hits: int) -> int:
        """Let RQ look after jobs whose worker is gone, as its workers do.

        Return how many failed, once it holds no job for running any more.
        """
        _queue().started_job_registry.cleanup()
        return 0 if _running_in_rq() else len(_queue().failed_job_registry)


def _running_in_rq() -> int:
    started = _queue().started_job_registry.get_job_ids(cleanup=False)
    return len([job for job in map(_queue().fetch_job, started) if job and job.is_started])


def _uses_rq() -> bool:
    return "rq" in os.environ["KILLED_BACKEND"]


def _queue() -> Any:
    import django_rq
    import django_tasks_rq

    return django_rq.get_queue("default", job_class=django_tasks_rq.Job)
