"""Measures what the rules on hits are worth: ``python benchmarks/rules.py --people FILE... --machines FILE...``

The two files of labelled requests in ``tests/`` are judged by all rules, then by the rules
that are left without the entries whose source is the file, and then also without the names
that occur in it. The files given are user agents, one a line, of public collections; they are
no part of ptrack, so their licences matter to nobody else. Each list of crawlers is tried as
the last one asked.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings

settings.configure()

from ptrack.hits import Rule, judgement, rules  # noqa: E402

ROOT = Path(__file__).parents[1]
FILES = ("tests/fingerprints.json", "tests/fingerprints-2.json")
#: User agents that are shown of one list.
SHOWN_MOST = 20
READERS, MACHINES = {"person", "proxy"}, {"scanner", "prefetch"}
TABLES = {name: table for name, table in vars(rules).items() if isinstance(table, tuple) and isinstance(table[0], Rule)}

Judge = Callable[..., Any]


def crawler_list(name: str) -> Callable[[str], bool] | None:
    """Return the function of a package that knows crawlers."""
    if name == "none":
        return None
    function = importlib.import_module(name.replace("-", "").replace("iscrawler", "is_crawler")).is_crawler
    return getattr(function, "__wrapped__", function)


@contextmanager
def judging(tables: dict[str, tuple[Rule, ...]], is_crawler: Callable[[str], bool] | None) -> Iterator[Judge]:
    """Give a function ``judge`` that knows only these tables and this list of crawlers."""
    saved = sys.modules.get("crawleruseragents")
    sys.modules["crawleruseragents"] = SimpleNamespace(is_crawler=is_crawler or (lambda agent: False))
    vars(rules).update(tables)
    try:
        yield importlib.reload(judgement).judge
    finally:
        vars(rules).update(TABLES)
        sys.modules.pop("crawleruseragents")
        if saved:
            sys.modules["crawleruseragents"] = saved


def judge_request(judge: Judge, request: dict[str, Any]) -> Any:
    age = request.get("age")
    return judge(request["headers"], None if age is None else timedelta(seconds=age))


def without_entries_of(file: str) -> dict[str, tuple[Rule, ...]]:
    return {name: tuple(rule for rule in table if file not in rule.source) for name, table in TABLES.items()}


def without_names_in(file: str, requests: list[dict[str, Any]]) -> dict[str, tuple[Rule, ...]]:
    """Return the tables without the entries of a file, and without the names in the user agents of its requests."""
    agents = "\n".join(request["headers"].get("User-Agent", "") for request in requests).lower()
    before, _, after = rules.words("|").partition("\\|")

    def left(rule: Rule) -> Rule:
        if not (rule.pattern.startswith(before) and rule.pattern.endswith(after)):
            return rule
        names = rule.pattern[len(before) : -len(after)].split("|")
        unseen = [name for name in names if re.sub(r"\\(.)", r"\1", name).lower() not in agents]
        return rule._replace(pattern=f"{before}{'|'.join(unseen) or '(?!)'}{after}")

    return {name: tuple(map(left, table)) for name, table in without_entries_of(file).items()}


def report_on_requests(title: str, requests: list[dict[str, Any]], judge: Judge) -> None:
    counts: Counter[str] = Counter()
    wrong = []
    for request in requests:
        label, verdict = request["label"], judge_request(judge, request)
        if label == "ambiguous":
            counts[f"ambiguous: {verdict.kind}"] += 1
            continue
        counts["labelled"] += 1
        counts["right"] += verdict.kind == label
        counts["readers called machines"] += label in READERS and verdict.kind in MACHINES
        counts["machines called readers"] += label in MACHINES and verdict.kind in READERS
        if verdict.kind != label:
            wrong.append(f"    {label} called {verdict.kind} ({verdict.rule}): {request['client']}")
    share = 100 * counts["right"] / counts["labelled"]
    print(f"{title}: {share:.1f} %, {dict(counts)}", *wrong, sep="\n")


def read_agents(paths: Iterable[str]) -> list[str]:
    lines = (line.strip() for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines())
    return list(dict.fromkeys(filter(None, lines)))


def report_on_agents(title: str, agents: list[str], judge: Judge, show: set[str]) -> None:
    """Say what user agents with a browser engine are called, and show those of some kinds."""
    engine = re.compile(next(rule.pattern for rule in rules.BROWSERS if rule.code == "browser"), re.IGNORECASE)
    with_engine = [agent for agent in agents if engine.search(agent)]
    start = time.process_time()
    verdicts = [(agent, judge({"User-Agent": agent})) for agent in with_engine]
    microseconds = (time.process_time() - start) / max(1, len(with_engine)) * 1e6
    counts = dict(Counter(str(verdict.kind) for _, verdict in verdicts))
    print(f"{title}: {len(with_engine)} with an engine, {counts}, {microseconds:.0f} microseconds each")
    shown = [f"    {verdict.rule}: {agent[:160]}" for agent, verdict in verdicts if verdict.kind in show]
    print(*shown[:SHOWN_MOST], sep="\n", end="\n" if shown else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", nargs="*", default=[], help="files of people's user agents")
    parser.add_argument("--machines", nargs="*", default=[], help="files of machines' user agents")
    options = parser.parse_args()
    requests = {file: json.loads((ROOT / file).read_text(encoding="utf-8")) for file in FILES}
    for name in ("none", "crawler-user-agents", "is-crawler"):
        is_crawler = crawler_list(name)
        print(f"\n# List of crawlers: {name}")
        with judging(TABLES, is_crawler) as judge:
            for file in FILES:
                report_on_requests(file, requests[file], judge)
            report_on_agents("people", read_agents(options.people), judge, show=MACHINES)
            report_on_agents("machines", read_agents(options.machines), judge, show=set())
        for file in FILES:
            with judging(without_entries_of(file), is_crawler) as judge:
                report_on_requests(f"{file} without the entries of this file", requests[file], judge)
            with judging(without_names_in(file, requests[file]), is_crawler) as judge:
                report_on_requests(f"{file} without the names in this file", requests[file], judge)


if __name__ == "__main__":
    main()
