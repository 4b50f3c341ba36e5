"""The site's own rules, the setting ``PTRACK_RULES``, judged before they are used."""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from ptrack import conf
from ptrack._logging import log

from .kinds import PATTERN_FLAGS, HitKind, Rule

_CODE = r"(?=.{1,40}\Z)[a-z0-9]+(?:-[a-z0-9]+)*"


def check_site_rules() -> tuple[Rule, ...]:
    """Return the rules of ``PTRACK_RULES``.

    Raises ``ImproperlyConfigured``, which names the rule, when the setting is not a list of
    good ones.
    """
    value = conf.rules()
    if not isinstance(value, (list, tuple)):
        raise ImproperlyConfigured(
            f"PTRACK_RULES is of type {type(value).__name__}: use a list of ptrack.hits.Rule, or its dotted path."
        )
    for number, rule in enumerate(value, start=1):
        if fault := _find_fault(rule):
            raise ImproperlyConfigured(f"PTRACK_RULES, item {number}{_name(rule)}, {fault}.")
    return tuple(value)


@cache
def site_rules() -> tuple[Rule, ...]:
    """Return the rules of ``PTRACK_RULES``, or none if one is bad, which is logged once."""
    try:
        return check_site_rules()
    except ImproperlyConfigured as error:
        log(
            logging.ERROR,
            "%s Until this is corrected, hits are judged without the rules of the site.",
            str(error),
        )
        return ()


def _forget(*, setting: str, **signal: Any) -> None:
    if setting == "PTRACK_RULES":
        site_rules.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ptrack.hits.site_rules")


def _name(rule: object) -> str:
    return f" ({rule.code!r})" if isinstance(rule, Rule) else ""


def _find_fault(rule: object) -> str | None:
    """Return what is wrong with a rule, or None."""
    if not isinstance(rule, Rule):
        return f"is of type {type(rule).__name__}: use ptrack.hits.Rule"
    if not isinstance(rule.kind, HitKind):
        return f"has the kind {rule.kind!r}: use one of ptrack.hits.HitKind"
    if not isinstance(rule.code, str) or not re.fullmatch(_CODE, rule.code):
        return "has a bad code: use at most 40 lower-case letters, digits and hyphens, such as 'our-monitor'"
    if not isinstance(rule.pattern, str) or not rule.pattern:
        return "has no pattern: use a regular expression that is found in the user agent"
    if not all(isinstance(text, str) for text in rule[3:]):
        return "has a source, matches or leaves that is not a str"
    return _find_fault_of_pattern(rule)


def _find_fault_of_pattern(rule: Rule) -> str | None:
    try:
        pattern = re.compile(rule.pattern, PATTERN_FLAGS)
    except Exception as error:
        return f"has a pattern that is no regular expression ({error})"
    if rule.matches and not pattern.search(rule.matches):
        return f"does not find its pattern in its own example {rule.matches!r}"
    if rule.leaves and pattern.search(rule.leaves):
        return f"finds its pattern in {rule.leaves!r}, which it should leave"
    return None
