"""Answers what the tests ask about the site."""

import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import ptrack
from ptrack.opens.models import PixelHit


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("numbers", nargs="*", type=int)
        parser.add_argument("--stops", choices=["before", "after"], default="after")
        parser.add_argument("--fails", choices=["error", "exit", "timeout"], default="error")

    def handle(self, *args: Any, question: str, numbers: list[int], **options: Any) -> None:
        self.options = options
        self.stdout.write(str(getattr(self, question)(*numbers)))

    def urls(self, hits: int, stopping: int = -1, failing: int = 0) -> str:
        """Return URLs with their numbers: one stops whoever records it, and one in so many fails."""
        lines = []
        for number in range(hits):
            kwargs = {"stops": self.options["stops"]} if number == stopping else {}
            if failing and number % failing == 0:
                kwargs["fails"] = self.options["fails"]
            lines.append(f"{ptrack.pixel_url(number=number, **kwargs)}?{number}")
        return "\n".join(lines)

    def rows(self) -> str:
        """Return the number of each row."""
        return "\n".join(kwargs["number"] for kwargs in PixelHit.objects.values_list("kwargs", flat=True))

    def unfinished(self) -> int:
        """Return the number of tasks that have not been done."""
        if _uses_rq():
            queue = _queue()
            taken = queue.intermediate_queue.get_job_ids()
            return len(queue) + len(taken) + len(queue.failed_job_registry) + _started_in_rq()
        return _tasks_in_database().exclude(status="SUCCESSFUL").count()

    def running(self) -> int:
        """Return the number of tasks that are being done, as django-tasks-db sees it."""
        return _tasks_in_database().filter(status="RUNNING").count()

    def abandoned(self, seconds: int) -> int:
        """Let RQ look after the jobs of workers that are gone, as its workers would so many seconds later.

        Returns how many have failed, but 0 while it still holds some for started or just taken.
        """
        import django_rq
        import django_tasks_rq

        queue = _queue()
        taken = queue.intermediate_queue
        queue.started_job_registry.cleanup(time.time() + seconds)
        for job in taken.get_job_ids():
            queue.connection.set(taken.get_first_seen_key(job), time.time() - seconds, nx=True)
        taken.cleanup(django_rq.get_worker("default", job_class=django_tasks_rq.Job), queue)
        is_any_held = _started_in_rq() or taken.get_job_ids()
        return 0 if is_any_held else len(queue.failed_job_registry)


def _tasks_in_database() -> Any:
    from django_tasks_db.models import DBTaskResult

    return DBTaskResult.objects.all()


def _started_in_rq() -> int:
    queue = _queue()
    jobs = map(queue.fetch_job, queue.started_job_registry.get_job_ids(cleanup=False))
    return len([job for job in jobs if job and job.is_started])


def _uses_rq() -> bool:
    return "rq" in os.environ["FAULTS_BACKEND"]


def _queue() -> Any:
    import django_rq
    import django_tasks_rq

    return django_rq.get_queue("default", job_class=django_tasks_rq.Job)
