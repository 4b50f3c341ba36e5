"""Tells who requested a pixel from the headers of the request, by the tables of ``rules``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cache, lru_cache

from . import rules
from .kinds import HitKind, Rule

#: The number of characters of a user agent that are looked at. Real ones have fewer than 500.
USER_AGENT_MAX_LENGTH = 1024

# Where a user agent names the device. Makers choose names such as "CUBOT" and "M bot 54".
_DEVICE = re.compile(
    r"""
    \( (?: [^()] | \([^()]*\) )*? \b(?:Android|Adr)\b (?: [^()] | \([^()]*\) )* \)?
    | \bAndroid \s \( [^()]* \)?
    | \[ FB [^\]]* \]?
    | \bcubot\w*
    """,
    re.IGNORECASE | re.VERBOSE,
)


def classify(headers: Mapping[str, str], age: timedelta | None = None) -> tuple[HitKind, str]:
    """Return who sent a request with these headers, and the rule that says so.

    Takes a mapping of header names, in any case, to values, and the time from the rendering of
    the pixel to the request, if that is known. With the extra ``scanners`` installed, the
    package ``crawler-user-agents`` is asked before the rules for browsers. Never raises.
    """
    by_name = {str(name).lower().replace("_", "-"): str(value) for name, value in headers.items()}
    if verdict := _classify_by_other_headers(by_name):
        return verdict
    rule = _classify_agent(by_name.get("user-agent", "").strip()[:USER_AGENT_MAX_LENGTH])
    if rule in rules.READER_OR_PREFETCH_RULES and age is not None and age < rules.SOONEST_OPEN:
        return (
            HitKind.PREFETCH,
            f"{rule.reason}, less than {rules.SOONEST_OPEN.seconds} seconds after the rendering",
        )
    return rule.kind, rule.reason


def _classify_by_other_headers(headers: Mapping[str, str]) -> tuple[HitKind, str] | None:
    """Return what the headers beside the user agent decide, or None."""
    for name in rules.PREFETCH_HEADERS:
        value = headers.get(name.lower(), "").lower()
        for word in rules.PREFETCH_WORDS:
            if word in value:
                return HitKind.PREFETCH, f'header {name} contains "{word}"'
    if "headless" in headers.get("sec-ch-ua", "").lower():
        return HitKind.SCANNER, 'header Sec-CH-UA contains "Headless"'
    if "from" in headers:
        # RFC 9110, section 10.1.2: it tells who runs a robot; browsers never send it.
        return HitKind.SCANNER, "header From is there, which only robots send"
    return None


# Many hits share few user agents, and asking all tables takes longer than the hit.
@lru_cache(maxsize=1024)
def _classify_agent(agent: str) -> Rule:
    if not agent:
        return rules.NO_AGENT
    without_device = _DEVICE.sub("", agent)
    return (
        _first_match(rules.EMAIL_RULES, agent)
        or _first_match(rules.MACHINE_RULES, without_device)
        or _first_match(rules.READER_OR_PREFETCH_RULES, agent)
        or _first_match(rules.CLIENT_RULES, agent)
        or (rules.LISTED if _crawler_list()(without_device) else None)
        or _first_match(rules.BROWSER_RULES, agent)
        or rules.NOT_KNOWN
    )


def _first_match(table: tuple[Rule, ...], agent: str) -> Rule | None:
    return next((rule for rule, pattern in _compile(table) if pattern.search(agent)), None)


# Compiled when first needed, so that a process that classifies nothing does not wait for it.
@cache
def _compile(table: tuple[Rule, ...]) -> list[tuple[Rule, re.Pattern[str]]]:
    return [(rule, re.compile(rule.pattern, re.IGNORECASE)) for rule in table]


@cache
def _crawler_list() -> Callable[[str], bool]:
    """Return the function that knows the crawlers of the extra ``scanners``, if that is installed."""
    try:
        from crawleruseragents import is_crawler
    except ImportError:
        return lambda user_agent: False
    function: Callable[[str], bool] = is_crawler
    return function
