"""Runs every snippet of the README, and compares what it promises with the code.

A snippet is named after the section it stands in and its place there: ``the-tag:2`` is the
second one under "The tag". Those whose first line names a file of ``mysite/`` or
``newsletter/`` make up a real project, which runs in processes of its own.
"""

from __future__ import annotations

import configparser
import logging
import os
import pkgutil
import re
import shlex
import subprocess
import sys
import time
import types
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import MagicMock
from urllib.parse import urlsplit

import pytest
from django.core import checks, signing
from django.core.cache import cache
from django.core.management import CommandError, call_command, get_commands
from django.template import engines
from django.test import Client, RequestFactory, override_settings

import ptrack
from ptrack import conf, encoder, exceptions, hits, views
from ptrack.exceptions import PtrackArgumentError
from ptrack.html import URL_MAX_LENGTH
from ptrack.opens.models import Open
from ptrack.opens.pixels import OpenPixel
from ptrack.testing import open_mail

from support import seal_json

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# A heading, or a snippet; the lines of a snippet that begin with "#" are no headings.
_HEADING_OR_SNIPPET = re.compile(
    r"^(?P<level>#+) (?P<title>[^\n]+)$|^```(?P<language>\w*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FILE_NAME = re.compile(r"^(?:#|\{#) ((?:mysite|newsletter)/[\w./]+)")
_UNREPLACED_SECRET = "replace this by what ptrack_secret printed"

pytestmark = pytest.mark.usefixtures("no_pixels")


class Snippet(NamedTuple):
    language: str
    code: str


def _to_anchor(title: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def _read(text: str) -> tuple[list[tuple[int, str]], dict[str, Snippet]]:
    """Return the headings, as levels and titles, and the snippets by name."""
    headings: list[tuple[int, str]] = []
    snippets: dict[str, Snippet] = {}
    numbers: Counter[str] = Counter()
    for found in _HEADING_OR_SNIPPET.finditer(text):
        if found["title"]:
            headings.append((len(found["level"]), found["title"]))
        else:
            section = _to_anchor(headings[-1][1])
            numbers[section] += 1
            snippets[f"{section}:{numbers[section]}"] = Snippet(found["language"], found["code"])
    return headings, snippets


HEADINGS, SNIPPETS = _read(README)
PROSE = re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)
CLAIMED: list[str] = []


def runs(*names: str) -> pytest.MarkDecorator:
    """Give a test the code of these snippets, as a list named ``snippets``."""
    CLAIMED.extend(names)
    return pytest.mark.parametrize("snippets", [names], indirect=True, ids=[names[0]])


@pytest.fixture
def snippets(request: pytest.FixtureRequest) -> list[str]:
    return [SNIPPETS[name].code for name in request.param]


def execute(code: str, name: str = "snippet", **variables: Any) -> types.ModuleType:
    """Run Python code as a module of its own and return it."""
    module = types.ModuleType(name)
    vars(module).update(variables)
    exec(compile(code, "README.md", "exec"), vars(module))
    return module


def settings_of(code: str) -> dict[str, Any]:
    """Return the settings that Python code makes, or adds to those of a project that has none yet."""
    former: dict[str, list[Any]] = {"INSTALLED_APPS": [], "TEMPLATES": []}
    module = execute(code, **former)
    return {name: value for name, value in vars(module).items() if name.isupper() and value != []}


def render(code: str, using: str = "django", **context: Any) -> str:
    return engines[using].from_string(code).render(context)


def path_of(url: str) -> str:
    return urlsplit(url).path


def check_ids() -> set[str]:
    return {message.id for message in checks.run_checks(tags=["ptrack"])}


def commands_of(code: str) -> list[list[str]]:
    """Return the arguments of ``manage.py`` in each line of a shell snippet."""
    lines = [shlex.split(line) for line in code.splitlines()]
    assert [line[:2] for line in lines] == [["python", "manage.py"]] * len(lines)
    return [line[2:] for line in lines]


# The README as a whole


def test_every_snippet_is_run():
    assert set(CLAIMED) == set(SNIPPETS)


def test_every_snippet_says_its_language():
    assert {snippet.language for snippet in SNIPPETS.values()} == {
        "django", "html", "http", "jinja", "python", "sh", "text",
    }  # fmt: skip


def test_no_line_is_too_long_for_an_editor_but_rows_of_tables_are():
    assert [line for line in README.splitlines() if len(line) > 140 and not line.startswith("|")] == []


def test_the_contents_list_every_section_in_order():
    sections = [title for level, title in HEADINGS if level == 2 and title != "Contents"]
    contents = README.partition("## Contents\n")[2].partition("\n## ")[0]
    assert re.findall(r"^- \[(.+)\]\(#(.+)\)$", contents, re.MULTILINE) == [
        (title, _to_anchor(title)) for title in sections
    ]


def test_links_lead_somewhere():
    links = set(re.findall(r"\]\(([^)]+)\)", PROSE))
    anchors = {f"#{_to_anchor(title)}" for _, title in HEADINGS}
    files = {link for link in links if not link.startswith("#")}
    assert links - files <= anchors
    assert "LICENSE" in files
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_headings_are_unambiguous():
    anchors = [_to_anchor(title) for _, title in HEADINGS]
    assert len(anchors) == len(set(anchors))


# What it promises, and what the code has


def _sources() -> str:
    package = Path(ptrack.__file__).parent
    return "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))


def test_the_settings_named_are_those_that_the_code_reads():
    in_readme = set(re.findall(r"\bPTRACK_[A-Z_]+\b", README))
    assert in_readme == set(re.findall(r'"(PTRACK_[A-Z_]+)"', _sources()))


@pytest.mark.parametrize(
    "name",
    [
        *("PTRACK_SECRET", "PTRACK_SECRET_FALLBACKS", "PTRACK_APP_URL"),
        *("PTRACK_OPENS_KEEP_ADDRESS", "PTRACK_OPENS_IN_BACKGROUND"),
    ],
)
def test_a_setting_has_a_heading_a_type_a_default_and_an_example(name):
    section = README.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
    assert re.search(r"^- Type: ", section, re.MULTILINE)
    assert re.search(r"^- Default: ", section, re.MULTILINE)
    assert re.search(rf"^{name} = ", SNIPPETS[f"{name.lower()}:1"].code, re.MULTILINE)


def test_no_secret_is_shown_empty():
    shown = re.findall(r"PTRACK_SECRET\w* *= *(.+)", README)
    assert shown
    assert not {'""', "''", "[]", "()", "None"} & set(shown)


def test_the_checks_listed_are_those_that_the_code_has():
    table = dict(re.findall(r"^\| `(ptrack\.[EWI]\d+)` \| (.+) \|$", README, re.MULTILINE))
    in_code = set(re.findall(r'id="(ptrack\.[EWI]\d+)"', _sources()))
    assert set(table) == in_code
    assert set(re.findall(r"\bptrack\.[EWI]\d+", README)) == in_code


def test_the_exceptions_named_are_those_that_there_are():
    in_code = {name for name, value in vars(exceptions).items() if isinstance(value, type) and "Error" in name}
    assert set(re.findall(r"\bPtrack\w*Error\b", README)) == in_code


def test_every_public_name_is_listed():
    listed = set(re.findall(r"`ptrack\.(\w+)`", README.partition("\n## Names\n")[2].partition("\n## ")[0]))
    assert listed == {"BackgroundPixel", *ptrack.__all__}


def test_every_dotted_name_exists():
    names = set(re.findall(r"(?<!request\.)\bptrack(?:\.(?![EWI]\d)[A-Za-z_]\w*)+", README))
    assert {"ptrack.tracker.unregister", "ptrack.testing.open_mail", "ptrack.apps.SimplePtrackConfig"} <= names
    for name in names:
        pkgutil.resolve_name(name)


def test_the_route():
    (row,) = re.findall(r"^\| URL name `(\w+)`, argument `(\w+)` \|", README, re.MULTILINE)
    urls = pkgutil.resolve_name("ptrack.urls:urlpatterns")
    assert (urls[0].name, *urls[0].pattern.regex.groupindex) == row


def test_every_command_is_explained():
    ours = {name for name, app in get_commands().items() if app in ("ptrack", "ptrack.opens")}
    section = README.partition("\n## Commands\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(ptrack_\w+)`", section)) == ours
    assert set(re.findall(r"manage\.py (ptrack_\w+)", README)) == ours


@pytest.mark.parametrize(
    "promise",
    [
        f"every address of over {URL_MAX_LENGTH:,} characters",
        f"more than {views.TOKEN_MAX_LENGTH:,} characters",
        f"GIF of {len(views.TRANSPARENT_1_PIXEL_GIF)} bytes",
        f"from 1 to {conf.SECRET_MAX_BYTES} bytes",
    ],
)
def test_a_figure_is_that_of_the_code(promise):
    assert promise in " ".join(README.split())


def test_the_versions_required_are_those_of_the_metadata():
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    options = metadata["options"]
    section = README.partition("\n## Requirements\n")[2].partition("\n## ")[0]
    assert f"- Python {options['python_requires'].removeprefix('>=')} or newer." in section
    django, pynacl = options["install_requires"].split()
    assert f"- Django {django.removeprefix('django>=')}," in section
    assert f"- PyNaCl {pynacl.removeprefix('pynacl>=')} or newer." in section
    supported = re.findall(r"Framework :: Django :: (\S+)", metadata["metadata"]["classifiers"])
    assert f"- Django {supported[0]}, {supported[1]} or {supported[2]}, on" in section
    assert len(supported) == 3


def test_the_changelog_begins_with_this_version():
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.findall(r"^## (\S+) \((\S+)\)$", changelog, re.MULTILINE)
    assert releases[0][0] == metadata["metadata"]["version"]
    dates = [date.fromisoformat(day) for _, day in releases]
    assert dates == sorted(dates, reverse=True)


# Try it, install, development


@runs("try-it:1", "try-it:2")
def test_try_it(snippets):
    demo, tests = (line.rstrip() for line in snippets)
    assert tests == "python3 -m venv .venv && .venv/bin/pip install tox && .venv/bin/tox run"
    assert demo == f"{tests} -e demo"


def test_tox_environments():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    listed = set(tox["tox"]["env_list"].split())
    sections = {name.removeprefix("testenv:") for name in tox.sections() if name.startswith("testenv:")}
    rows = re.findall(r"^\| `tox run -e ([\w-]+)` \| ", README, re.MULTILINE)
    assert set(rows[1:]) == sections
    assert rows[0] in listed
    assert set(re.findall(r"tox run -e ([\w-]+)", README)) == set(rows)
    # The README says that the last three are run by hand.
    assert sections - listed == set(rows[-3:])


@runs("install:1", "install:2", "install:3")
def test_what_is_installed_comes_from_a_checkout(snippets):
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = [shlex.split(code) for code in snippets]
    assert [line[:2] for line in lines] == [["pip", "install"]] * 3
    assert [line[2:] for line in lines] == [["."], ["/path/to/checkout"], [".[tests]"]]
    assert "tests" in metadata["options.extras_require"]


def test_nothing_is_installed_by_the_name_that_belongs_to_others():
    installed = set(re.findall(r"pip install ([^\s`]+)", README))
    ours = {".", "/path/to/checkout", '".[tests]"', '".[scanners]"', '".[tasks]"'}
    assert installed == {*ours, "django-tasks-db", "tox"}


# A project made with the README


class Site:
    """A project, in which ``manage.py`` runs in processes of its own, with warnings as errors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = os.environ | {"DJANGO_SETTINGS_MODULE": "mysite.settings", "PYTHONUNBUFFERED": "1"}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-W", "error", "manage.py", *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def write(self, name: str, code: str) -> None:
        """Write a file, or append to the settings."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        former = path.read_text(encoding="utf-8") if path.name == "settings.py" else ""
        path.write_text(former + code, encoding="utf-8")

    def get(self, runserver: list[str], *paths: str) -> str:
        """Start a server, load paths from it, and return all it printed."""
        process = subprocess.Popen(
            # Without the process that watches files, and at a free port.
            self.command(*runserver, "--noreload", "0"),
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            ready = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)/", line) for line in process.stdout)))
            for path in paths:
                connection = HTTPConnection("127.0.0.1", int(ready[1]), timeout=60)
                connection.request("GET", path)
                assert connection.getresponse().read() == views.TRANSPARENT_1_PIXEL_GIF
                connection.close()
            process.terminate()
            return process.stdout.read()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    startproject = [sys.executable, "-m", "django", "startproject", "mysite", "."]
    subprocess.run(startproject, cwd=folder, check=True, timeout=120)
    site = Site(folder)
    site.write("mysite/settings.py", SNIPPETS["quick-start:1"].code)
    secret = site.run(*commands_of(SNIPPETS["quick-start:2"].code)[0]).stdout.strip()
    site.run(*commands_of(SNIPPETS["a-complete-example:1"].code)[0])
    for name in ("quick-start:3", "quick-start:4", "quick-start:5", *COMPLETE_EXAMPLE, LOGGING_EXAMPLE):
        code = SNIPPETS[name].code
        site.write(_FILE_NAME.match(code)[1], code.replace(_UNREPLACED_SECRET, secret))
    return site


COMPLETE_EXAMPLE = tuple(f"a-complete-example:{number}" for number in range(2, 8))
LOGGING_EXAMPLE = "several-pixels-slow-pixels-failing-pixels:1"


@runs(*(f"quick-start:{number}" for number in range(1, 9)), LOGGING_EXAMPLE)
def test_the_quick_start_records_an_open(snippets, site):
    check, shell = commands_of(snippets[5])
    checked = site.run(*check)
    assert (checked.returncode, checked.stdout) == (0, "System check identified no issues (0 silenced).\n")
    address = site.run(*shell).stdout.splitlines()[-1]
    assert address.startswith("http://127.0.0.1:8000/ptrack/")
    (runserver,) = commands_of(snippets[6])
    printed = site.get(runserver, path_of(address), "/ptrack/junk/")
    assert printed.count(snippets[7]) == 1
    assert printed.count("opened") == 1
    assert printed.count("A token could not be read") == 1


def test_a_secret_that_was_not_replaced_is_an_error():
    secret = settings_of(SNIPPETS["quick-start:3"].code)["PTRACK_SECRET"]
    assert secret == _UNREPLACED_SECRET
    with override_settings(PTRACK_SECRET=secret):
        assert check_ids() == {"ptrack.E001", "ptrack.I001"}


@runs("a-complete-example:1", *COMPLETE_EXAMPLE, "a-complete-example:8")
def test_the_complete_example_passes_its_own_test(snippets, site):
    makemigrations, migrate, test = commands_of(snippets[-1])
    assert "Create model Open" in site.run(*makemigrations).stdout
    assert "Applying newsletter.0001_initial... OK" in site.run(*migrate).stdout
    tested = site.run(*test)
    assert tested.returncode == 0
    assert re.findall(r"^(?:Ran \d+ test|OK)\b", tested.stderr, re.MULTILINE) == ["Ran 1 test", "OK"]
    # The same without the pixel, as a test that cannot fail shows nothing.
    pixels = site.folder / "newsletter" / "pixels.py"
    pixels.rename(pixels.with_suffix(".away"))
    failed = site.run(*test)
    pixels.with_suffix(".away").rename(pixels)
    assert (failed.returncode, "DoesNotExist" in failed.stderr) == (1, True)


def test_the_pixel_of_the_complete_example_minds_its_own_mail(monkeypatch):
    models = types.ModuleType("newsletter.models")
    models.Open = MagicMock()
    monkeypatch.setitem(sys.modules, "newsletter", types.ModuleType("newsletter"))
    monkeypatch.setitem(sys.modules, "newsletter.models", models)
    execute(SNIPPETS["a-complete-example:4"].code, "newsletter.pixels", __package__="newsletter")
    open_mail(ptrack.pixel_img("welcome", user=7) + ptrack.pixel_img("signup", user=7))
    models.Open.objects.create.assert_called_once_with(mail="signup", user_id=7)


@runs("checks:1")
def test_the_checks_can_be_run_alone(snippets, site):
    alone, deployed = commands_of(snippets[0])
    assert deployed == [*alone, "--deploy"]
    for command in (alone, deployed):
        checked = site.run(*command)
        assert (checked.returncode, checked.stdout) == (0, "System check identified no issues (0 silenced).\n")


# Each snippet alone


@runs("ptrack:1", "ptrack:2", "ptrack:3")
def test_the_first_example(snippets, capsys):
    template, pixels, printed = snippets
    execute(pixels)
    open_mail(render(template))
    assert capsys.readouterr().out == printed


@runs("ptrack_secret:1")
def test_ptrack_secret(snippets, monkeypatch):
    output = StringIO()
    call_command("ptrack_secret", stdout=output)
    monkeypatch.setenv("PTRACK_SECRET", output.getvalue().strip())
    with override_settings(**settings_of(snippets[0])):
        assert conf.secret() == output.getvalue().strip().encode()
    monkeypatch.delenv("PTRACK_SECRET")
    with override_settings(**settings_of(snippets[0])):
        assert check_ids() == {"ptrack.E001", "ptrack.I001"}


@runs("ptrack_secret_fallbacks:1")
def test_ptrack_secret_fallbacks(snippets, opens):
    with override_settings(PTRACK_SECRET="the secret of last year"):
        html = ptrack.pixel_img("old")
    open_mail(html)
    assert opens == []
    with override_settings(**settings_of(snippets[0])):
        open_mail(html)
    assert opens == [(["old"], {})]


@runs("ptrack_app_url:1")
def test_ptrack_app_url(snippets):
    with override_settings(PTRACK_APP_URL="https://another.example"), override_settings(**settings_of(snippets[0])):
        assert ptrack.pixel_url().startswith("https://www.example.com/ptrack/")
        assert check_ids() == {"ptrack.I001"}


@runs("djangos-allowed_hosts:1")
def test_allowed_hosts(snippets, opens):
    path = path_of(ptrack.pixel_url())
    middleware = ["django.middleware.common.CommonMiddleware"]
    with override_settings(MIDDLEWARE=middleware, ALLOWED_HOSTS=["elsewhere.example"]):
        assert Client().get(path, headers={"host": "www.example.com"}).status_code == 400
        with override_settings(**settings_of(snippets[0])):
            assert Client().get(path, headers={"host": "www.example.com"}).status_code == 200
    assert opens == [([], {})]


def user(**attributes: object) -> types.SimpleNamespace:
    return types.SimpleNamespace(**{"pk": 7, **attributes})


@runs("the-tag:1", "the-tag:2")
def test_the_tag(snippets, opens):
    template, expected = snippets
    html = render(template, user=user()).strip()
    before, after = expected.strip().split("TOKEN")
    token = html.removeprefix(before).removesuffix(after)
    assert html == f"{before}{token}{after}"
    assert re.fullmatch(r"[\w-]+", token)
    open_mail(html)
    assert opens == [(["welcome"], {"user": 7})]


@runs("what-it-takes:1")
def test_the_tag_keeps_its_output_for_later(snippets, opens):
    html = render(snippets[0], user=user()).strip()
    assert re.fullmatch(r"<table><tr><td><img [^<>]+></td></tr></table>", html)
    open_mail(html)
    assert opens == [(["welcome"], {"user": 7})]


def test_tags_within_sentences(opens):
    tags = re.findall(r"`(\{% ptrack[^`]*%\})`", PROSE)
    key = uuid.UUID(int=7)
    for tag in tags:
        open_mail(render("{% load ptrack %}" + tag, user=user(pk=key)))
    assert opens == [([], {"user": str(key)}), ([], {}), (["newsletter"], {"campaign": "spring"}), ([], {})]


def test_what_the_tag_takes(opens):
    tag = "{% load ptrack %}{% ptrack value %}"
    open_mail(render(tag, value=True) + render(tag))
    assert opens == [([True], {}), ([""], {})]
    for refused in (None, 0.5, [], date(2026, 1, 1), user()):
        with pytest.raises(PtrackArgumentError, match=rf"argument 1 of type {type(refused).__name__}"):
            render(tag, value=refused)
    for taken in ("self", "request"):
        with pytest.raises(PtrackArgumentError):
            render(f"{{% load ptrack %}}{{% ptrack {taken}=1 %}}")


def test_half_of_the_limit_leaves_room(caplog):
    ptrack.pixel_url("x" * (URL_MAX_LENGTH // 2))
    assert caplog.messages == []
    ptrack.pixel_url("x" * (URL_MAX_LENGTH - 100))
    assert len(caplog.messages) == 1


@runs("asking-for-consent:1")
def test_the_pixel_is_left_out_without_consent(snippets, opens):
    assert open_mail(render(snippets[0], reader=user(agreed_to_tracking=False))) == []
    assert len(open_mail(render(snippets[0], reader=user(agreed_to_tracking=True)))) == 1
    assert opens == [(["newsletter"], {"reader": 7})]


@runs("from-python:1")
def test_from_python(snippets, opens):
    module = execute(snippets[0])
    open_mail(f'<img src="{module.url}">')
    open_mail(module.html)
    assert opens == [(["welcome"], {"user": 7})] * 2


@runs("jinja2:1", "jinja2:2", "jinja2:3")
def test_jinja2(snippets, opens, monkeypatch):
    environment, settings, template = snippets
    monkeypatch.setitem(sys.modules, "mysite", types.ModuleType("mysite"))
    monkeypatch.setitem(sys.modules, "mysite.jinja2", execute(environment))
    with override_settings(**settings_of(settings)):
        engines["jinja2"].env.autoescape = True
        html = render(template, using="jinja2")
    open_mail(html)
    assert opens == [(["welcome"], {"user": 7})]


@runs("pixelspy:1")
def test_a_pixel_that_logs(snippets, caplog):
    caplog.set_level(logging.INFO)
    execute(snippets[0], "mysite.pixels")
    open_mail(ptrack.pixel_img("welcome", 7, campaign="spring"))
    lines = [record.getMessage() for record in caplog.records if record.name == "mysite.pixels"]
    assert lines == ["welcome", "7", "campaign: spring"]


@runs("the-request:1")
def test_a_pixel_that_takes_the_request(snippets, caplog):
    caplog.set_level(logging.INFO)
    execute(snippets[0], "mysite.pixels")
    open_mail(ptrack.pixel_img("welcome"), user_agent="Thunderbird")
    lines = [record.getMessage() for record in caplog.records if record.name == "mysite.pixels"]
    assert lines == ["('welcome',) was opened with Thunderbird"]


@runs("async:1")
def test_an_async_pixel(snippets):
    execute(snippets[0])
    cache.delete("opened-by-7")
    open_mail(ptrack.pixel_img("welcome", user=7))
    assert cache.get("opened-by-7") is True


@runs("one-object-for-all-threads:1")
def test_a_pixel_that_counts_in_many_threads(snippets):
    pixel_class = execute(snippets[0]).CountingPixel
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(open_mail, [ptrack.pixel_img()] * 40))
    pixel = ptrack.tracker._registry[pixel_class].pixel
    assert pixel.opens == 40
    # A lost count is rare without the lock, so look whether it is used at all.
    pixel.lock = MagicMock()
    open_mail(ptrack.pixel_img())
    pixel.lock.__enter__.assert_called_once_with()


@runs("urls:1", "urls:2")
def test_the_route_shown_answers_with_the_headers_shown(snippets, opens):
    urls, headers = snippets
    with override_settings(ROOT_URLCONF=execute(urls)):
        (response,) = open_mail(ptrack.pixel_img("welcome"))
        assert response.headers == dict(line.split(": ", 1) for line in headers.splitlines())
        assert not response.cookies
        assert checks.run_checks(tags=["ptrack"]) == []
    assert opens == [(["welcome"], {})]


def test_what_requests_are_answered_with(opens):
    rows = re.findall(r"^\| (.+) \| (.+) \|$", README.partition("\n## URLs\n")[2].partition("\n## ")[0], re.MULTILINE)
    assert [row[0] for row in rows] == [
        "request", "`GET`, readable token", "`GET`, anything else", "`HEAD`", "any other method",
    ]  # fmt: skip
    path = path_of(ptrack.pixel_url())
    good, bad, head = Client().get(path), Client().get(f"{path}x"), Client().head(path)
    assert good.content == bad.content == views.TRANSPARENT_1_PIXEL_GIF
    assert good.headers == bad.headers == head.headers
    assert [Client().generic(method, path).status_code for method in ("POST", "OPTIONS", "DELETE")] == [405] * 3
    assert opens == [([], {})]


@runs("changing-the-secret:1")
def test_the_secret_can_be_changed(snippets, opens, monkeypatch):
    with override_settings(PTRACK_SECRET="the former secret"):
        sent_before = ptrack.pixel_img("before")
    monkeypatch.setenv("PTRACK_SECRET", "the new secret")
    with override_settings(**settings_of(snippets[0])):
        sent_after = ptrack.pixel_img("after")
        open_mail(sent_before + sent_after)
    assert opens == [(["before"], {}), (["after"], {})]
    with override_settings(PTRACK_SECRET="the new secret"):
        open_mail(sent_before + sent_after)
    assert opens[2:] == [(["after"], {})]


@runs("an-encoder-of-your-own:1")
def test_an_encoder_of_your_own(snippets, opens, monkeypatch):
    sent_before = ptrack.pixel_img("before")
    execute(snippets[0])
    html = render("{% load ptrack %}{% ptrack 'welcome' tags=tags %}", tags=["a", None, 0.5])
    token = path_of(re.search(r'src="([^"]+)"', html)[1]).split("/")[2]
    assert signing.loads(token, salt="ptrack") == [["welcome"], {"tags": ["a", None, 0.5]}]
    open_mail(html)
    assert opens == [(["welcome"], {"tags": ["a", None, 0.5]})]
    open_mail(sent_before + html.replace(token, token[:-1]))
    assert len(opens) == 1
    days = 24 * 60 * 60
    now = signing.time.time()
    for age, recorded in ((89, 2), (91, 2)):
        monkeypatch.setattr(signing.time, "time", lambda age=age: now + age * days)
        open_mail(html)
        assert len(opens) == recorded


def test_an_encoder_that_falls_back_on_the_default_one(opens):
    sent_before = ptrack.pixel_img("before")
    signing_encoder = execute(SNIPPETS["an-encoder-of-your-own:1"].code).SigningEncoder
    (call,) = re.findall(r"falls back on `ptrack\.(\w+)\.(\w+)\(token\)`", " ".join(README.split()))
    fall_back = getattr(getattr(ptrack, call[0]), call[1])

    class BothEncoder(signing_encoder):
        @staticmethod
        def decrypt(token):
            try:
                return signing_encoder.decrypt(token)
            except signing.BadSignature:
                return fall_back(token)

    ptrack.ptrack_encoder = BothEncoder
    open_mail(sent_before + ptrack.pixel_img("after") + sent_before.replace("/ptrack/", "/ptrack/x"))
    assert opens == [(["before"], {}), (["after"], {})]


def test_a_token_of_any_characters_comes_back_from_an_address(opens):
    class OddEncoder:
        @staticmethod
        def encrypt(*args):
            return "".join(args)

        @staticmethod
        def decrypt(token):
            return (token,), {}

    ptrack.ptrack_encoder = OddEncoder
    odd = "é /?#%2F&+;\"'<>\n\0/"
    open_mail(ptrack.pixel_img(odd))
    assert opens == [([odd], {})]


@runs(*(f"two-sites-one-sends-one-records:{number}" for number in (1, 2, 3)))
def test_two_sites(snippets, monkeypatch, settings):
    monkeypatch.setenv("PTRACK_SECRET", "the secret that both sites share")
    internal, public, urls = snippets
    settings.ROOT_URLCONF = execute(urls)
    settings.ALLOWED_HOSTS = []
    del settings.PTRACK_SECRET
    del settings.PTRACK_APP_URL
    internal, public = settings_of(internal), settings_of(public)
    assert internal.pop("INSTALLED_APPS") == public.pop("INSTALLED_APPS") == ["ptrack"]
    with override_settings(**internal):
        url = ptrack.pixel_url("welcome", user=7)
        (message,) = checks.run_checks(tags=["ptrack"], include_deployment_checks=True)
        assert (message.id, message.is_silenced()) == ("ptrack.I001", True)
    assert url.startswith("https://www.example.com/ptrack/")
    recorded = []

    @ptrack.tracker.register
    class PublicPixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs):
            recorded.append((args, kwargs))

    with override_settings(**public, MIDDLEWARE=["django.middleware.common.CommonMiddleware"]):
        assert Client().get(path_of(url), headers={"host": urlsplit(url).netloc}).status_code == 200
        assert checks.run_checks(tags=["ptrack"], include_deployment_checks=True) == []
    assert recorded == [(("welcome",), {"user": 7})]


@runs("in-front-of-django:1")
def test_in_front_of_django(snippets, opens, unconnected):
    application = execute(snippets[0]).application
    environ = RequestFactory()._base_environ(PATH_INFO=path_of(ptrack.pixel_url("welcome")))
    with override_settings(MIDDLEWARE=["mysite.middleware.that.is.not.there"]):
        assert application(environ, lambda status, headers: None) == [views.TRANSPARENT_1_PIXEL_GIF]
    assert opens == [(["welcome"], {})]


@runs("moving-over-from-django-ptrack-300:1")
def test_a_pixel_written_for_the_former_package(snippets, capsys):
    execute(snippets[0])
    old_token = seal_json([["welcome", None], {"tags": [0.5]}])
    Client().get(f"/ptrack/{old_token}/")
    assert capsys.readouterr().out == "opened: GET ['welcome', None] {'tags': [0.5]}\n"


def keep_hits(monkeypatch):
    """Register the pixel of ptrack.opens, and let its rows come from a mail of three hits."""
    ptrack.tracker.register(OpenPixel)
    now = time.time()
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "time", types.SimpleNamespace(time=lambda: now - 2 * 3600 - 5 * 60))
        mail = ptrack.pixel_img("newsletter", campaign="spring")
        other = ptrack.pixel_img("newsletter", campaign="spring")
    for html, agent in ((mail, "Thunderbird"), (other, "YahooMailProxy"), (mail, "curl/8")):
        open_mail(html, user_agent=agent)


@runs("the-hit:1")
def test_the_hit(snippets, caplog):
    caplog.set_level(logging.INFO)
    execute(snippets[0], "mysite.pixels")
    mail = ptrack.pixel_img("welcome")
    for agent in ("Thunderbird", "curl/8.0", ""):
        open_mail(mail, user_agent=agent)
    (line,) = (record.getMessage() for record in caplog.records if record.name == "mysite.pixels")
    assert re.fullmatch(
        r"\('welcome',\) was opened after 0:00:0\S+ by a person: user agent contains \"Thunderbird\"", line
    )


def test_the_attributes_of_a_hit():
    section = README.partition("\n### The hit\n")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))
    hit = hits.Hit("token", {}, 0.0)
    public = {name for name in (*dir(hits.Hit), *vars(hit)) if not name.startswith("_")}
    assert listed == public | {"kind.is_open"}


def test_the_kinds():
    section = README.partition("\n### Who loaded it\n")[2].partition("\n### ")[0]
    words = {True: "yes", False: "no", None: "told apart, never guessed"}
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(str(kind), words[kind.is_open]) for kind in hits.HitKind]


@runs("the-hit:2")
def test_the_kinds_shown_are_those_that_classify_returns(snippets):
    execute(snippets[0])


@runs("the-hit:3", "slow-pixels-in-the-background:2")
def test_the_extras_installed_are_there(snippets):
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg", encoding="utf-8")
    for code in snippets:
        (extra,) = re.fullmatch(r'pip install "\.\[(\w+)\]"\n', code).groups()
        assert metadata["options.extras_require"][extra]


@runs("slow-pixels-in-the-background:1", "slow-pixels-in-the-background:3")
def test_a_background_pixel(snippets, mailoutbox):
    pixels, settings = snippets
    assert settings_of(settings)["TASKS"]["default"]["BACKEND"] == "django_tasks_db.DatabaseBackend"
    execute(pixels, "mysite.pixels")
    assert {"ptrack.W005"} <= check_ids()
    open_mail(ptrack.pixel_img("welcome"))
    assert re.fullmatch(r"\('welcome',\) after 0:00:0\S+", mailoutbox[0].body)


@pytest.mark.django_db
@runs(
    "keeping-and-showing-opens:1",
    "keeping-and-showing-opens:2",
    "keeping-and-showing-opens:3",
    "keeping-and-showing-opens:4",
    "retention:1",
)
def test_keeping_opens(snippets, monkeypatch):
    settings, migrate, report, printed, prune = snippets
    assert settings_of(settings) == {"INSTALLED_APPS": ["ptrack.opens"]}
    assert commands_of(migrate) == [["migrate"]]
    keep_hits(monkeypatch)
    output = StringIO()
    call_command(*commands_of(report)[0], stdout=output)
    assert output.getvalue().splitlines()[1:] == printed.splitlines()[1:]
    call_command(*commands_of(prune)[0], stdout=StringIO())
    assert Open.objects.count() == 3


@runs("ptrack_opens_keep_address:1", "ptrack_opens_in_background:1")
def test_settings_of_opens(snippets):
    keep, background = map(settings_of, snippets)
    assert not conf.opens_keep_address()
    assert not conf.opens_in_background()
    with override_settings(**keep, **background):
        assert conf.opens_keep_address()
        assert conf.opens_in_background()


@runs("which-engine:1")
def test_requeueing(snippets, monkeypatch):
    # Where the engine is installed, benchmarks/faults.py runs it for real.
    module = types.ModuleType("django_tasks_db.models")
    module.DBTaskResult = MagicMock()
    monkeypatch.setitem(sys.modules, "django_tasks_db", types.ModuleType("django_tasks_db"))
    monkeypatch.setitem(sys.modules, "django_tasks_db.models", module)
    execute(snippets[0])
    module.DBTaskResult.objects.filter.assert_called_once_with(status="RUNNING")
    assert module.DBTaskResult.objects.filter().update.call_args.kwargs == {"status": "READY", "started_at": None}


@runs("testing-your-pixels:1")
def test_opening_a_mail(snippets):
    user_agents = []

    @ptrack.tracker.register
    class UserAgentPixel(ptrack.TrackingPixel):
        def record(self, request, *args, **kwargs):
            user_agents.append(request.headers["User-Agent"])

    execute(snippets[0])
    assert user_agents == ["Thunderbird"]


@runs("testing-your-pixels:2")
def test_registering_a_pixel_temporarily(snippets):
    module = execute(snippets[0])
    assert len(module.seen) == 1
    open_mail(ptrack.pixel_img("afterwards"))
    assert len(module.seen) == 1


@runs("commands:1", "commands:2", "commands:3")
def test_the_commands(snippets):
    secret, decode, decoded = snippets
    output = StringIO()
    call_command(*commands_of(secret)[0], stdout=output)
    assert len(output.getvalue().strip()) == 32
    name, argument = commands_of(decode)[0]
    assert argument == "URL-or-token"
    url = ptrack.pixel_url("welcome", user=7)
    for given in (url, path_of(url).split("/")[2]):
        output = StringIO()
        call_command(name, "--", given, stdout=output)
        assert output.getvalue() == decoded
    with pytest.raises(CommandError) as caught:
        call_command(name, f"{url}x")
    assert caught.value.returncode == 1
