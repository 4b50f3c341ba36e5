"""Kills servers and workers in the middle of their work, and counts what is left.

    python benchmarks/killed.py [--hits N] [--only http|db|rq]

Each hit carries an id of its own. Sixteen clients load pictures while, half way, a process
is killed with SIGKILL:

http  a worker of the web server, which keeps hits while pictures are served
db    a worker of django-tasks-db, with a task running that has written its row already
rq    the same with RQ, over a Redis server that is started for it

Every picture that arrived whole has to be exactly one row in the end, after the tasks of the
killed worker were queued again as the README says. Uses PostgreSQL if PGHOST is set, as
pg_virtualenv does, and SQLite otherwise. Exits with 1 if a row is missing or there twice.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
README = (HERE.parent / "README.md").read_text(encoding="utf-8")
CLIENTS = 16
TASK_WORKERS = 2
COLUMNS = ("killed", "sent", "pictures", "rows", "missing", "duplicates", "requeued")
BACKENDS = {"db": "django_tasks_db.DatabaseBackend", "rq": "django_tasks_rq.RQBackend"}
WORKER_COMMANDS = {
    "db": ["db_worker", "--interval", "0.1", "--no-startup-delay"],
    "rq": ["rqworker", "--job-class", "django_tasks_rq.Job", "default"],
}


def main() -> None:
    options = parse_options()
    print("".join(f"{column:>12}" for column in COLUMNS), flush=True)
    is_wrong = False
    for name in [options.only] if options.only else ["http", *BACKENDS]:
        if name == "rq" and not shutil.which("redis-server"):
            print("rq: left out, for there is no redis-server here. Debian's package is called redis-server.")
            continue
        with tempfile.TemporaryDirectory(prefix="ptrack-killed-") as folder:
            result = run(name, options.hits, Path(folder))
        print("".join(f"{result[column]:>12}" for column in COLUMNS), flush=True)
        is_wrong = is_wrong or bool(result["missing"] or result["duplicates"])
    sys.exit(is_wrong)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Kills servers and workers at work, and counts what is left.")
    parser.add_argument("--hits", type=int, default=10_000, help="pictures to load in each run (default: 10000)")
    parser.add_argument("--only", choices=["http", *BACKENDS], help="what is killed (default: each in turn)")
    return parser.parse_args()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until(what: str, is_so: Callable[[], Any], seconds: float = 1200) -> Any:
    end = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > end:
            sys.exit(f"Gave up waiting: {what} did not come within {seconds:.0f} seconds.")
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def process(*command: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, and kill it and what it started at the end."""
    with log.open("ab") as output:
        started = subprocess.Popen(command, cwd=HERE, stdout=output, stderr=output)
    try:
        yield started
    finally:
        kill_tree(started)


def kill_tree(started: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started: RQ runs each job in a process of another group."""
    for pid in [started.pid, *descendants(started.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    started.wait()


def descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return children + [descendant for child in children for descendant in descendants(child)]


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def run(name: str, hits: int, folder: Path) -> dict[str, Any]:
    port, redis_port, stop_file = free_port(), free_port(), folder / "stop"
    stop_file.touch()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "killed_site.settings",
        "KILLED_URL": f"http://127.0.0.1:{port}",
        "KILLED_DATABASE": f"ptrack_killed_{os.getpid()}" if os.environ.get("PGHOST") else str(folder / "hits.sqlite3"),
        "KILLED_REDIS": f"redis://127.0.0.1:{redis_port}/0",
        "KILLED_STOP_FILE": str(stop_file),
        "KILLED_BACKEND": BACKENDS.get(name, ""),
    }
    log = folder / "log"
    manage = [sys.executable, "-W", "ignore", str(HERE / "killed_site" / "manage.py")]
    server = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(database())
        subprocess.run([*manage, "migrate", "--verbosity", "0"], check=True)
        if name == "rq":
            redis = ("redis-server", "--port", str(redis_port), "--save", "", "--dir", str(folder))
            stack.enter_context(process(*redis, log=log))
            wait_until("Redis", lambda: is_listening(redis_port))
        workers = [
            stack.enter_context(process(*manage, *WORKER_COMMANDS[name], log=log))
            for _ in range(TASK_WORKERS if name in BACKENDS else 0)
        ]
        web = stack.enter_context(process(*server, "killed_site.wsgi", log=log))
        wait_until("the web server", lambda: is_listening(port))
        addresses = ask(manage, "addresses", str(hits)).split()
        sent, arrived = load(name, addresses, lambda: kill_one(name, web, workers, manage))
        stop_file.unlink()
        requeued = 0
        if name in BACKENDS:
            for _ in range(TASK_WORKERS):
                stack.enter_context(process(*manage, *WORKER_COMMANDS[name], log=log))
            wait_until("the end of the queue", lambda: ask(manage, "ready") == "0")
            requeued = requeue(name, manage, redis_port, log)
            wait_until("the end of the requeued tasks", lambda: ask(manage, "unfinished") == "0")
        rows = Counter(int(line) for line in ask(manage, "rows").split())
    return {
        "killed": name,
        "sent": sent,
        "pictures": len(arrived),
        "rows": sum(rows.values()),
        "missing": len(arrived - set(rows)),
        "duplicates": sum(count - 1 for count in rows.values()),
        "requeued": requeued,
    }


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Make the database of a run on PostgreSQL; on SQLite, a file appears by itself."""
    if os.environ.get("PGHOST"):
        subprocess.run(["createdb", os.environ["KILLED_DATABASE"]], check=True)
    try:
        yield
    finally:
        if os.environ.get("PGHOST"):
            subprocess.run(["dropdb", "--force", os.environ["KILLED_DATABASE"]], check=True)


def ask(manage: list[str], *question: str) -> str:
    """Return what the site's own command ``killed`` answers."""
    return subprocess.run([*manage, "killed", *question], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def load(name: str, addresses: list[str], kill: Callable[[], None]) -> tuple[int, set[int]]:
    """Load all pictures, and kill half way. Return how many were asked for, and the ids of those that arrived whole."""

    def get(number: int) -> int | None:
        path = urlsplit(addresses[number]).path
        connection = http.client.HTTPConnection(urlsplit(addresses[number]).netloc, timeout=60)
        try:
            connection.request("GET", path, headers={"User-Agent": "Thunderbird/128"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return number if response.status == 200 and len(body) == 43 else None

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        half = len(addresses) // 2
        first = [pool.submit(get, number) for number in range(half)]
        killing = pool.submit(lambda: (first[-1].result(), kill()))
        second = [pool.submit(get, number) for number in range(half, len(addresses))]
        numbers = [future.result() for future in show_progress(name, [*first, *second])]
        killing.result()
    return len(addresses), {number for number in numbers if number is not None}


def show_progress(name: str, futures: list[Any]) -> Iterator[Any]:
    for number, future in enumerate(futures, start=1):
        yield future
        future.exception()
        if number % 100 == 0 or number == len(futures):
            print(f"\r{name}: {number} of {len(futures)} pictures", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def kill_one(name: str, web: Any, workers: list[Any], manage: list[str]) -> None:
    if name == "http":
        os.kill(descendants(web.pid)[0], signal.SIGKILL)
        return
    # The hit half way stops its worker after writing the row. Which worker that is, nobody knows.
    wait_until("the task that stops", lambda: ask(manage, "stopped") == "1")
    for worker in workers:
        kill_tree(worker)


def requeue(name: str, manage: list[str], redis_port: int, log: Path) -> int:
    """Queue the tasks of the killed worker again, as the README says, and return how many there were."""
    section = README.partition("\n### Which engine\n")[2].partition("\n## ")[0]
    if name == "db":
        running = int(ask(manage, "unfinished"))
        [code] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        subprocess.run([*manage, "shell", "--no-imports", "-c", code], check=True)
        return running
    # RQ's maintenance finds the job when its lease has run out; a worker does it when it starts.
    found = wait_until("RQ's maintenance", lambda: int(ask(manage, "abandoned")), seconds=200)
    [command] = re.findall(r"`(rq requeue [^`]+)`", section)
    words = [*command.split(), "--url", f"redis://127.0.0.1:{redis_port}/0"]
    with log.open("ab") as output:
        subprocess.run([str(Path(sys.executable).parent / words[0]), *words[1:]], check=True, stdout=output)
    assert isinstance(found, int)
    return found


if __name__ == "__main__":
    main()
