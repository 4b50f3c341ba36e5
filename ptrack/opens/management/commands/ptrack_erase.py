from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from ptrack.opens.batches import hits_to_change, matching
from ptrack.opens.commands import LongCommand, add_conditions, count_hits, to_words
from ptrack.opens.conditions import Condition
from ptrack.opens.deleting import delete_matching
from ptrack.opens.models import MODELS


class Command(LongCommand):
    help = "Deletes all hits with some arguments, such as those of one reader: requests of pixels, and clicks."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        add_conditions(parser, "+")
        parser.add_argument("--dry-run", action="store_true", help="say how many hits there are, and delete none")
        parser.add_argument("--no-input", "--noinput", action="store_false", dest="interactive", help="do not ask")

    def work(self, *args: Any, conditions: list[Condition], dry_run: bool, interactive: bool, **options: Any) -> None:
        words = to_words(conditions)
        if dry_run or interactive:
            found = [hits.count() for model in MODELS for hits in matching(hits_to_change(model), conditions)]
            self.say(f"Found {count_hits(sum(found))} with {words}." if any(found) else _nothing(words))
            if dry_run or not any(found):
                return
            _ask()
        progress = self.progress()
        do_arrive = delete_matching(conditions, self.size, progress.add)
        self.say(f"Erased {count_hits(progress.done)} with {words}." if progress.done else _nothing(words))
        if do_arrive:
            self.say("New ones arrive. Let PTRACK_CONSENT say no to them, and run the command again.")


def _nothing(words: str) -> str:
    return f"Nothing found: no hit has {words}."


def _ask() -> None:
    """Raise an error unless a person agrees."""
    try:
        answer = input("Type 'yes' to erase them for good: ")
    except EOFError:
        raise CommandError("Nothing was erased, for nobody could be asked. Pass --no-input.") from None
    if answer.strip().lower() != "yes":
        raise CommandError("Nothing was erased.")
