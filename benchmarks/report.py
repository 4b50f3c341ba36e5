"""Writes the results of a run as text, as Markdown, and as a chart."""

from __future__ import annotations

import os
import platform
import statistics
from datetime import date
from pathlib import Path

from results import BARE, FAST, FAST_WITHOUT_SIGNALS, FORMER, OURS, RIVAL, Results
from tables import Table, all_tables
from targets import SERVER

RESULTS_FILE, CHART_FILE = "RESULTS.md", "results.svg"


def to_text(results: Results) -> str:
    """Return the tables for a terminal."""
    return "\n\n\n".join([circumstances(results), *map(table_as_text, all_tables(results))])


def to_markdown(results: Results) -> str:
    introduction = f"{circumstances(results)}\n\n`tox run -e bench` writes this page. Look at the ratios."
    return "\n\n".join(["# Results", introduction, *map(table_as_markdown, all_tables(results))]) + "\n"


def write(results: Results, folder: Path) -> None:
    """Write the page, and the chart too if hits over HTTP were measured."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULTS_FILE).write_text(to_markdown(results), encoding="utf-8")
    if results.over_http:
        draw(results, folder / CHART_FILE)


def table_as_text(table: Table) -> str:
    lines = [table.head, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.head))]
    aligned = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, table.note, "", *aligned])


def table_as_markdown(table: Table) -> str:
    lines = [table.head, ["---"] + ["--:"] * (len(table.head) - 1), *table.rows]
    return "\n".join([f"## {table.title}", "", table.note, "", *(f"| {' | '.join(line)} |" for line in lines)])


def circumstances(results: Results) -> str:
    versions: dict[str, str] = {}
    for rounds in results.in_process.values():
        versions |= {name: number for name, number in rounds[0]["versions"].items() if name != "django-ptrack"}
    shown = ", ".join(f"{name} {number}" for name, number in versions.items())
    today = date.today()  # noqa: DTZ011
    return f"{today}, {os.cpu_count()} cores of {processor()}, {shown}; {results.rounds} rounds."


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def draw(results: Results, file: Path) -> None:
    """Draw the hits per second of each site, and the time of a rendered tag."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same figures give the same file, and text stays text.
    mpl.rcParams |= {"svg.hashsalt": "ptrack", "svg.fonttype": "none", "font.size": 11}
    from matplotlib import pyplot

    sites = (FAST_WITHOUT_SIGNALS, FAST, OURS, FORMER, RIVAL, BARE)
    rates = {name: statistics.median(results.rates(SERVER, name)) for name in sites}
    times = {name: statistics.median(results.times(name, "tag")) for name in (OURS, FORMER, RIVAL)}
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 3.2), width_ratios=(3, 2))
    for axes, values, title, form in (
        (left, rates, f"hits per second with {SERVER} (more is better)", "{:,.0f}"),
        (right, times, "µs per tag (less is better)", "{:.1f}"),
    ):
        names = list(values)[::-1]
        colours = ["#1f6f8b" if name.startswith(OURS) else "#b8c4cc" for name in names]
        bars = axes.barh(names, [values[name] for name in names], color=colours)
        axes.bar_label(bars, [form.format(values[name]) for name in names], padding=4)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlim(0, max(values.values()) * 1.18)
        axes.xaxis.set_visible(False)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None}, facecolor="white")
