"""Starts, watches and stops servers and other processes, for several test modules."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
#: Where the Python that runs the tests keeps its commands.
BIN = Path(sys.executable).parent
#: For processes that import sites of tests/, as the tests themselves do.
ENVIRON = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])}


def free_port() -> int:
    """Return a port of this machine that nobody listens to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: str, is_so: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask again and again until the answer is true, and return it.

    Raises ``AssertionError``, which names what did not come within so many seconds.
    """
    end = time.monotonic() + seconds
    while not (answer := is_so()):
        assert time.monotonic() < end, f"{what} did not come within {seconds:.0f} seconds."
        time.sleep(0.1)
    return answer


@contextlib.contextmanager
def running(*command: str | Path, log: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in tests/ that writes into a log, and kill it and all that it started at the end."""
    with log.open("ab") as output:
        started = subprocess.Popen(command, cwd=TESTS, env=environ, stdout=output, stderr=output)
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
    """Return the ids of the processes that a process started, and those that these started."""
    children: list[int] = []
    # A process that has ended has none.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [descendant for child in children for descendant in descendants(child)]


def resident_bytes(pid: int | str) -> int:
    """Return how many bytes of memory a process holds; ``"self"`` is the one that asks."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
