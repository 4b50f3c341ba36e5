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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from processes import HERE, free_port, is_listening, process, wait_until

CONNECTIONS = 16
#: How each server runs one worker with one thread.
SERVERS = {
    "granian": ["granian", "--interface", "wsgi", "--workers", "1", "--blocking-threads", "1", "--no-ws", "--port"],
    "gunicorn": ["gunicorn", "--workers", "1", "--bind"],
}
NGINX = "nginx, empty_gif"
NGINX_CONFIGURATION = """
daemon off; worker_processes 1; error_log stderr crit; pid {folder}/pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; keepalive_requests 1000000; location / {{ empty_gif; }} }}
}}
"""


class Site(NamedTuple):
    """One way to answer: a WSGI application of bench_site under a Python, and the path that is requested."""

    name: str
    python: str
    module: str
    path: str
    #: Whether the site counts each hit.
    counts: bool


class RunningSites(NamedTuple):
    """The sites behind one web server, all running at the same time, and the port of each."""

    server: str
    folder: Path
    ports: dict[str, int]


def has_client() -> bool:
    return shutil.which("h2load") is not None


def measure(
    sites: list[Site], rounds: int, requests: dict[str, int], show: Callable[[str], None]
) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Return what each round measured, by web server and site, and for nginx's empty_gif if nginx is installed.

    Takes the number of requests of one round by web server. All sites run for the whole time, and
    they are requested in turn, round by round.
    """
    results: dict[str, dict[str, list[dict[str, float]]]] = {}
    for server in SERVERS:
        with run_sites(server, sites) as running:
            for site in sites:
                run_h2load(url_of(running, site), CONNECTIONS * 10, running.folder)
            found = results[server] = {name: [] for name in running.ports}
            for number in range(1, rounds + 1):
                for site in sites:
                    show(f"{server}, round {number} of {rounds}: {site.name}")
                    found[site.name].append(measure_site(running, site, requests[server]))
                if NGINX in running.ports:
                    url = f"http://127.0.0.1:{running.ports[NGINX]}/x"
                    found[NGINX].append(run_h2load(url, requests[server], running.folder))
    return results


@contextlib.contextmanager
def run_sites(server: str, sites: list[Site]) -> Iterator[RunningSites]:
    """Run all sites behind a web server, until they listen; beside granian, run nginx too."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ptrack-bench-")))
        running = RunningSites(server, folder, {})
        for site in sites:
            running.ports[site.name] = start_site(stack, running, site)
        if server == "granian":
            start_nginx(stack, running)
        for name, port in running.ports.items():
            wait_until(f"{server} with {name}", partial(is_listening, port), seconds=60)
        yield running


def start_site(stack: contextlib.ExitStack, running: RunningSites, site: Site) -> int:
    port = free_port()
    bind = str(port) if running.server == "granian" else f"127.0.0.1:{port}"
    program, *options = SERVERS[running.server]
    # Each site runs in the environment of its own Python.
    words = [str(Path(site.python).parent / program), *options, bind, f"bench_site.{site.module}:application"]
    variables = {**os.environ, "PYTHONPATH": str(HERE), "DJANGO_SETTINGS_MODULE": "bench_site.settings"}
    stack.enter_context(process(*words, log=running.folder / "log", env=variables, cwd=running.folder))
    return port


def start_nginx(stack: contextlib.ExitStack, running: RunningSites) -> None:
    # Debian puts it into a folder that is only on the path of administrators.
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        return
    port = running.ports[NGINX] = free_port()
    configuration = running.folder / "nginx.conf"
    configuration.write_text(NGINX_CONFIGURATION.format(folder=running.folder, port=port))
    stack.enter_context(process(nginx, "-c", str(configuration), "-e", "stderr", log=running.folder / "log"))


def url_of(running: RunningSites, site: Site) -> str:
    return f"http://127.0.0.1:{running.ports[site.name]}{site.path}"


def measure_site(running: RunningSites, site: Site, requests: int) -> dict[str, float]:
    """Measure one round, and exit if a site that counts hits has not counted each of them."""
    before = count(running, site) if site.counts else 0
    measured = run_h2load(url_of(running, site), requests, running.folder)
    if site.counts and (counted := count(running, site) - before) != requests:
        sys.exit(f"{site.name} counted {counted} of {requests} hits.")
    return measured


def count(running: RunningSites, site: Site) -> int:
    """Return how many hits a site has counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{running.ports[site.name]}/count/") as response:
        return int(response.read())


def run_h2load(url: str, requests: int, folder: Path) -> dict[str, float]:
    """Send requests to one URL, and return the rate per second and the times in milliseconds."""
    times = folder / "times"
    times.unlink(missing_ok=True)
    command = ["h2load", "--h1", f"--requests={requests}", f"--clients={CONNECTIONS}", f"--log-file={times}", url]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    [good] = re.findall(r"status codes: (\d+) 2xx", output)
    if int(good) != requests:
        sys.exit(f"Of {requests} requests only {good} were answered with a status of 200.\n{output}")
    [rate] = re.findall(r"finished in [^,]+, ([\d.]+) req/s", output)
    microseconds = sorted(int(line.split("\t")[2]) for line in times.read_text().splitlines())
    return {
        "rate": float(rate),
        "p50": microseconds[len(microseconds) // 2] / 1000,
        "p99": microseconds[len(microseconds) * 99 // 100] / 1000,
        "average": statistics.fmean(microseconds) / 1000,
    }
