"""Compares the speed of this ptrack with that of django-ptrack 3.0.0, in one run.

    python benchmarks/compare.py [--rounds N] [--quick] [--json FILE]

Run it with a Python that has this ptrack installed. The other, whose package has the same
name, is installed beside it into an environment of its own, with the same Django, PyNaCl
and asgiref. Both are measured in turn, so that a machine that slows down slows both.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
OTHER = "django-ptrack==3.0.0"

Times = dict[str, float]
#: What is compared, how it is worked out from the times of one worker, in microseconds.
ROWS: dict[str, Callable[[Times], float]] = {
    "render: the whole template": lambda times: times["tag"],
    "render: less one that prints a variable": lambda times: times["tag"] - times["one variable"],
    "render: less a tag that does nothing": lambda times: times["tag"] - times["tag that does nothing"],
    "render in a request: the whole template": lambda times: times["tag, in a request"],
    "render in a request: less one that prints a variable": lambda times: (
        times["tag, in a request"] - times["one variable, in a request"]
    ),
    "hit: the whole request": lambda times: times["hit"],
    "hit: less a bare view": lambda times: times["hit"] - times["bare view"],
}
DIRECT_ROWS = ("encrypt", "decrypt")


def main() -> None:
    options = parse_options()
    other = make_environment(options.cache)
    seconds = 0.02 if options.quick else 0.05
    ours: list[Times] = []
    theirs: list[Times] = []
    for number in range(1, options.rounds + 1):
        for name, python, results in (("ptrack", sys.executable, ours), (OTHER, str(other), theirs)):
            print(f"\rround {number} of {options.rounds}: {name:<22}", end="", file=sys.stderr, flush=True)
            output = run_worker(python, seconds)
            results.append(output["times"])
    print(file=sys.stderr)
    rows = [ratio_row(name, ours, theirs, value) for name, value in ROWS.items()]
    rows += [direct_row(name, ours) for name in DIRECT_ROWS]
    show(output["versions"], rows, options.rounds)
    if options.json:
        options.json.write_text(json.dumps({"versions": output["versions"], "rows": rows}, indent=2) + "\n")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares the speed of this ptrack with that of django-ptrack 3.0.0.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (default: 5)")
    parser.add_argument("--quick", action="store_true", help="measure shorter; the spread grows")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    parser.add_argument("--cache", type=Path, default=HERE / ".cache", help="where the other environment is kept")
    return parser.parse_args()


def make_environment(cache: Path) -> Path:
    """Return the Python of an environment with the other package, made when it is first asked for."""
    # Its own requirements are old; both sides are to have the same.
    same = [f"{name}=={version(name)}" for name in ("django", "pynacl", "asgiref")]
    folder = cache / "-".join([f"py{sys.version_info[0]}{sys.version_info[1]}", *same])
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "complete").exists():
        print(f"Installing {OTHER} with {', '.join(same)} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        for words in (same, ["--no-deps", OTHER]):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *words], check=True)
        (folder / "complete").touch()
    return python


def run_worker(python: str, seconds: float) -> dict[str, Any]:
    # Isolated, so that neither sees the checkout.
    result = subprocess.run([python, "-I", str(HERE / "worker.py"), str(seconds)], stdout=subprocess.PIPE, check=True)
    output: dict[str, Any] = json.loads(result.stdout)
    return output


def ratio_row(name: str, ours: list[Times], theirs: list[Times], value: Callable[[Times], float]) -> dict[str, Any]:
    here, there = [value(times) for times in ours], [value(times) for times in theirs]
    return row(name, here, there)


def direct_row(name: str, ours: list[Times]) -> dict[str, Any]:
    return row(
        f"{name}, to libsodium, json and base64",
        [times[name] for times in ours],
        [times[f"{name} directly"] for times in ours],
    )


def row(name: str, here: list[float], there: list[float]) -> dict[str, Any]:
    by_round = [a / b for a, b in zip(here, there, strict=True)]
    return {
        "name": name,
        "ptrack": statistics.median(here),
        "other": statistics.median(there),
        "ratio": statistics.median(here) / statistics.median(there),
        "lowest": min(by_round),
        "highest": max(by_round),
    }


def show(versions: dict[str, str], rows: list[dict[str, Any]], rounds: int) -> None:
    print(", ".join(f"{name} {number}" for name, number in versions.items()))
    print(f"Medians of {rounds} rounds, in microseconds; ratio of the medians, and its range by round.\n")
    print(f"{'':<54}{'ptrack':>8}{'other':>8}{'ratio':>8}   range")
    for figures in rows:
        print(
            f"{figures['name']:<54}{figures['ptrack']:>8.1f}{figures['other']:>8.1f}{figures['ratio']:>8.2f}"
            f"   {figures['lowest']:.2f}-{figures['highest']:.2f}"
        )


if __name__ == "__main__":
    main()
