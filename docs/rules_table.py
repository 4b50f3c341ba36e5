"""Makes the table of the rules on hits, which the manual shows, from the rules themselves."""

from __future__ import annotations

import re

from ptrack.hits import Rule, rules
from ptrack.hits.kinds import PATTERN_FLAGS

#: The line of a page that the table replaces.
PLACEHOLDER = "<!-- the table of rules -->"

#: Characters of an example that are shown.
EXAMPLE_MAX_LENGTH = 48

#: The tables by the steps in which they are asked.
STEPS = (
    ("1", (*rules.DECLARATIONS, *rules.KNOWN_ON_CLICKS, *rules.KNOWN)),
    ("2", rules.NAVIGATION),
    ("3", rules.PROXIES),
    ("4", (*rules.EMAIL_CLIENTS, *rules.EMAIL_APPS)),
    ("5", rules.WEB_VIEWS),
    ("6", (*rules.MACHINES, *rules.ROBOT_HEADERS, *rules.DESKTOP_APPS)),
    ("7", (rules.LISTED,)),
    ("8, 9", (*rules.BROWSERS, rules.NO_ENGINE, *rules.SENDERS_OF_FETCH_MODE)),
)


def find_example(rule: Rule) -> str:
    """Return what a rule finds in its example, or the example, shortened."""
    match = re.search(rule.pattern, rule.matches, PATTERN_FLAGS)
    found = (match.group() if match else "") or rule.matches
    return found if len(found) <= EXAMPLE_MAX_LENGTH else found[: EXAMPLE_MAX_LENGTH - 1] + "…"


def make_table() -> str:
    """Return the table in Markdown."""
    rows = [
        f"| {step} | `{rule.code}` | `{rule.kind}` | {f'`{example}`' if example else ''} |"
        for step, table in STEPS
        for rule in table
        for example in [find_example(rule).replace("|", r"\|").strip()]
    ]
    return "\n".join(["| step | code | kind | finds, for example |", "|---|---|---|---|", *rows])
