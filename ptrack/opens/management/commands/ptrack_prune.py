from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ptrack.opens.models import PixelHit

#: The number of hits that PostgreSQL deletes in a few hundredths of a second.
DEFAULT_BATCH = 5000


class Command(BaseCommand):
    help = "Deletes the hits that are older than a number of days, in batches, so that new hits need not wait long."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, required=True, help="keep the hits of this many days")
        parser.add_argument(
            "--batch",
            type=int,
            default=DEFAULT_BATCH,
            help=f"delete this many hits at a time (default: {DEFAULT_BATCH})",
        )

    def handle(self, *args: Any, days: int, batch: int, **options: Any) -> None:
        for name, value in (("--days", days), ("--batch", batch)):
            if value < 1:
                raise CommandError(f"{name} is {value}: pass a number of at least 1.")
        try:
            old = PixelHit.objects.filter(at__lt=timezone.now() - timedelta(days=days)).order_by("at", "pk")
        except OverflowError:
            raise CommandError(f"--days is {days}, which is more than the calendar holds: pass fewer days.") from None
        deleted = 0
        # Each batch is a transaction of its own.
        while keys := list(old.values_list("pk", flat=True)[:batch]):
            deleted += PixelHit.objects.filter(pk__in=keys).delete()[0]
            if options["verbosity"] > 1:
                self.stdout.write(f"Deleted {deleted} hits so far ...")
        self.stdout.write(f"Deleted {deleted} hits that were older than {days} days.")
