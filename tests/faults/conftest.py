from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from .broken_site import BrokenSite, Outcome
from .databases import DATABASES, Database


@pytest.fixture
def hits(times: int) -> int:
    """How many images are requested."""
    return 150 if times == 1 else 10_000


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database server, on which each test makes a database of its own."""
    with contextlib.closing(request.param(tmp_path_factory.mktemp("database"))) as database:
        yield database


@pytest.fixture(scope="session")
def tables(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database in which there are only the tables of the site."""
    with contextlib.ExitStack() as stack:
        site = BrokenSite(tmp_path_factory.mktemp("tables"), database, stack)
        name = site.environ["FAULTS_DATABASE"] = f"{site.environ['FAULTS_DATABASE']}_tables"
        database.create(name)
        stack.callback(database.drop, name)
        site.manage("migrate", "--verbosity", "0")
        yield name


@pytest.fixture
def one_database_is_enough(database: Database, times: int) -> None:
    """Leave a test whose fault is not the database's to the long run, but for one database."""
    if times == 1 and database.engine != "postgresql":
        pytest.skip("This is for the long run.")


@pytest.fixture
def site(database: Database, tables: str, tmp_path: Path) -> Iterator[BrokenSite]:
    """The site with a new database, in which there are only tables."""
    with contextlib.ExitStack() as stack:
        site = BrokenSite(tmp_path, database, stack)
        name = site.environ["FAULTS_DATABASE"]
        database.copy(tables, name)
        stack.callback(database.drop, name)
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
