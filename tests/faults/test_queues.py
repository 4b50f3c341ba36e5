"""What is in the queues of task engines, and what becomes of a reader who wants to be forgotten."""

from __future__ import annotations

import contextlib
import json
import re
import urllib.request
from pathlib import Path

import pytest

from . import manual
from .broken_site import BrokenSite
from servers import wait_until
from support import needs_redis

READERS = (42, 420, "042")

CONSENT = """
from pathlib import Path

def agrees(*args, **kwargs):
    return str(kwargs["reader"]) not in Path({file!r}).read_text().split()

PTRACK_CONSENT = agrees
"""


@pytest.fixture
def withdrawn(site: BrokenSite) -> Path:
    """The file of readers who do not agree any more, on a site on which ptrack.opens stores hits in the background."""
    file = site.folder / "withdrawn"
    file.touch()
    site.environ["FAULTS_OPENS"] = "1"
    site.environ["FAULTS_SETTINGS"] += CONSENT.format(file=str(file))
    return file


def request_images(site: BrokenSite) -> list[str]:
    """Let each reader open an email once more, and return the URLs."""
    code = f"import ptrack\nfor reader in {READERS!r}: print(ptrack.pixel_url(reader=reader))"
    urls = site.manage("shell", "--no-imports", "-c", code).split()
    for url in urls:
        headers = {"User-Agent": "Thunderbird/128", "Cookie": "session=secret", "From": "ann@example.com"}
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as response:
            assert len(response.read()) == 43
    return urls


def read(site: BrokenSite, columns: str, table: str) -> list[tuple[object, ...]]:
    """Read a table as its own client does."""
    with contextlib.closing(site.database.connect(site.environ["FAULTS_DATABASE"])) as connection:
        cursor = connection.cursor()
        cursor.execute(f"SELECT {columns} FROM {table}")
        return list(cursor.fetchall())


def stored_readers(site: BrokenSite) -> list[str]:
    rows = [kwargs for [kwargs] in read(site, "kwargs", "ptrack_opens_pixelhit")]
    return sorted((json.loads(kwargs) if isinstance(kwargs, str) else kwargs)["reader"] for kwargs in rows)


def look_into_queue(site: BrokenSite, engine: str) -> list[str]:
    """Return the lines that the program of the manual prints."""
    [section] = re.findall(r"^## Look into the queue\n(.*)", manual.TEXT, re.DOTALL | re.MULTILINE)
    [code] = re.findall(rf"^### {engine}\n.*?```python\n(.*?)```", section.split("\n## ")[0], re.DOTALL | re.MULTILINE)
    return site.manage("shell", "--no-imports", "-c", code).splitlines()


@pytest.mark.usefixtures("one_database_is_enough")
@pytest.mark.parametrize(
    "engine",
    ["django-tasks-db", pytest.param("django-tasks-rq", marks=needs_redis), pytest.param("Celery", marks=needs_redis)],
)
def test_a_reader_who_is_erased_does_not_come_back_out_of_the_queue(
    engine: str, site: BrokenSite, withdrawn: Path
) -> None:
    worker = site.use_engine(engine)
    site.serve()
    request_images(site)
    started = site.start(*worker)
    wait_until("The rows", lambda: stored_readers(site) == ["042", "42", "420"])
    site.end(started)
    request_images(site)
    assert look_into_queue(site, engine)
    withdrawn.write_text("42", encoding="utf-8")
    site.manage("ptrack_erase", "reader=42", "--no-input")
    site.start(*worker)
    wait_until("The rows", lambda: stored_readers(site) == ["042", "042", "420", "420"])
    wait_until("The last task", lambda: not is_waiting(look_into_queue(site, engine)))
    assert stored_readers(site) == ["042", "042", "420", "420"]


def test_the_table_of_a_queue_holds_nothing_that_the_row_does_not_keep(site: BrokenSite, withdrawn: Path) -> None:
    site.use_engine("django-tasks-db")
    site.serve()
    urls = request_images(site)
    rows = read(site, "*", "django_tasks_database_dbtaskresult")
    assert len(rows) == len(READERS)
    for secret in (*(url.split("/")[-2] for url in urls), "session", "ann@", "/ptrack/"):
        assert secret not in str(rows)


def is_waiting(lines: list[str]) -> bool:
    """Return whether a task that was found is not done. Some engines keep those that are."""
    return any(not re.search("SUCCESSFUL|FINISHED", line) for line in lines)
