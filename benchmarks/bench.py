"""Measures ptrack beside other ways to do the same, in one run, and writes down what came out.

    python benchmarks/bench.py [--rounds N] [--quick] [--output FOLDER]

Run it with a Python that has this ptrack installed, granian, gunicorn and matplotlib. The
others, django-ptrack 3.0.0 and pytracking2, are installed into environments of their own,
with the same Django and PyNaCl. All are measured in turn, round by round, so that a machine
that slows down slows them all. Hits over HTTP need h2load, Debian's package nghttp2-client.
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
from environments import make_environment
from processes import HERE
from report import Report, write

OURS, FORMER, RIVAL = "ptrack", "django-ptrack 3.0.0", "pytracking2, Fernet"
#: What is installed for each, and what of it without its own requirements.
OTHERS = {
    FORMER: ("django-ptrack-3.0.0", [], ["django-ptrack==3.0.0"]),
    RIVAL: ("pytracking2", ["pytracking2[django,crypto]==0.4.6"], []),
}
FULL = {"seconds": 0.05, "mails": 100_000, "granian": 20_000, "gunicorn": 5000}
QUICK = {"seconds": 0.01, "mails": 2000, "granian": 2000, "gunicorn": 500}


def main() -> None:
    options = parse_options()
    pythons = {OURS: sys.executable}
    for name, (folder, requirements, without_their_own) in OTHERS.items():
        pythons[name] = str(make_environment(options.cache, folder, requirements, without_their_own))
    amount = QUICK if options.quick else FULL
    measured: dict[str, list[dict[str, Any]]] = {name: [] for name in pythons}
    for number in range(1, options.rounds + 1):
        for name, python in pythons.items():
            show(f"in process, round {number} of {options.rounds}: {name}")
            measured[name].append(measure(python, amount))
    over_the_wire = {}
    if over_http.find_client():
        requests = {server: amount[server] for server in over_http.SERVERS}
        over_the_wire = over_http.measure(targets(pythons), options.rounds, requests, show)
    else:
        show("Hits over HTTP are left out: there is no h2load. Debian's package is called nghttp2-client.\n")
    show("")
    report = Report(measured, over_the_wire, options.rounds, int(amount["mails"]), OURS, (FORMER, RIVAL))
    print(report.text())
    if options.output:
        write(report, options.output)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures ptrack beside other ways to do the same.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (default: 5)")
    parser.add_argument("--quick", action="store_true", help="measure shorter; the spread grows")
    parser.add_argument("--output", type=Path, help="write RESULTS.md and results.svg into this folder")
    parser.add_argument("--cache", type=Path, default=HERE / ".cache", help="where the other environments are kept")
    return parser.parse_args()


def show(text: str) -> None:
    """Say what is being done, in place of what was said before."""
    print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)


def measure(python: str, amount: dict[str, Any]) -> dict[str, Any]:
    # Isolated, so that none sees the checkout.
    command = [python, "-I", str(HERE / "measure.py"), str(amount["seconds"]), str(amount["mails"])]
    output: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return output


def targets(pythons: dict[str, str]) -> list[over_http.Target]:
    """Return what is loaded over HTTP; each package has an address that it made itself."""
    paths = {name: path_of_pixel(python) for name, python in pythons.items()}
    ours = pythons[OURS]
    return [
        over_http.Target("ptrack, in front of Django", ours, "fast", paths[OURS], True),
        over_http.Target("ptrack", ours, "wsgi", paths[OURS], True),
        *(over_http.Target(name, pythons[name], "wsgi", paths[name], True) for name in OTHERS),
        over_http.Target("a bare view", ours, "wsgi", paths[OURS].replace("/pixel/", "/bare/"), False),
        over_http.Target("no Django at all", ours, "no_django", paths[OURS], False),
    ]


def path_of_pixel(python: str) -> str:
    command = [python, "-I", str(HERE / "measure.py"), "--address"]
    return urlsplit(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()).path


if __name__ == "__main__":
    main()
