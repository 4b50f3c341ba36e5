"""Runs every code block of README and manual, and compares what they name with what there is."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command, get_commands
from django.test import Client, override_settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

import ptrack
from ptrack import conf, exceptions, hits, views
from ptrack.html import URL_MAX_LENGTH
from ptrack.testing import open_mail

from snippets import ROOT, Page, Project, is_excused, read_ini, tox_environments

PAGES = sorted((ROOT / "docs").glob("*.md"))
README = ROOT / "README.md"
#: What GitHub shows to visitors, and what the sources of a release hold.
FILES = [*sorted(ROOT.glob("*.md")), *PAGES]
PROJECTS = [README, ROOT / "docs" / "getting-started.md"]
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in (README, *PAGES))
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in Path(ptrack.__file__).parent.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture
def namespace(opens: list[Any], caplog: Any, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the hidden blocks of a page may use."""
    user = SimpleNamespace(pk=7, username="ada", email="ada@example.com")
    return {
        **{"ptrack": ptrack, "pytest": pytest, "Client": Client, "open_mail": open_mail},
        **{"call_command": call_command, "override_settings": override_settings, "user": user, "reader": user},
        **{"opens": opens, "caplog": caplog, "mailoutbox": mailoutbox, "monkeypatch": monkeypatch},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("path", [path for path in PAGES if path not in PROJECTS], ids=name_of)
def test_the_code_of_a_page(path, namespace):
    Page(path, **namespace).run()


@pytest.mark.parametrize("path", PROJECTS, ids=name_of)
def test_the_project_of_a_page(path, namespace, tmp_path):
    Project(path, tmp_path, **namespace).run()


def tokens_of(path: Path) -> Iterator[Token]:
    for token in MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


@pytest.mark.parametrize("path", [README, *PAGES], ids=name_of)
def test_every_block_is_run_or_says_why_not(path):
    document = Page(path).document
    examples = {example.line for example in document.examples()}
    lines = document.text.splitlines(keepends=True)
    blocks = [token for token in tokens_of(path) if token.type in ("fence", "code_block")]
    unknown = [
        f"line {token.map[0] + 1}: {token.info}"
        for token in blocks
        if not token.info.startswith("{")
        and token.map[0] + 1 not in examples
        and not is_excused(document, len("".join(lines[: token.map[0]])))
    ]
    assert unknown == []


# What they name, and what there is


def test_the_settings_named_are_those_that_the_code_reads():
    assert set(re.findall(r"\bPTRACK_[A-Z_]+\b", TEXT)) == set(re.findall(r'"(PTRACK_[A-Z_]+)"', SOURCES))


@pytest.mark.parametrize("name", sorted(set(re.findall(r'"(PTRACK_[A-Z_]+)"', SOURCES))))
def test_a_setting_has_a_section_with_type_default_and_example(name):
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", page.partition(f"## `{name}`\n")[2], flags=re.MULTILINE)[0]
    assert re.search(r"^- \*\*Type:\*\* ", section, re.MULTILINE)
    assert re.search(r"^- \*\*Default:\*\* ", section, re.MULTILINE)
    assert re.search(r"^- \*\*Refused:\*\* ", section, re.MULTILINE)
    assert re.search(rf"^{name} = ", section, re.MULTILINE)


def test_no_secret_is_shown_empty():
    shown = re.findall(r"PTRACK_SECRET\w* *= *(.+)", TEXT)
    assert shown
    assert not {'""', "''", "[]", "()", "None"} & set(shown)


def test_the_checks_named_are_those_that_the_code_has():
    in_code = set(re.findall(r'"(ptrack\.[EWI]\d+)"', SOURCES))
    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(ptrack\.[EWI]\d+)`", page, re.MULTILINE)) == in_code
    assert set(re.findall(r"\bptrack\.[EWI]\d+", TEXT)) == in_code


def test_the_table_of_rules_is_made_from_the_rules(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "docs")
    table = importlib.import_module("rules_table")
    assert (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8").count(table.PLACEHOLDER) == 1
    rows = re.findall(r"^\| [\d, ]+ \| `([a-z-]+)` \| `(\w+)` \| .*\|$", table.make_table(), re.MULTILINE)
    tables = [value for value in vars(hits.rules).values() if isinstance(value, (tuple, hits.Rule))]
    rules = [rule for value in tables for rule in ([value] if isinstance(value, hits.Rule) else value)]
    assert sorted(rows) == sorted((rule.code, str(rule.kind)) for rule in rules if isinstance(rule, hits.Rule))


def test_the_commands_named_are_those_that_there_are():
    ours = {name for name, app in get_commands().items() if app in ("ptrack", "ptrack.opens")}
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^### `(\w+)`", page, re.MULTILINE)) == ours
    assert set(re.findall(r"manage\.py (ptrack_\w+)", TEXT)) == ours


def test_the_exceptions_named_are_those_that_there_are():
    in_code = {name for name, value in vars(exceptions).items() if isinstance(value, type) and "Error" in name}
    assert set(re.findall(r"\bPtrack\w*Error\b", TEXT)) == in_code


def test_the_dotted_names_exist():
    names = set(re.findall(r"(?<![\w./])ptrack(?:\.(?![EWI]\d)[A-Za-z_]\w*)+(?![\w/])", TEXT))
    assert {"ptrack.tracker.unregister", "ptrack.testing.open_mail", "ptrack.apps.SimplePtrackConfig"} <= names
    for name in names:
        pkgutil.resolve_name(name)


def test_the_public_names_are_in_the_reference():
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\.\. auto\w+:: ptrack\.(\w+)$", page, re.MULTILINE))
    assert {*ptrack.__all__, "BackgroundPixel"} - {"ptrack_encoder", "tracker"} <= documented
    assert {"ptrack.ptrack_encoder", "ptrack.tracker"} <= set(re.findall(r"\.\. data:: (\S+)", page))


def test_the_attributes_of_a_hit_are_listed():
    page = (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")
    hit = hits.Hit("token", {}, 0.0)
    public = {name for name in (*dir(hits.Hit), *vars(hit)) if not name.startswith("_")}
    assert public | {"kind.is_open"} <= set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE))


def test_the_kinds_are_listed_with_what_counts():
    page = (ROOT / "docs" / "kinds.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (yes|no|undecided) \|$", page, re.MULTILINE)
    words = {True: "yes", False: "no", None: "undecided"}
    assert rows == [(str(kind), words[kind.is_open]) for kind in hits.HitKind]


@pytest.mark.parametrize(
    "promise",
    [
        f"{URL_MAX_LENGTH:,} characters",
        f"{views.TOKEN_MAX_LENGTH:,} characters",
        f"{len(views.TRANSPARENT_1_PIXEL_GIF)} bytes",
        f"1 to {conf.SECRET_MAX_BYTES} bytes",
    ],
)
def test_a_figure_is_that_of_the_code(promise):
    assert promise in " ".join(TEXT.split())


def test_the_versions_required_are_those_of_the_metadata():
    metadata = read_ini("setup.cfg")
    readme = " ".join(README.read_text(encoding="utf-8").split())
    python = metadata["options"]["python_requires"].removeprefix(">=")
    django, pynacl = (line.partition(">=")[2] for line in metadata["options"]["install_requires"].split())
    *others, newest = re.findall(r"Framework :: Django :: (\S+)", metadata["metadata"]["classifiers"])
    assert django == others[0]
    for promise in (
        f"Python {python} or newer",
        f"Django {', '.join(others)} and {newest}",
        f"PyNaCl {pynacl} or newer",
    ):
        assert promise in readme


def test_the_environments_of_tox_named_are_those_that_there_are():
    files = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    named = set(re.findall(r"tox run -e ([\w-]+)", files))
    assert named <= tox_environments()


# README.md


def test_the_readme_is_short():
    assert README.stat().st_size <= 12_288


def test_the_commands_of_the_readme_are_those_that_are_tried():
    lines = README.read_text(encoding="utf-8").splitlines()
    tests = "python3 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox run"
    assert tests in lines
    assert f"{tests} -e demo" in lines


# Links


def to_anchor(title: str) -> str:
    """Return the anchor that GitHub and MyST give a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def anchors_of(path: Path) -> set[str]:
    return {
        to_anchor("".join(child.content for child in after.children or ()))
        for token, after in pairwise(tokens_of(path))
        if token.type == "heading_open"
    }


def links_of(path: Path) -> list[str]:
    return [str(token.attrs.get("href") or token.attrs.get("src")) for token in tokens_of(path) if is_link(token)]


def is_link(token: Token) -> bool:
    return token.type in ("link_open", "image")


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_links_lead_somewhere(path):
    for link in links_of(path):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https", link
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc), link
            continue
        target = path.parent / parts.path if parts.path else path
        assert target.exists(), link
        if parts.fragment:
            assert parts.fragment in anchors_of(target), link
