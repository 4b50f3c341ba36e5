"""Tells who sent a request from its headers, by the site's own rules and the tables of ``rules``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache, lru_cache

from . import rules
from .kinds import PATTERN_FLAGS, HitKind, Rule, Verdict
from .site_rules import site_rules

#: The number of characters of a user agent that are looked at. Real ones have fewer than 500.
USER_AGENT_MAX_LENGTH = 1024

#: Characters of any other header that are looked at.
HEADER_MAX_LENGTH = 256

#: Characters of what a rule found that a reason quotes.
QUOTE_MAX_LENGTH = 80

_HEADERS_READ = {name.lower(): name for name in rules.HEADERS_READ}

# Of rules that decide by what is not there.
_REASONS = {
    "no-user-agent": "there is no user agent",
    "no-engine": "user agent names no browser engine, no platform and no email client",
    "listed": "user agent is in the list of the package crawler-user-agents",
}


def classify(headers: Mapping[str, str], age: timedelta | None = None) -> tuple[HitKind, str]:
    """Return who requested a pixel, and why it is taken for their request.

    Takes and gives what ``judge`` does, without the code of the rule. Never raises.
    """
    verdict = judge(headers, age)
    return verdict.kind, verdict.reason


def judge(
    headers: Mapping[str, str],
    age: timedelta | None = None,
    *,
    is_click: bool = False,
    is_secure: bool = False,
) -> Verdict:
    """Return who sent a request, the code of the rule that decided, and what the rule found.

    Takes the request's headers by their names, in upper or lower case; the time from the
    rendering to the request, if that is known; whether a link was followed, where an image is
    requested otherwise; and whether the request came over https. The rules of the setting
    ``PTRACK_RULES`` are asked first. With the extra ``scanners`` installed, its list of
    crawlers is asked before what looks like a browser counts as a person. Never raises.
    """
    found = _read(headers)
    agent = found.pop("User-Agent", "").strip()[:USER_AGENT_MAX_LENGTH]
    verdict = _search(site_rules(), agent) or _judge(agent, found, age, is_click, is_secure)
    if is_click and verdict.kind is HitKind.PROXY:
        # A provider requests images for its readers, and follows no link.
        return verdict._replace(kind=HitKind.UNKNOWN, reason=f"{verdict.reason}, on a click")
    return verdict


def _read(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the rules read, by their names as ``rules`` spells them."""
    found = {}
    for name, value in headers.items():
        known = _HEADERS_READ.get(str(name).lower().replace("_", "-"))
        if known is not None:
            found[known] = str(value)
    return found


def _judge(agent: str, headers: Mapping[str, str], age: timedelta | None, is_click: bool, is_secure: bool) -> Verdict:
    """Return the verdict of the built-in rules."""
    verdict = _ask(agent, _to_lines(headers), is_click)
    if verdict.rule in rules.AHEAD_TOO and age is not None and age < rules.SOONEST_OPEN:
        soon = f"less than {rules.SOONEST_OPEN.seconds} seconds after the rendering"
        return verdict._replace(kind=HitKind.PREFETCH, reason=f"{verdict.reason}, {soon}")
    if is_click and is_secure and verdict.kind is HitKind.PERSON and not headers.get("Sec-Fetch-Mode"):
        return _search(rules.SENDERS_OF_FETCH_MODE, agent, "no header Sec-Fetch-Mode though user agent") or verdict
    return verdict


def _to_lines(headers: Mapping[str, str]) -> str:
    """Return headers as the text in which rules search. Of ``From`` it matters only that it is there."""
    return "\n".join(
        "From:" if name == "From" else f"{name}: {value.strip()[:HEADER_MAX_LENGTH]}" for name, value in headers.items()
    )


# Many hits share few user agents, and asking all tables takes longer than the hit.
@lru_cache(maxsize=1024)
def _ask(agent: str, lines: str, is_click: bool) -> Verdict:
    """Return the verdict of the first rule that applies, in the order of judgement."""
    without_device = _compile_device().sub("", agent)
    return (
        _search_headers(rules.DECLARATIONS, lines)
        or (_search(rules.KNOWN_ON_CLICKS, agent) if is_click else None)
        or _search(rules.KNOWN, agent)
        or (None if is_click else _search_headers(rules.NAVIGATION, lines))
        or _search(rules.PROXIES, agent)
        or _search(rules.EMAIL_CLIENTS, agent)
        or _search_headers(rules.EMAIL_APPS, lines)
        or _search(rules.WEB_VIEWS, agent)
        or _search(rules.MACHINES, without_device)
        or _search_headers(rules.ROBOT_HEADERS, lines)
        or _search(rules.DESKTOP_APPS, agent)
        or _search_list(without_device)
        or _search(rules.BROWSERS, agent)
        or Verdict(rules.NO_ENGINE.kind, rules.NO_ENGINE.code, _REASONS["no-engine"])
    )


def _search(table: Sequence[Rule], agent: str, subject: str = "user agent") -> Verdict | None:
    for rule, pattern in _compile(tuple(table)):
        if match := pattern.search(agent):
            return Verdict(rule.kind, rule.code, _describe(rule, match, subject))
    return None


def _search_headers(table: Sequence[Rule], lines: str) -> Verdict | None:
    return _search(table, lines, "a header")


def _search_list(agent: str) -> Verdict | None:
    rule = rules.LISTED
    return Verdict(rule.kind, rule.code, _REASONS[rule.code]) if _crawler_list()(agent) else None


def _describe(rule: Rule, match: re.Match[str], subject: str) -> str:
    found = match.group()
    if not found:
        return _REASONS.get(rule.code, f"{subject} fits the rule {rule.code}")
    # As ASCII text: databases refuse NUL and lone surrogates.
    text = json.dumps(found)[1:-1]
    relation = "is" if found == match.string else "contains"
    return f'{subject} {relation} "{text if len(text) <= QUOTE_MAX_LENGTH else text[:QUOTE_MAX_LENGTH] + "..."}"'


# Compiled when first needed, so that a process that classifies nothing does not wait for it.
@cache
def _compile(table: tuple[Rule, ...]) -> list[tuple[Rule, re.Pattern[str]]]:
    return [(rule, re.compile(rule.pattern, PATTERN_FLAGS)) for rule in table]


@cache
def _compile_device() -> re.Pattern[str]:
    return re.compile(rules.DEVICE, PATTERN_FLAGS | re.VERBOSE)


@cache
def _crawler_list() -> Callable[[str], bool]:
    """Return the function that knows the crawlers of the extra ``scanners``, if that is installed."""
    try:
        from crawleruseragents import is_crawler
    except ImportError:
        return lambda user_agent: False
    function: Callable[[str], bool] = is_crawler
    return function
