"""Measure ptrack beside other ways to do the same, in one run, and say whether its targets are met.

    python benchmarks/bench.py [--rounds N] [--quick] [--output FOLDER]

Run it with a Python that has this ptrack, granian, gunicorn and matplotlib. The other packages,
django-ptrack 3.0.0 and pytracking2, are installed into environments of their own, with the same
versions of Django and PyNaCl. All are measured in turn, round by round, so that a machine that
becomes slower slows them all. Hits over HTTP need h2load, from Debian's package nghttp2-client.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import over_http
import report
from environments import make_environment
from processes import HERE
from results import BARE, FAST, FAST_WITHOUT_SIGNALS, FORMER, NO_DJANGO, OURS, RIVAL, Results

#: The folder of each other package, its requirements, and those that are installed without their own.
OTHERS = {
    FORMER: ("django-ptrack-3.0.0", [], ["django-ptrack==3.0.0"]),
    RIVAL: ("pytracking2", ["pytracking2[django,crypto]==0.4.6"], []),
}
#: Seconds of one measured slice, and requests of one round by web server.
FULL = {"seconds": 0.05, "granian": 20_000, "gunicorn": 5000}
QUICK = {"seconds": 0.01, "granian": 2000, "gunicorn": 500}


def main() -> None:
    options = parse_options()
    amount = QUICK if options.quick else FULL
    pythons = {OURS: sys.executable}
    for name, (folder, requirements, without_their_own) in OTHERS.items():
        pythons[name] = str(make_environment(options.cache, folder, requirements, without_their_own))
    in_process = measure_in_process(pythons, options.rounds, amount["seconds"])
    over_the_wire = {}
    if over_http.has_client():
        requests = {server: int(amount[server]) for server in over_http.SERVERS}
        over_the_wire = over_http.measure(make_sites(pythons), options.rounds, requests, show)
    else:
        show("Hits over HTTP are left out, because there is no h2load. Debian's package is nghttp2-client.\n")
    show("")
    results = Results(in_process, over_the_wire, options.rounds)
    print(report.to_text(results))
    if options.output:
        report.write(results, options.output)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure ptrack beside other ways to do the same.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (default: 5)")
    parser.add_argument("--quick", action="store_true", help="measure for a shorter time; the ranges grow")
    parser.add_argument("--output", type=Path, help="write RESULTS.md and results.svg into this folder")
    parser.add_argument("--cache", type=Path, default=HERE / ".cache", help="folder of the other environments")
    return parser.parse_args()


def show(text: str) -> None:
    """Show what is being measured, over what was shown before."""
    print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)


def measure_in_process(pythons: dict[str, str], rounds: int, seconds: float) -> dict[str, list[dict[str, Any]]]:
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for number in range(1, rounds + 1):
        for name, python in pythons.items():
            show(f"in process, round {number} of {rounds}: {name}")
            measured[name].append(json.loads(run_measure(python, str(seconds))))
    return measured


def run_measure(python: str, argument: str) -> str:
    # -I keeps the checkout off the path, so that the installed package is measured.
    command = [python, "-I", str(HERE / "measure.py"), argument]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def make_sites(pythons: dict[str, str]) -> list[over_http.Site]:
    """Return the sites that are requested over HTTP. Each package made the URL that it answers."""
    paths = {name: urlsplit(run_measure(python, "--url").strip()).path for name, python in pythons.items()}
    ours, path = pythons[OURS], paths[OURS]
    return [
        over_http.Site(FAST_WITHOUT_SIGNALS, ours, "fast_without_signals", path, counts=True),
        over_http.Site(FAST, ours, "fast", path, counts=True),
        *(over_http.Site(name, pythons[name], "wsgi", paths[name], counts=True) for name in pythons),
        over_http.Site(BARE, ours, "wsgi", path.replace("/pixel/", "/bare/"), counts=False),
        over_http.Site(NO_DJANGO, ours, "no_django", path, counts=False),
    ]


if __name__ == "__main__":
    main()
