"""Starts, watches and stops servers."""

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

HERE = Path(__file__).resolve().parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: str, is_so: Callable[[], Any], seconds: float = 1200) -> Any:
    end = time.monotonic() + seconds
    while not (found := is_so()):
        if time.monotonic() > end:
            sys.exit(f"Gave up waiting: {what} did not come within {seconds:.0f} seconds.")
        time.sleep(0.2)
    return found


@contextlib.contextmanager
def process(*command: str, log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, and kill it and what it started at the end."""
    with log.open("ab") as output:
        started = subprocess.Popen(command, **{"cwd": HERE, "stdout": output, "stderr": output, **options})
    try:
        yield started
    finally:
        kill_tree(started)


def kill_tree(started: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that it started, such as the workers of a server."""
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
