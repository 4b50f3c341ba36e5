"""Runs the site of ``faults.site``, requests its images, and asks what it has recorded."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from . import manual
from .databases import Database
from servers import ENVIRON, TESTS, free_port, is_listening, running, wait_until

CLIENTS = 16
MANAGE = [sys.executable, "-W", "ignore", "-m", "django"]


class Outcome(NamedTuple):
    """What is left of the hits that were sent."""

    fault: str
    sent: int
    #: Images that arrived whole.
    images: int
    rows: int
    #: Images that arrived and have no row.
    missing: int = 0
    #: Those of them that no pixel failed to record.
    silent: int = 0
    #: Rows beyond the first of a hit.
    duplicates: int = 0
    #: Tasks that had to be queued again.
    requeued: int = 0
    #: Hits that a pixel failed to record, in the log of ptrack.
    logged: int = 0


class BrokenSite:
    """The site, with a database, and with web servers and workers that are started when they are needed."""

    def __init__(self, folder: Path, database: Database, stack: contextlib.ExitStack) -> None:
        """Take a folder for the logs, the database's server, and the stack that ends the processes."""
        self.folder = folder
        self.database = database
        self.log = folder / "log"
        self.stop_file = folder / "stop"
        self.stopped_file = folder / "stopped"
        self.failed_file = folder / "failed"
        self.port = free_port()
        self.environ = (
            ENVIRON
            | database.environ
            | {
                "DJANGO_SETTINGS_MODULE": "faults.site.settings",
                "FAULTS_URL": f"http://127.0.0.1:{self.port}",
                "FAULTS_DATABASE": f"ptrack_faults_{os.getpid()}",
                "FAULTS_STOP_FILE": str(self.stop_file),
                "FAULTS_STOPPED": str(self.stopped_file),
                "FAULTS_FAILED": str(self.failed_file),
                "FAULTS_LOG": str(folder / "ptrack.log"),
                "FAULTS_SETTINGS": "",
                "PYTHONPATH": os.pathsep.join([str(folder), ENVIRON["PYTHONPATH"]]),
            }
        )
        self._stack = stack
        self.stop_file.touch()
        self.stopped_file.touch()
        self.failed_file.touch()
        (folder / "ptrack.log").touch()

    def manage(self, *words: object) -> str:
        """Run a management command, and return what it prints."""
        command = [*MANAGE, *map(str, words)]
        return subprocess.run(
            command, cwd=TESTS, env=self.environ, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    def ask(self, question: str, *words: object) -> str:
        """Return what the site's own command answers."""
        return self.manage("faults", question, *words)

    def follow_manual(self, title: str) -> None:
        """Set up the site as the Python blocks of a section of the manual say, word for word."""
        for file, code in manual.python_files(title):
            if file.endswith("settings.py"):
                self.environ["FAULTS_SETTINGS"] += code
            else:
                (self.folder / file).parent.mkdir(exist_ok=True)
                (self.folder / file).write_text(code, encoding="utf-8")

    def stopped(self) -> list[tuple[int, str]]:
        """Return the process and the id of each hit that has stopped its process."""
        lines = self.stopped_file.read_text(encoding="utf-8").splitlines()
        return [(int(process), hit_id) for process, hit_id in map(str.split, lines)]

    def start(self, *command: str | Path) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(running(*command, log=self.log, environ=self.environ))

    def end(self, started: subprocess.Popen[bytes]) -> None:
        """End a process as an administrator does, and wait for that."""
        started.terminate()
        started.wait()

    def use_engine(self, name: str) -> list[str]:
        """Let a task engine write the rows. Takes its name in the manual, and returns the command of its worker."""
        if name == "django-tasks-db":
            self.environ["FAULTS_BACKEND"] = "django_tasks_db.DatabaseBackend"
            return [*MANAGE, "db_worker", "--interval", "0.1", "--no-startup-delay"]
        url = self._start_redis()
        if name == "django-tasks-rq":
            self.environ |= {"FAULTS_BACKEND": "django_tasks_rq.RQBackend", "FAULTS_REDIS": url}
            return [*MANAGE, "rqworker", "--job-class", "django_tasks_rq.Job", "default"]
        self.environ["FAULTS_BACKEND"] = "django_tasks_celery.CeleryBackend"
        self.follow_manual(name)
        self.environ["FAULTS_SETTINGS"] += f"CELERY_BROKER_URL = {url!r}\n"
        return [sys.executable, "-m", "celery", "--app", "mysite.celery", "worker", "--concurrency", "2"]

    def _start_redis(self) -> str:
        """Start Redis, and return its URL."""
        port = free_port()
        self.start("redis-server", "--port", str(port), "--save", "", "--dir", str(self.folder))
        wait_until("Redis", lambda: is_listening(port))
        return f"redis://127.0.0.1:{port}/0"

    def serve(self, module: str = "wsgi", threads: int = 8, worker: str = "sync") -> subprocess.Popen[bytes]:
        # With more than one thread, gunicorn takes gthread for sync.
        command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", str(threads)]
        # Without a limit, for gunicorn would end a worker that hangs for half a minute.
        command += ["--timeout", "0", "--worker-class", worker]
        command += ["--bind", f"127.0.0.1:{self.port}", f"faults.site.{module}"]
        server = self.start(*command)
        wait_until("The web server", lambda: is_listening(self.port))
        return server

    def request(self, urls: list[str], halfway: Callable[[], object] = lambda: None, seconds: float = 60) -> set[int]:
        """Request images, and do something half way.

        Returns the numbers of those that arrived whole, each within so many seconds.
        """
        half = len(urls) // 2
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            first = [pool.submit(get, url, seconds) for url in urls[:half]]
            breaking = pool.submit(lambda: (first[-1].result(), halfway()))
            second = [pool.submit(get, url, seconds) for url in urls[half:]]
            arrived = {number_of(url) for url, each in zip(urls, first + second, strict=True) if each.result()}
            breaking.result()
        return arrived

    def count(self, fault: str, urls: list[str], arrived: Set[int], requeued: int = 0) -> Outcome:
        """Return what is left, when all has come to an end. Takes the numbers of the images that arrived."""
        rows = Counter(int(line) for line in self.ask("rows").split())
        missing = arrived - set(rows)
        return Outcome(
            f"{fault}, {self.database.engine}",
            sent=len(urls),
            images=len(arrived),
            rows=rows.total(),
            missing=len(missing),
            silent=len(missing - set(map(int, self.failed_file.read_text(encoding="utf-8").split()))),
            duplicates=rows.total() - len(rows),
            requeued=requeued,
            logged=len(re.findall(r"Pixel faults\.site\.pixels\.\w+ failed to record a hit\.", self.logs())),
        )

    def tracebacks(self) -> int:
        """Return how many hits were logged with a traceback."""
        return self.logs().count("failed to record a hit.\nTraceback (most recent call last):")

    def logs(self) -> str:
        """Return what ptrack has logged, and what the servers and the workers have written."""
        return "".join(log.read_text(encoding="utf-8") for log in (self.folder / "ptrack.log", self.log))


def number_of(url: str) -> int:
    return int(urlsplit(url).query)


def get(url: str, seconds: float = 60) -> bool:
    """Request an image, and return whether it arrived whole within so many seconds."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    is_whole = False
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"User-Agent": "Thunderbird/128"})
        response = connection.getresponse()
        is_whole = response.status == 200 and len(response.read()) == 43
    return is_whole
