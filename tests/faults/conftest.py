from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .broken_site import BrokenSite, Outcome


@pytest.fixture
def hits(times: int) -> int:
    """How many images are requested."""
    return 500 * times


@pytest.fixture
def site(tmp_path: Path) -> Iterator[BrokenSite]:
    """The site with a new database, in which there are only tables."""
    with contextlib.ExitStack() as stack:
        site = BrokenSite(tmp_path, stack)
        name = site.environ["FAULTS_DATABASE"]
        subprocess.run(["createdb", name], check=True)
        stack.callback(subprocess.run, ["dropdb", "--force", name], check=True)
        site.manage("migrate", "--verbosity", "0")
        yield site


@pytest.fixture
def outcome(site: BrokenSite, figures: list[str]) -> Callable[..., Outcome]:
    """Count what is left on the site, as ``BrokenSite.count`` does, and put it into the table."""

    def count(*args: object, **kwargs: object) -> Outcome:
        counted = site.count(*args, **kwargs)  # type: ignore[arg-type]
        figures.append("".join(f"{value:>12}" for value in counted))
        return counted

    header = "".join(f"{column:>12}" for column in Outcome._fields)
    figures.extend({header} - set(figures))
    return count
