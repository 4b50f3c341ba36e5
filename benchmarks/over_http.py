"""Measures hits per second over HTTP, with h2load as the client."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from processes import HERE, free_port, is_listening, process, wait_until

CONCURRENCY = 16
#: How each server runs one worker that does one thing at a time.
SERVERS = {
    "granian": ["granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "1", "--no-ws", "--port"],
    "gunicorn": ["gunicorn", "--workers", "1", "--bind"],
}
NGINX = """
daemon off; worker_processes 1; error_log stderr crit; pid {folder}/pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000; location / {{ empty_gif; }} }}
}}
"""


class Target(NamedTuple):
    """What is loaded: a module of bench_site under a Python, and a path."""

    name: str
    python: str
    module: str
    path: str
    #: Whether each answer has to have been recorded.
    is_recorded: bool


def find_client() -> str | None:
    return shutil.which("h2load")


def measure(
    targets: list[Target], rounds: int, requests: dict[str, int], show: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Return hits per second of each target under each server, and of nginx's empty_gif if it is installed.

    All servers run for the whole time, and are loaded in turn, round by round.
    """
    results: dict[str, dict[str, Any]] = {}
    for server, command in SERVERS.items():
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ptrack-bench-")))
            log = folder / "log"
            ports = {}
            for target in targets:
                port = ports[target.name] = free_port()
                address = str(port) if server == "granian" else f"127.0.0.1:{port}"
                words = [*command, address, f"bench_site.{target.module}:application"]
                # Each from the environment of its Python.
                words[0] = str(Path(target.python).parent / words[0])
                environment = {**os.environ, "PYTHONPATH": str(HERE), "DJANGO_SETTINGS_MODULE": "bench_site.settings"}
                stack.enter_context(process(*words, log=log, env=environment, cwd=folder))
            nginx_port = start_nginx(stack, folder, log) if server == "granian" else None
            for target in targets:
                port = ports[target.name]
                wait_until(f"{server} with {target.name}", partial(is_listening, port), seconds=60)
                load(f"http://127.0.0.1:{port}{target.path}", CONCURRENCY * 10, folder)
            runs: dict[str, list[dict[str, float]]] = {}
            for number in range(1, rounds + 1):
                for target in targets:
                    show(f"{server}, round {number} of {rounds}: {target.name}")
                    url = f"http://127.0.0.1:{ports[target.name]}"
                    before = count(url) if target.is_recorded else 0
                    run = load(url + target.path, requests[server], folder)
                    runs.setdefault(target.name, []).append(run)
                    if target.is_recorded and count(url) - before != run["good"]:
                        sys.exit(f"{target.name} recorded {count(url) - before} of {run['good']} hits.")
                if nginx_port:
                    url = f"http://127.0.0.1:{nginx_port}/x"
                    runs.setdefault("nginx, empty_gif", []).append(load(url, requests[server], folder))
        results[server] = {name: summarise(found) for name, found in runs.items()}
    return results


def start_nginx(stack: contextlib.ExitStack, folder: Path, log: Path) -> int | None:
    # Debian keeps it where only administrators look.
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        return None
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    stack.enter_context(process(nginx, "-c", str(folder / "nginx.conf"), "-e", "stderr", log=log))
    wait_until("nginx", lambda: is_listening(port), seconds=60)
    return port


def count(url: str) -> int:
    """Return how many hits a server has recorded."""
    with urllib.request.urlopen(f"{url}/count/") as response:
        return int(response.read())


def load(url: str, requests: int, folder: Path) -> dict[str, float]:
    times = folder / "times"
    times.unlink(missing_ok=True)
    command = ["h2load", "--h1", f"--requests={requests}", f"--clients={CONCURRENCY}", f"--log-file={times}", url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    [good] = re.findall(r"status codes: (\d+) 2xx", output)
    if int(good) != requests:
        sys.exit(f"Of {requests} requests only {good} were answered well.\n{output}")
    [rate] = re.findall(r"finished in [^,]+, ([\d.]+) req/s", output)
    microseconds = sorted(int(line.split("\t")[2]) for line in times.read_text().splitlines())
    return {
        "good": int(good),
        "rate": float(rate),
        "p50": microseconds[len(microseconds) // 2] / 1000,
        "p99": microseconds[len(microseconds) * 99 // 100] / 1000,
        "average": statistics.fmean(microseconds) / 1000,
    }


def summarise(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Return the medians of several runs, and the rate of each."""
    summary: dict[str, Any] = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    return summary | {"rates": [run["rate"] for run in runs]}
