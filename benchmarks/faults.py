"""Breaks things while hits come in, and counts what is left.

    python benchmarks/faults.py [--hits N] [--only NAME]

Each hit carries an id of its own; sixteen clients load the pictures. Half way,

server     a worker of the web server is killed with SIGKILL, while hits are kept as they come
fast       the same, with pictures answered in front of Django
db         a worker of django-tasks-db is killed, with a task running that has written its row already
rq         the same with RQ, over a Redis server that is started for it
database   the database stops, and comes back for the last third
hang       a pixel does not return, in one of two workers of the web server
disk       there is no room for the log, and one hit in ten fails, so that there is much to log

Every picture that arrived whole has to be exactly one row in the end: after the tasks of the
killed worker were queued again, as the README says, and save those of the time without a
database, each of which has to be logged once, with its traceback. Uses PostgreSQL if PGHOST
is set, as pg_virtualenv does, and SQLite otherwise. Exits with 1 if anything is otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from processes import HERE, descendants, free_port, is_listening, kill_tree, process, wait_until

README = (HERE.parent / "README.md").read_text(encoding="utf-8")
CLIENTS = 16
TASK_WORKERS = 2
BACKENDS = {"db": "django_tasks_db.DatabaseBackend", "rq": "django_tasks_rq.RQBackend"}
WORKER_COMMANDS = {
    "db": ["db_worker", "--interval", "0.1", "--no-startup-delay"],
    "rq": ["rqworker", "--job-class", "django_tasks_rq.Job", "default"],
}
MANAGE = [sys.executable, "-W", "ignore", str(HERE / "faults_site" / "manage.py")]
COLUMNS = ("fault", "sent", "pictures", "rows", "missing", "duplicates", "requeued", "logged")
#: Of how many hits one is to fail in the run without room for the log.
FAILING = 10


def main() -> None:
    options = parse_options()
    print("".join(f"{column:>12}" for column in COLUMNS), flush=True)
    is_wrong = False
    for name in [options.only] if options.only else FAULTS:
        lack = what_lacks(name)
        if lack:
            print(f"{name}: left out, for {lack}", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="ptrack-faults-") as folder, Site(name, Path(folder)) as site:
            result = FAULTS[name](site, options.hits)
        print("".join(f"{result[column]:>12}" for column in COLUMNS), flush=True)
        is_wrong = is_wrong or not result["is_right"]
    sys.exit(is_wrong)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Breaks things while hits come in, and counts what is left.")
    parser.add_argument("--hits", type=int, default=10_000, help="pictures to load in each run (default: 10000)")
    parser.add_argument("--only", choices=FAULTS, help="what is broken (default: each in turn)")
    return parser.parse_args()


def what_lacks(name: str) -> str | None:
    if name == "rq" and not shutil.which("redis-server"):
        return "there is no redis-server here. Debian's package is called redis-server."
    if name == "database" and "PGVERSION" not in os.environ:
        return "there is no PostgreSQL. With Debian's package postgresql, pg_virtualenv -t runs a command with one."
    return None


class Site:
    """The site that takes the hits, with its database and a web server."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.log = folder / "log"
        self.stop_file = folder / "stop"
        self.redis_port = free_port()
        self.port = free_port()
        self.stack = contextlib.ExitStack()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "faults_site.settings",
            "FAULTS_URL": f"http://127.0.0.1:{self.port}",
            "FAULTS_DATABASE": f"ptrack_faults_{os.getpid()}"
            if os.environ.get("PGHOST")
            else str(folder / "hits.sqlite3"),
            "FAULTS_REDIS": f"redis://127.0.0.1:{self.redis_port}/0",
            "FAULTS_STOP_FILE": str(self.stop_file),
            "FAULTS_BACKEND": BACKENDS.get(name, ""),
            # Writing there is refused, as there is no room.
            "FAULTS_LOG": "/dev/full" if name == "disk" else str(folder / "ptrack.log"),
        }
        self.stop_file.touch()

    def __enter__(self) -> Site:
        self.stack.enter_context(database())
        subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], check=True)
        return self

    def __exit__(self, *details: object) -> None:
        self.stack.close()

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        return self.stack.enter_context(process(*command, log=self.log))

    def serve(self, module: str = "wsgi", threads: int = 8) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--bind", f"127.0.0.1:{self.port}"]
        # A worker that hangs for half a minute would be ended.
        command += ["--timeout", "0"]
        server = self.start(*command, "--threads", str(threads), f"faults_site.{module}")
        wait_until("the web server", lambda: is_listening(self.port))
        return server

    def load(self, addresses: list[str], halfway: Callable[[], object] = lambda: None) -> set[int]:
        """Load pictures, do something half way, and return the ids of those that arrived whole."""
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            half = len(addresses) // 2
            first = [pool.submit(get, address) for address in addresses[:half]]
            breaking = pool.submit(lambda: (first[-1].result(), halfway()))
            second = [pool.submit(get, address) for address in addresses[half:]]
            arrived = {
                number_of(address)
                for address, is_whole in zip(addresses, show_progress(self.name, [*first, *second]), strict=True)
                if is_whole
            }
            breaking.result()
        return arrived

    def result(self, addresses: list[str], arrived: set[int], requeued: int = 0) -> dict[str, Any]:
        rows = Counter(int(line) for line in ask("rows").split())
        log = Path(os.environ["FAULTS_LOG"])
        logged = log.read_text(encoding="utf-8") if log.is_file() else ""
        entries = logged.count("StoppingPixel failed to record a hit.\nTraceback (most recent call last):")
        result = {
            "fault": self.name,
            "sent": len(addresses),
            "pictures": len(arrived),
            "rows": sum(rows.values()),
            "missing": len(arrived - set(rows)),
            "duplicates": sum(count - 1 for count in rows.values()),
            "requeued": requeued,
            "logged": entries,
        }
        return result | {"is_right": not result["missing"] and not result["duplicates"]}


def number_of(address: str) -> int:
    return int(urlsplit(address).query)


def kill_server(site: Site, hits: int, module: str = "wsgi") -> dict[str, Any]:
    server = site.serve(module)
    addresses = ask("addresses", hits).split()
    arrived = site.load(addresses, lambda: os.kill(descendants(server.pid)[0], signal.SIGKILL))
    return site.result(addresses, arrived)


def kill_fast_server(site: Site, hits: int) -> dict[str, Any]:
    return kill_server(site, hits, "fast_wsgi")


def kill_task_worker(site: Site, hits: int) -> dict[str, Any]:
    if site.name == "rq":
        site.start("redis-server", "--port", str(site.redis_port), "--save", "", "--dir", str(site.log.parent))
        wait_until("Redis", lambda: is_listening(site.redis_port))
    workers = [site.start(*MANAGE, *WORKER_COMMANDS[site.name]) for _ in range(TASK_WORKERS)]
    site.serve()
    addresses = ask("addresses", hits, hits // 2 - 1).split()

    def kill() -> None:
        # The hit half way stops its worker after writing the row. Which worker that is, nobody knows.
        wait_until("the task that stops", lambda: ask("stopped") == "1")
        for worker in workers:
            kill_tree(worker)

    arrived = site.load(addresses, kill)
    site.stop_file.unlink()
    for _ in range(TASK_WORKERS):
        site.start(*MANAGE, *WORKER_COMMANDS[site.name])
    wait_until("the end of the queue", lambda: ask("ready") == "0")
    requeued = requeue(site)
    wait_until("the end of the requeued tasks", lambda: ask("unfinished") == "0")
    return site.result(addresses, arrived, requeued)


def requeue(site: Site) -> int:
    """Queue the tasks of the killed worker again, as the README says, and return how many there were."""
    section = README.partition("\n### Which engine\n")[2].partition("\n## ")[0]
    if site.name == "db":
        running = int(ask("unfinished"))
        [code] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        subprocess.run([*MANAGE, "shell", "--no-imports", "-c", code], check=True)
        return running
    # RQ's maintenance finds the job when its lease has run out; a worker does it when it starts.
    found: int = wait_until("RQ's maintenance", lambda: int(ask("abandoned")), seconds=200)
    [command] = re.findall(r"`(rq requeue [^`]+)`", section)
    words = [*command.split(), "--url", os.environ["FAULTS_REDIS"]]
    with site.log.open("ab") as output:
        subprocess.run([str(Path(sys.executable).parent / words[0]), *words[1:]], check=True, stdout=output)
    return found


def stop_database(site: Site, hits: int) -> dict[str, Any]:
    site.serve()
    addresses = ask("addresses", hits).split()
    third = len(addresses) // 3
    arrived = site.load(addresses[:third])
    control_database("stop", "--mode", "immediate")
    try:
        without = site.load(addresses[third : 2 * third])
    finally:
        control_database("start")
    arrived |= site.load(addresses[2 * third :])
    result = site.result(addresses, arrived)
    is_whole = len(arrived | without) == len(addresses)
    return result | {
        "pictures": len(arrived | without),
        "is_right": result["is_right"] and is_whole and result["rows"] == len(arrived) and result["logged"] == third,
    }


def control_database(action: str, *options: str) -> None:
    # pg_virtualenv's cluster is called so.
    subprocess.run(["pg_ctlcluster", os.environ["PGVERSION"], "regress", action, *options], check=True)


def hang(site: Site, hits: int) -> dict[str, Any]:
    # Each of the two workers does one thing at a time.
    site.serve(threads=1)
    addresses = ask("addresses", hits, 0).split()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(get, addresses[0], seconds=1200)
        wait_until("the hit that hangs", lambda: ask("stopped") == "1")
        arrived = site.load(addresses[1:])
        was_hanging = not hanging.done()
        site.stop_file.unlink()
        if hanging.result():
            arrived.add(0)
    result = site.result(addresses, arrived)
    return result | {"is_right": result["is_right"] and was_hanging and len(arrived) == len(addresses)}


def fill_disk(site: Site, hits: int) -> dict[str, Any]:
    site.serve()
    addresses = ask("addresses", hits, -1, FAILING).split()
    arrived = site.load(addresses)
    result = site.result(addresses, arrived)
    has_failed = "No space left on device" in site.log.read_text(encoding="utf-8")
    return result | {"is_right": result["is_right"] and has_failed and len(arrived) == len(addresses)}


FAULTS: dict[str, Callable[[Site, int], dict[str, Any]]] = {
    "server": kill_server,
    "fast": kill_fast_server,
    "db": kill_task_worker,
    "rq": kill_task_worker,
    "database": stop_database,
    "hang": hang,
    "disk": fill_disk,
}


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Make the database of a run on PostgreSQL; on SQLite, a file appears by itself."""
    if os.environ.get("PGHOST"):
        subprocess.run(["createdb", os.environ["FAULTS_DATABASE"]], check=True)
    try:
        yield
    finally:
        if os.environ.get("PGHOST"):
            subprocess.run(["dropdb", "--force", os.environ["FAULTS_DATABASE"]], check=True)


def ask(*question: object) -> str:
    """Return what the site's own command ``faults`` answers."""
    words = [*MANAGE, "faults", *map(str, question)]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def get(address: str, seconds: float = 60) -> bool:
    """Load a picture, and return whether it arrived whole, within so many seconds."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers={"User-Agent": "Thunderbird/128"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return response.status == 200 and len(body) == 43


def show_progress(name: str, futures: list[Any]) -> Iterator[Any]:
    for number, future in enumerate(futures, start=1):
        yield future.result()
        if number % 100 == 0 or number == len(futures):
            print(f"\r{name}: {number} of {len(futures)} pictures", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


if __name__ == "__main__":
    main()
