from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from ptrack import conf
from ptrack.hits import HitKind
from ptrack.hits.site_rules import check_site_rules
from ptrack.opens.batches import hits_to_change
from ptrack.opens.commands import LongCommand, count_hits
from ptrack.opens.judging import Judgement
from ptrack.opens.models import MODELS
from ptrack.opens.words import to_table

_OF_PIXELS = {"unique opens": "first_open_of", "possible opens": "first_possible_open_of"}


class Command(LongCommand):
    help = (
        "Judges all stored hits again by today's rules, those of PTRACK_RULES among them, and prints what they add up "
        "to before and after."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="print what would change, and change nothing")

    def work(self, *args: Any, dry_run: bool, **options: Any) -> None:
        try:
            check_site_rules()
            conf.opens_keep_days()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        of_pixels, of_links = (Judgement(model, dry_run=dry_run) for model in MODELS)
        progress = self.progress(lambda: sum(hits_to_change(model).count() for model in MODELS))
        for judgement in (of_pixels, of_links):
            judgement.run(self.size, progress.add)
        for line in to_table(_rows(of_pixels, of_links)):
            self.say(line)
        changed = of_pixels.changed + of_links.changed
        self.say("")
        self.say(f"{'Would change' if dry_run else 'Changed'} {changed:,} of {count_hits(progress.done)}.")


def _rows(of_pixels: Judgement, of_links: Judgement) -> Iterator[list[str]]:
    """Yield the rows of a table of what the hits of pixels and of links add up to."""
    counts = [counter for judgement in (of_pixels, of_links) for counter in (judgement.before, judgement.after)]
    yield ["", "pixels before", "after", "links before", "after"]
    for kind in HitKind:
        yield [kind.value, *(f"{count[kind.value]:,}" for count in counts)]
    for name, column in _OF_PIXELS.items():
        yield [name, *(f"{count[column]:,}" for count in counts[:2]), "", ""]
