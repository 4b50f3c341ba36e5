"""What the commands that go through many hits have in common."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from .batches import BATCH, BATCH_ON_POSTGRESQL, batch_size, hits_to_change
from .conditions import Condition
from .models import PixelHit
from .words import printable, to_json

#: A terminal shows how far a command is after each so many seconds.
SECONDS_BETWEEN_LINES = 1.0


def count_hits(number: int) -> str:
    """Return a number of hits in words: ``1 hit``, ``2,000 hits``."""
    return "1 hit" if number == 1 else f"{number:,} hits"


class Progress:
    """Says on a terminal how far a command is, a line each second."""

    def __init__(self, out: OutputWrapper | None, total: Callable[[], int] | None = None) -> None:
        """Take where to write, and what counts all hits; it is called for a terminal alone."""
        self.done = 0
        self._out = out if out and out.isatty() else None
        self._total = f" of {total():,}" if total and self._out else ""
        self._next_at = time.monotonic() + SECONDS_BETWEEN_LINES

    def add(self, number: int) -> None:
        """Take how many more hits are done."""
        self.done += number
        if self._out and time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + SECONDS_BETWEEN_LINES
            self._out.write(f"{self.done:,}{self._total} hits ...", style_func=str)


class LongCommand(BaseCommand):
    """A command that changes many hits in batches, and that can be interrupted at any time."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch",
            type=int,
            metavar="NUMBER",
            help=f"change this many hits at a time (default: {BATCH_ON_POSTGRESQL} on PostgreSQL, otherwise {BATCH})",
        )

    def handle(self, *args: Any, batch: int | None, verbosity: int, **options: Any) -> None:
        if batch is not None and batch < 1:
            raise CommandError(f"--batch is {batch}: pass a number of at least 1.")
        self.size = batch or batch_size(hits_to_change(PixelHit).db)
        self._verbosity = verbosity
        with interruptible():
            self.work(**options)

    def work(self, *args: Any, **options: Any) -> None:
        """Do what the command is for, ``size`` hits at a time. Each command has its own."""

    def say(self, text: str) -> None:
        """Print a line, unless the command is to be quiet."""
        if self._verbosity:
            self.stdout.write(text)

    def progress(self, total: Callable[[], int] | None = None) -> Progress:
        """Return what says how far the command is. Takes what counts all hits."""
        return Progress(self.stdout if self._verbosity else None, total)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let a person interrupt a command without a traceback."""
    try:
        yield
    except KeyboardInterrupt:
        message = "Interrupted. What was done stays, and nothing is half done. Run the command again for the rest."
        raise CommandError(message, returncode=130) from None


@contextlib.contextmanager
def quiet_on_broken_pipe() -> Iterator[None]:
    """Let what reads the output of a command, such as ``head``, end before it without a traceback."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python writes the rest of the output when it ends, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def add_conditions(parser: CommandParser, nargs: str) -> None:
    """Let a command take conditions on the arguments of hits."""
    parser.add_argument(
        "conditions",
        nargs=nargs,
        type=_to_condition,
        metavar="ARGUMENT=VALUE",
        help="such as reader=42, or 1=newsletter for the first positional argument; all of them must hold",
    )


def to_words(conditions: list[Condition]) -> str:
    """Return conditions as people read them."""
    return " and ".join(printable(str(condition)) for condition in conditions)


def to_json_line(value: object, encoding: str | None) -> str:
    """Return a value as JSON, in ASCII if that has characters that its encoding, or a terminal, does not take.

    Takes the encoding, or None for UTF-8.
    """
    text = to_json(value)
    with contextlib.suppress(UnicodeEncodeError):
        text.encode(encoding or "utf-8")
        if text.isprintable():
            return text
    return json.dumps(value)


def _to_condition(text: str) -> Condition:
    try:
        return Condition.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
