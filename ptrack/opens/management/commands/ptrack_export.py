from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ptrack.opens.batches import matching
from ptrack.opens.commands import (
    Progress,
    add_conditions,
    interruptible,
    quiet_on_broken_pipe,
    to_json_line,
    to_words,
)
from ptrack.opens.conditions import Condition
from ptrack.opens.models import MODELS, StoredHit


class Command(BaseCommand):
    help = (
        "Prints all hits with some arguments, such as those of one reader, or all hits there are. Each is a line of "
        "JSON, with everything that is stored of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_conditions(parser, "*")

    def handle(self, *args: Any, conditions: list[Condition], verbosity: int, **options: Any) -> None:
        # On a terminal, the lines themselves say how far the command is.
        progress = Progress(self.stderr if verbosity and not self.stdout.isatty() else None)
        encoding = getattr(self.stdout, "encoding", None)
        with interruptible(), quiet_on_broken_pipe():
            for model in MODELS:
                for hits in matching(model.objects.all(), conditions):
                    lines = [to_json_line(_to_object(hit), encoding) for hit in hits]
                    if lines:
                        self.stdout.write("\n".join(lines))
                    progress.add(len(lines))
        if not progress.done and verbosity:
            which = f"no hit has {to_words(conditions)}" if conditions else "there are no hits"
            self.stderr.write(f"Nothing found: {which}.", style_func=str)


def _to_object(hit: StoredHit) -> dict[str, Any]:
    """Return everything that is stored of a hit, as JSON takes it."""
    values = {field.attname: _to_json(getattr(hit, field.attname)) for field in hit._meta.concrete_fields}
    return {"model": type(hit).__name__, **values}


def _to_json(value: Any) -> Any:
    match value:
        case None | bool() | int() | str() | list() | dict():
            return value
        case datetime():
            # With USE_TZ = False, times are stored without a time zone.
            aware = value if value.tzinfo else timezone.make_aware(value, timezone.get_default_timezone())
            return aware.isoformat()
        case timedelta():
            return value.total_seconds()
    return str(value)
