from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from ptrack import conf
from ptrack.opens.commands import LongCommand, count_hits
from ptrack.opens.deleting import delete_old, old_hits
from ptrack.opens.models import MODELS
from ptrack.opens.rows import to_stored_time


class Command(LongCommand):
    help = (
        "Deletes the hits of emails that were rendered more than a number of days ago, in batches, so that new hits "
        "need not wait long. A hit that does not tell when its email was rendered goes that long after its arrival."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--days", type=int, help="keep the hits of this many days (default: the setting PTRACK_OPENS_KEEP_DAYS)"
        )

    def work(self, *args: Any, days: int | None, **options: Any) -> None:
        days = _check(days)
        before = to_stored_time(datetime.now(UTC) - timedelta(days=days))
        found = [hits for model in MODELS for hits in old_hits(model, before).values()]
        progress = self.progress(lambda: sum(hits.count() for hits in found))
        delete_old(before, self.size, progress.add)
        self.say(f"Deleted {count_hits(progress.done)} older than {'1 day' if days == 1 else f'{days} days'}.")


def _check(days: int | None) -> int:
    """Return for how many days hits are kept, going by the option ``--days`` and the setting."""
    try:
        setting = conf.opens_keep_days()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from None
    if days is None:
        if setting is None:
            raise CommandError("Set PTRACK_OPENS_KEEP_DAYS, or pass --days: how long are hits to be kept?")
        return setting
    if not 1 <= days <= conf.MAX_KEEP_DAYS:
        raise CommandError(f"--days is {days}: pass a number from 1 to {conf.MAX_KEEP_DAYS}.")
    if setting is not None and days < setting:
        raise CommandError(
            f"--days is {days}, which is less than PTRACK_OPENS_KEEP_DAYS, {setting}: an email could count once more "
            f"after its hits are gone. Pass {setting} or more, or change the setting."
        )
    return days
