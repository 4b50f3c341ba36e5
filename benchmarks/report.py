"""Puts what was measured into words, tables and a chart."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

Measured = dict[str, list[dict[str, Any]]]
Times = dict[str, float]

#: What is shown of one call, and how it is worked out from the times of one round.
CALLS: dict[str, Callable[[Times], float]] = {
    "render, the whole template": lambda times: times["tag"],
    "render, less a tag that does nothing": lambda times: times["tag"] - times["tag that does nothing"],
    "render, less one that prints a variable": lambda times: times["tag"] - times["one variable"],
    "render in a request, the whole template": lambda times: times["tag, in a request"],
    "render in a request, less one that prints a variable": lambda times: (
        times["tag, in a request"] - times["one variable, in a request"]
    ),
    "one of many mails, the whole template": lambda times: times["mails"],
    "one of many mails, less a tag that does nothing": lambda times: times["mails"] - times["tag that does nothing"],
    "decode": lambda times: times["decode"],
    "hit, the whole request": lambda times: times["hit"],
    "hit, less a bare view": lambda times: times["hit"] - times["bare view"],
}
#: What ptrack is compared with in its own environment.
FLOORS = {
    "hit, to a bare view": ("hit", "bare view"),
    "hit in front of Django, to a bare view": ("hit, in front of Django", "bare view"),
    "render, to libsodium, json and base64 in a tag": ("tag", "sealed directly"),
    "encrypt, to libsodium, json and base64": ("encrypt", "encrypt directly"),
    "decrypt, to libsodium, json and base64": ("decrypt", "decrypt directly"),
}
BARE = "a bare view"


class Table(NamedTuple):
    title: str
    note: str
    head: list[str]
    rows: list[list[str]]


@dataclass
class Report:
    """All that one run measured."""

    measured: Measured
    over_http: dict[str, dict[str, dict[str, Any]]]
    rounds: int
    mails: int
    ours: str
    others: Sequence[str]

    def text(self) -> str:
        parts = [self._circumstances()]
        for table in self.tables():
            widths = [max(len(line[index]) for line in [table.head, *table.rows]) for index in range(len(table.head))]
            lines = [
                "  ".join(
                    cell.ljust(width) if index == 0 else cell.rjust(width)
                    for index, (cell, width) in enumerate(zip(line, widths, strict=True))
                ).rstrip()
                for line in [table.head, *table.rows]
            ]
            parts.append("\n".join([table.title, table.note, "", *lines]))
        return "\n\n\n".join(parts)

    def markdown(self) -> str:
        parts = ["# Results", f"{self._circumstances()}\n\nMade by `tox run -e bench`. Look at the ratios."]
        for table in self.tables():
            lines = [f"| {' | '.join(line)} |" for line in [table.head, ["---"] + ["--:"] * (len(table.head) - 1)]]
            lines += [f"| {' | '.join(row)} |" for row in table.rows]
            parts.append("\n".join([f"## {table.title}", "", table.note, "", *lines]))
        return "\n\n".join(parts) + "\n"

    def tables(self) -> list[Table]:
        tables = [self._calls(), self._floors(), *(self._http(server) for server in self.over_http)]
        return [*tables, self._lengths(), *self._growth()]

    def _circumstances(self) -> str:
        versions: dict[str, str] = {}
        for runs in self.measured.values():
            versions |= {name: number for name, number in runs[0]["versions"].items() if name != "django-ptrack"}
        shown = ", ".join(f"{name} {number}" for name, number in versions.items())
        return f"{date.today()}, {os.cpu_count()} cores of {processor()}, {shown}; {self.rounds} rounds."  # noqa: DTZ011

    def _calls(self) -> Table:
        head = ["", self.ours, *(cell for name in self.others for cell in (name, "ratio", "range"))]
        rows = []
        for name, value in CALLS.items():
            ours = self._values(self.ours, value)
            row = [name, f"{statistics.median(ours):.1f}"]
            for other in self.others:
                theirs = self._values(other, value)
                row += [f"{statistics.median(theirs):.1f}", *ratio(ours, theirs)]
            rows.append(row)
        note = (
            "Microseconds, medians of the rounds; ratio of medians, and its range by round. "
            f"Many mails are {self.mails:,}."
        )
        return Table("One call, in process", note, head, rows)

    def _floors(self) -> Table:
        rows = []
        for name, (here, there) in FLOORS.items():
            ours = self._values(self.ours, lambda times, here=here: times[here])
            theirs = self._values(self.ours, lambda times, there=there: times[there])
            rows.append(
                [name, f"{statistics.median(ours):.1f}", f"{statistics.median(theirs):.1f}", *ratio(ours, theirs)]
            )
        head = ["", "ptrack", "other", "ratio", "range"]
        return Table("Against what cannot be done without", "Microseconds.", head, rows)

    def _http(self, server: str) -> Table:
        runs = self.over_http[server]
        compared = (BARE, self.others[0])
        head = ["", "hits per second", "range", "p50, ms", "p99, ms", "average, ms"]
        head += [cell for other in compared for cell in (f"to {other}", "range")]
        rows = []
        for name, run in runs.items():
            low, high = min(run["rates"]), max(run["rates"])
            rows.append(
                [
                    name,
                    f"{run['rate']:,.0f}",
                    f"{low:,.0f}-{high:,.0f}",
                    *(f"{run[column]:.2f}" for column in ("p50", "p99", "average")),
                    *(cell for other in compared for cell in ratio(run["rates"], runs[other]["rates"])),
                ]
            )
        note = (
            "One worker that does one thing at a time, 16 clients that wait for each answer. Every answer was counted "
            "by a pixel, where there is one. nginx and no Django at all show what client and server can do at most."
        )
        return Table(f"Hits over HTTP, {server}", note, head, rows)

    def _lengths(self) -> Table:
        names = [self.ours, *self.others]
        counts = list(self.measured[self.ours][0]["lengths"])
        rows = [[count, *(str(self.measured[name][0]["lengths"][count]) for name in names)] for count in counts]
        note = "Characters of the whole address, for arguments named a0, a1 and so on that are all 12345."
        return Table("Length of an address", note, ["arguments", *names], rows)

    def _growth(self) -> list[Table]:
        tables = []
        for title, what, calls in (
            ("Growth with the payload", "payload", ("tag", "hit")),
            ("Growth with fallback secrets", "fallbacks", ("hit",)),
            ("Growth with pixels", "pixels", ("hit",)),
        ):
            names = [name for name in (self.ours, *self.others) if self.measured[name][0]["growth"][what]]
            head = [
                {"payload": "characters", "fallbacks": "fallbacks", "pixels": "pixels"}[what],
                *(f"{name}: {call}" for call in calls for name in names),
            ]
            rows = []
            for size in self.measured[self.ours][0]["growth"][what]:
                row = [size]
                for call in calls:
                    for name in names:
                        values = [run["growth"][what][size][call] for run in self.measured[name]]
                        row.append(f"{statistics.median(values):.1f}")
                rows.append(row)
            tables.append(Table(title, "Microseconds.", head, rows))
        return tables

    def _values(self, name: str, value: Callable[[Times], float]) -> list[float]:
        return [value(run["times"]) for run in self.measured[name]]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[str, str]:
    """Return the ratio of the medians, and its range by round."""
    by_round = [here / there for here, there in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ours) / statistics.median(theirs):.2f}", f"{min(by_round):.2f}-{max(by_round):.2f}"


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def write(report: Report, folder: Path) -> None:
    (folder / "RESULTS.md").write_text(report.markdown(), encoding="utf-8")
    if report.over_http:
        draw(report, folder / "results.svg")


def draw(report: Report, file: Path) -> None:
    """Draw hits per second, and the time of one mail's tag."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same picture for the same figures, and letters as letters.
    mpl.rcParams |= {"svg.hashsalt": "ptrack", "svg.fonttype": "none", "font.size": 11}
    from matplotlib import pyplot

    rates = {name: run["rate"] for name, run in report.over_http["granian"].items() if "Django at all" not in name}
    rates.pop("nginx, empty_gif", None)
    mails = {
        name: statistics.median(run["times"]["mails"] for run in report.measured[name])
        for name in (report.ours, *report.others)
    }
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 2.9), width_ratios=(3, 2))
    for axes, values, title, form in (
        (left, rates, "hits per second with granian (more is better)", "{:,.0f}"),
        (right, mails, "µs per template (less is better)", "{:.1f}"),
    ):
        names = list(values)[::-1]
        colours = ["#1f6f8b" if name.startswith("ptrack") else "#b8c4cc" for name in names]
        bars = axes.barh(names, [values[name] for name in names], color=colours)
        axes.bar_label(bars, [form.format(values[name]) for name in names], padding=4)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlim(0, max(values.values()) * 1.18)
        axes.xaxis.set_visible(False)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None}, facecolor="white")
