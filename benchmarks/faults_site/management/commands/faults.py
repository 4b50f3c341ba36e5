"""Answers what ``faults.py`` asks about the site."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

import ptrack
from ptrack.opens.models import Open


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question")
        parser.add_argument("numbers", nargs="*", type=int)

    def handle(self, *args: Any, question: str, numbers: list[int], **options: Any) -> None:
        self.stdout.write(str(getattr(self, question)(*numbers)))

    def addresses(self, hits: int, stopping: int = -1, failing: int = 0) -> str:
        """Return addresses with their numbers, one that stops whoever records it, and one in so many that fails."""
        lines = []
        for number in range(hits):
            kwargs = {"stops": 1} if number == stopping else {}
            if failing and number % failing == 0:
                kwargs["fails"] = 1
            lines.append(f"{ptrack.pixel_url(number=number, **kwargs)}?{number}")
        return "\n".join(lines)

    def rows(self) -> str:
        return "\n".join(str(kwargs["number"]) for kwargs in Open.objects.values_list("kwargs", flat=True))

    def stopped(self) -> int:
        return Open.objects.filter(kwargs__stops=1).count()

    def ready(self) -> int:
        """Return the number of tasks that wait for a worker."""
        if _uses_rq():
            return len(_queue())
        from django_tasks_db.models import DBTaskResult

        return DBTaskResult.objects.ready().count()

    def unfinished(self) -> int:
        if _uses_rq():
            return len(_queue()) + len(_queue().failed_job_registry) + _running_in_rq()
        from django_tasks_db.models import DBTaskResult

        return DBTaskResult.objects.exclude(status="SUCCESSFUL").count()

    def abandoned(self) -> int:
        """Let RQ look after jobs whose worker is gone, as its workers do.

        Return how many failed, once it holds none any more, neither as running nor as just taken.
        """
        import django_rq
        import django_tasks_rq

        queue = _queue()
        queue.started_job_registry.cleanup()
        queue.intermediate_queue.cleanup(django_rq.get_worker("default", job_class=django_tasks_rq.Job), queue)
        is_any_held = _running_in_rq() or queue.intermediate_queue.get_job_ids()
        return 0 if is_any_held else len(queue.failed_job_registry)


def _running_in_rq() -> int:
    started = _queue().started_job_registry.get_job_ids(cleanup=False)
    return len([job for job in map(_queue().fetch_job, started) if job and job.is_started])


def _uses_rq() -> bool:
    return "rq" in os.environ["FAULTS_BACKEND"]


def _queue() -> Any:
    import django_rq
    import django_tasks_rq

    return django_rq.get_queue("default", job_class=django_tasks_rq.Job)
