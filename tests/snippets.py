"""Runs the code blocks of README and manual: those of one page in order, in one namespace."""

from __future__ import annotations

import configparser
import io
import os
import re
import shlex
import subprocess
import sys
import types
from contextlib import ExitStack, redirect_stdout
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.template import engines
from django.test import override_settings
from sybil import Document, Example
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.myst import CodeBlockParser

ROOT = Path(__file__).parents[1]

#: What stands in a page for a token, and what a token looks like.
TOKEN, TOKEN_PATTERN = "TOKEN", r"[\w-]{64,}"
#: What a page shows where its reader puts in what ``ptrack_secret`` printed.
UNREPLACED_SECRET = "replace this by what ptrack_secret printed"

_EXCUSE = re.compile(r"[ \t]*(?:%|<!--) not run: \S.*")
_FILE_NAME = re.compile(r"(?:#|\{#) ([\w./]+\.(?:py|html))")
_COMMANDS_OF_PTRACK = ("decode", "erase", "export", "prune", "reclassify", "report", "secret")
_HARMLESS_COMMANDS = ("check", *(f"ptrack_{name}" for name in _COMMANDS_OF_PTRACK))
_INSTALLED_BY_NAME = {"django-tasks-db", "django-tasks-rq"}


def is_excused(document: Document, start: int) -> bool:
    """Return whether the line before a position says why the block there is not run."""
    return bool(_EXCUSE.match(document.text[:start].splitlines()[-1]))


def file_named_in(code: str) -> str:
    """Return the file that the first line of a block names, or an empty str."""
    found = _FILE_NAME.match(code)
    return found[1] if found else ""


def read_ini(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / name, encoding="utf-8")
    return parser


def assert_same(shown: str, real: str) -> None:
    """Compare two texts; ``TOKEN`` in the shown one stands for any token."""
    pattern = re.escape(shown.strip()).replace(TOKEN, TOKEN_PATTERN)
    assert re.fullmatch(pattern, real.strip()), f"shown:\n{shown}\nbut it is:\n{real}"


class Page:
    """A page of the manual, whose blocks run in the test project."""

    def __init__(self, path: Path, **namespace: Any) -> None:
        languages = {
            "python": self.run_python,
            "django": self.render_django,
            "jinja": self.render_jinja,
            "html": self.compare_html,
            "text": self.compare_text,
            "http": self.compare_headers,
            "sh": self.run_shell,
        }
        parsers = [CodeBlockParser(language, evaluator) for language, evaluator in languages.items()]
        self.document = Document.parse(str(path), *parsers)
        self.namespace = self.document.namespace
        self.namespace.update(namespace, __name__="mysite.pixels", page=self)
        self.printed = io.StringIO()
        self._execute = PythonEvaluator()
        self._overrides = ExitStack()

    def run(self) -> None:
        with self._overrides:
            for example in self.document.examples():
                if not is_excused(self.document, example.region.start):
                    with redirect_stdout(self.printed):
                        example.evaluate()

    def override(self, **values: Any) -> None:
        """Let settings be in force until the end of the page."""
        self._overrides.enter_context(override_settings(**values))

    def run_python(self, example: Example) -> None:
        name = file_named_in(example.parsed)
        if name.endswith("settings.py"):
            self.override(**settings_in(example.parsed))
        elif name.endswith("urls.py"):
            urls = types.ModuleType("urls")
            exec(compile(example.parsed, example.path, "exec"), vars(urls))
            self.override(ROOT_URLCONF=urls)
        else:
            self._execute(example)

    def render_django(self, example: Example) -> None:
        self.render(example, "django")

    def render_jinja(self, example: Example) -> None:
        self.render(example, "jinja2")

    def render(self, example: Example, engine: str) -> None:
        context = {name: value for name, value in self.namespace.items() if not isinstance(value, types.ModuleType)}
        self.namespace["rendered"] = engines[engine].from_string(example.parsed).render(context)

    def compare_html(self, example: Example) -> None:
        assert_same(example.parsed, self.namespace["rendered"])

    def compare_text(self, example: Example) -> None:
        assert_same(example.parsed, self.take_printed())

    def compare_headers(self, example: Example) -> None:
        status, *headers = example.parsed.splitlines()
        response = self.namespace["response"]
        assert status == f"HTTP/1.1 {response.status_code} {response.reason_phrase}"
        assert dict(line.split(": ", 1) for line in headers) == dict(response.headers)

    def take_printed(self) -> str:
        """Return what was printed since this was asked last."""
        printed = self.printed.getvalue()
        self.printed.seek(0)
        self.printed.truncate()
        return printed

    def run_shell(self, example: Example) -> None:
        for line in example.parsed.splitlines():
            self.run_line(shlex.split(line))

    def run_line(self, words: list[str]) -> None:
        match words:
            case ["python", "manage.py", name, *options]:
                run_command(name, options)
            case ["pip", "install", *packages]:
                assert set(packages) <= installable()
            case _:
                is_known = words[:3] == ["tox", "run", "-e"] and words[3] in tox_environments()
                assert is_known, f"Say '% not run: ...' before a block with {shlex.join(words)!r}."


def settings_in(code: str) -> dict[str, Any]:
    """Return what the code of a settings module sets, or adds to the settings in force."""
    names = ("INSTALLED_APPS", "MIDDLEWARE", "TEMPLATES")
    module: dict[str, Any] = {name: list(getattr(settings, name)) for name in names}
    exec(code, module)
    module["INSTALLED_APPS"] = list(dict.fromkeys(module["INSTALLED_APPS"]))
    return {name: value for name, value in module.items() if name.isupper() and value != getattr(settings, name, None)}


def run_command(name: str, options: list[str]) -> None:
    """Check that ``manage.py`` has this command and takes these options; run it if it harms nothing."""
    app = get_commands()[name]
    load_command_class(app, name).create_parser("manage.py", name).parse_args(options)
    if name in _HARMLESS_COMMANDS:
        call_command(name, *options)


def installable() -> set[str]:
    """Return what ``pip install`` may be given: never the name that belongs to another project."""
    extras = read_ini("setup.cfg")["options.extras_require"]
    return {".", "/path/to/checkout", *(f".[{extra}]" for extra in extras), *_INSTALLED_BY_NAME}


def tox_environments() -> set[str]:
    tox = read_ini("tox.ini")
    sections = {name.removeprefix("testenv:") for name in tox.sections() if name.startswith("testenv:")}
    return sections | set(tox["tox"]["env_list"].split())


class Project(Page):
    """A page that makes a project: its files are written, and its commands run in processes of their own."""

    def __init__(self, path: Path, folder: Path, **namespace: Any) -> None:
        super().__init__(path, **namespace)
        self.folder = folder
        self.last_line = ""

    def run_python(self, example: Example) -> None:
        if not self.write(example):
            super().run_python(example)

    def render_django(self, example: Example) -> None:
        assert self.write(example)

    def compare_text(self, example: Example) -> None:
        # After what Django's server says when it starts.
        assert_same(example.parsed, "\n".join(self.take_printed().splitlines()[-example.parsed.count("\n") :]))

    def write(self, example: Example) -> bool:
        """Write the file that a block names, or append to the settings; return whether it names one."""
        name = file_named_in(example.parsed)
        if name:
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            former = file.read_text(encoding="utf-8") if file.name == "settings.py" else ""
            code = example.parsed.replace(UNREPLACED_SECRET, self.last_line)
            file.write_text(former + code, encoding="utf-8")
        return bool(name)

    def run_line(self, words: list[str]) -> None:
        match words:
            case ["django-admin", *arguments]:
                self.run_process("-m", "django", *arguments)
            case ["cd", folder]:
                self.folder = self.folder / folder
            case ["python", "manage.py", "runserver"]:
                self.serve(self.last_line)
            case ["python", "manage.py", *arguments]:
                self.run_process("manage.py", *arguments)
            case _:
                super().run_line(words)

    def command(self, *arguments: str) -> tuple[list[str], dict[str, Any]]:
        # The settings of the tests are not those of the project.
        environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        command = [sys.executable, "-W", "error", *arguments]
        return command, {"cwd": self.folder, "env": {**environ, "PYTHONUNBUFFERED": "1"}, "text": True}

    def run_process(self, *arguments: str, returncode: int = 0) -> None:
        command, options = self.command(*arguments)
        # What a command says of its work, it says on the standard error.
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, **options
        )
        assert done.returncode == returncode, done.stdout
        self.printed.write(done.stdout)
        self.last_line = (done.stdout.splitlines() or [""])[-1]

    def serve(self, url: str) -> None:
        """Start the development server, request a URL from it, and keep what it prints."""
        # Without the process that watches files, and at a free port.
        command, options = self.command("manage.py", "runserver", "--noreload", "0")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options) as server:
            ports = (re.search(r"http://127\.0\.0\.1:(\d+)/", line) for line in server.stdout)
            connection = HTTPConnection("127.0.0.1", int(next(filter(None, ports))[1]), timeout=60)
            connection.request("GET", urlsplit(url).path)
            self.namespace["response"] = connection.getresponse()
            self.namespace["response"].read()
            connection.close()
            server.terminate()
            self.printed.write("".join(line for line in server.stdout if not line.startswith("[")))
