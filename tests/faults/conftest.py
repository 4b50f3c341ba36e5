from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from .broken_site import BrokenSite, Outcome


@pytest.fixture
def hits(times: int) -> int:
    """How many images are requested."""
    return 150 if times == 1 else 10_000


def create_database(name: str, stack: contextlib.ExitStack, *options: str) -> None:
    subprocess.run(["createdb", *options, name], check=True)
    stack.callback(subprocess.run, ["dropdb", "--force", name], check=True)


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database in which there are only the tables of the site."""
    with contextlib.ExitStack() as stack:
        site = BrokenSite(tmp_path_factory.mktemp("tables"), stack)
        name = site.environ["FAULTS_DATABASE"] = f"{site.environ['FAULTS_DATABASE']}_tables"
        create_database(name, stack)
        site.manage("migrate", "--verbosity", "0")
        yield name


@pytest.fixture
def site(tables: str, tmp_path: Path) -> Iterator[BrokenSite]:
    """The site with a new database, in which there are only tables."""
    with contextlib.ExitStack() as stack:
        site = BrokenSite(tmp_path, stack)
        create_database(site.environ["FAULTS_DATABASE"], stack, "--template", tables)
        yield site


def to_line(cells: Iterable[object]) -> str:
    fault, *numbers = cells
    return f"{fault:>32}" + "".join(f"{number:>12}" for number in numbers)


@pytest.fixture
def outcome(site: BrokenSite, figures: list[str]) -> Callable[..., Outcome]:
    """Count what is left on the site, as ``BrokenSite.count`` does, and put it into the table."""

    def count(*args: object, **kwargs: object) -> Outcome:
        counted = site.count(*args, **kwargs)  # type: ignore[arg-type]
        figures.append(to_line(counted))
        return counted

    header = to_line(Outcome._fields)
    figures.extend({header} - set(figures))
    return count
