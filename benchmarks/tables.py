"""The tables of the results."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

from over_http import CONNECTIONS
from results import BARE, FORMER, OURS, RIVAL, Results, ratio
from targets import SERVER, judge

OTHERS = (FORMER, RIVAL)
#: What is shown of one call, and how it is worked out from the times of one round.
CALLS: dict[str, Callable[[dict[str, float]], float]] = {
    "a template with the tag": lambda times: times["tag"],
    "the same, less a tag that does nothing": lambda times: times["tag"] - times["empty tag"],
    "a template with the tag, in a request": lambda times: times["tag in a request"],
    "the same, less a tag that does nothing in a request": lambda times: (
        times["tag in a request"] - times["empty tag in a request"]
    ),
    "decode a token": lambda times: times["decode"],
    "a hit through Django": lambda times: times["hit"],
    "the same, less a bare view": lambda times: times["hit"] - times["bare view"],
}
#: Calls of ptrack, and the least that the same work takes.
FLOORS = {
    "a hit through Django, and a bare view": ("hit", "bare view"),
    "a hit on the fast path, and a bare view": ("hit on the fast path", "bare view"),
    "the same without signals, and a bare view": ("hit on the fast path without signals", "bare view"),
    "the tag, and libsodium, base64 and json in a tag": ("tag", "direct tag"),
    "encrypt, and libsodium, base64 and json": ("encrypt", "encrypt directly"),
    "decrypt, and libsodium, base64 and json": ("decrypt", "decrypt directly"),
    "track_html on 100 KB with 750 links, and one pass of html.parser": ("track_html", "html.parser"),
    "the same with the pixel alone, and one pass of html.parser": ("track_html, the pixel alone", "html.parser"),
}
#: What grows, its unit, and the calls that are shown.
GROWTH = {
    "payload": ("the payload", "characters", ("tag", "hit")),
    "fallbacks": ("the fallback secrets", "fallbacks", ("hit",)),
    "pixels": ("the registered pixels", "pixels", ("hit",)),
}


class Table(NamedTuple):
    title: str
    note: str
    head: list[str]
    rows: list[list[str]]


def all_tables(results: Results) -> list[Table]:
    return [
        targets_table(results),
        calls_table(results),
        floors_table(results),
        *(http_table(results, server) for server in results.over_http),
        lengths_table(results),
        *(growth_table(results, what) for what in GROWTH),
    ]


def targets_table(results: Results) -> Table:
    note = (
        "Each figure is the ratio of two medians of this run, for the same work. A target that the plain code misses "
        f"is reported here. Hits per second are those of {SERVER}."
    )
    head = ["ptrack", "compared with", "figure", "range by round", "target", ""]
    return Table("Targets", note, head, [verdict.cells for verdict in judge(results)])


def calls_table(results: Results) -> Table:
    head = ["", OURS, *(cell for name in OTHERS for cell in (name, "ratio", "range"))]
    rows = []
    for title, work_out in CALLS.items():
        times = {
            name: [work_out(measured["times"]) for measured in results.in_process[name]] for name in (OURS, *OTHERS)
        }
        row = [title, median(times[OURS])]
        for name in OTHERS:
            row += [median(times[name]), *ratio(times[OURS], times[name]).cells]
        rows.append(row)
    note = "Microseconds, medians of the rounds. A ratio is that of the medians, with its range by round."
    return Table("One call, in process", note, head, rows)


def floors_table(results: Results) -> Table:
    rows = []
    for title, (call, floor) in FLOORS.items():
        ours, least = results.times(OURS, call), results.times(OURS, floor)
        rows.append([title, median(ours), median(least), *ratio(ours, least).cells])
    head = ["", "ptrack", "the least", "ratio", "range"]
    return Table("Compared with the least that the work takes", "Microseconds.", head, rows)


def http_table(results: Results, server: str) -> Table:
    compared = (BARE, FORMER)
    head = ["", "hits per second", "range", "p50, ms", "p99, ms", "average, ms"]
    head += [cell for other in compared for cell in (f"to {other}", "range")]
    rows = []
    for name, rounds in results.over_http[server].items():
        rates = results.rates(server, name)
        rows.append(
            [
                name,
                f"{statistics.median(rates):,.0f}",
                f"{min(rates):,.0f}-{max(rates):,.0f}",
                *(f"{statistics.median(run[column] for run in rounds):.2f}" for column in ("p50", "p99", "average")),
                *(cell for other in compared for cell in ratio(rates, results.rates(server, other)).cells),
            ]
        )
    note = (
        f"One worker with one thread, and {CONNECTIONS} connections that wait for each answer. A pixel counted every "
        "hit of the packages. nginx and the site without Django show the most that server and client can do."
    )
    return Table(f"Hits over HTTP, {server}", note, head, rows)


def lengths_table(results: Results) -> Table:
    lengths = {name: results.in_process[name][0]["lengths"] for name in (OURS, *OTHERS)}
    rows = [[number, *(str(lengths[name][number]) for name in lengths)] for number in lengths[OURS]]
    note = "Characters of the whole URL, for arguments named a0, a1 and so on whose values are all 12345."
    return Table("Length of a URL", note, ["arguments", *lengths], rows)


def growth_table(results: Results, what: str) -> Table:
    title, unit, calls = GROWTH[what]
    growth = {name: [measured["growth"][what] for measured in rounds] for name, rounds in results.in_process.items()}
    names = [name for name, rounds in growth.items() if rounds[0]]
    rows = [
        [size, *(median([times[size][call] for times in growth[name]]) for call in calls for name in names)]
        for size in growth[OURS][0]
    ]
    head = [unit, *(f"{name}: {call}" for call in calls for name in names)]
    return Table(f"Growth with {title}", "Microseconds.", head, rows)


def median(values: list[float]) -> str:
    return f"{statistics.median(values):.1f}"
