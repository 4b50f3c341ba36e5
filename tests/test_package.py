from __future__ import annotations

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ptrack
from ptrack import encoder, exceptions, trackers, views
from ptrack.templatetags.ptrack import ptrack as tag


def run_alone(code):
    """Run code in a process of its own, where nothing is imported yet and warnings are errors."""
    path = str(Path(ptrack.__file__).parents[1])
    command = [sys.executable, "-I", "-W", "error", "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, env={})


def test_these_are_the_public_names():
    assert ptrack.__all__ == sorted(ptrack.__all__, key=lambda name: (name.islower(), name))
    public = {name for name in vars(ptrack) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(ptrack, name)) is type(ptrack)}
    assert public - modules - {"annotations"} == set(ptrack.__all__)
    assert all(hasattr(ptrack, name) for name in ptrack.__all__)
    assert not hasattr(ptrack, "settings")


def test_code_for_3_0_0_finds_the_names_that_it_uses():
    assert trackers.Tracker is ptrack.Tracker
    assert encoder.PtrackEncoder is ptrack.PtrackEncoder is ptrack.ptrack_encoder
    assert type(ptrack.tracker._registry) is dict
    assert tag("welcome").startswith("<img src=")
    assert views.TRANSPARENT_1_PIXEL_GIF.startswith(b"GIF89a")
    assert ptrack.exceptions is exceptions


def test_there_is_no_module_that_autodiscovery_would_import():
    assert not (Path(ptrack.__file__).parent / "pixels.py").exists()


IMPORT_ALONE = """
import sys
import ptrack
from ptrack import *
from django.conf import settings
assert not settings.configured
assert list(ptrack.tracker) == []
@ptrack.tracker.register
class Pixel(ptrack.TrackingPixel):
    def record(self): pass
assert not settings.configured
assert not {"ptrack.background", "ptrack.views", "ptrack.testing", "django.contrib.auth"} & set(sys.modules)
from django.core.exceptions import ImproperlyConfigured
try:
    ptrack.pixel_url()
except ImproperlyConfigured as error:
    assert "settings are not configured" in str(error)
    print("done")
"""


def test_importing_it_needs_and_reads_no_settings():
    result = run_alone(IMPORT_ALONE)
    assert (result.stdout, result.stderr) == ("done\n", "")


MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(ptrack.__path__, "ptrack.")
    # Its modules need the app registry.
    if not name.startswith("ptrack.opens")
]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_may_be_imported_first(module):
    result = run_alone(f"from django.conf import settings; settings.configure(); import {module}")
    assert (result.returncode, result.stderr) == (0, "")


CORE_SITE = """
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["ptrack"], ROOT_URLCONF="core_site", PTRACK_SECRET="secret", ALLOWED_HOSTS=["*"],
    PTRACK_APP_URL="http://testserver",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)
import types
import django
django.setup()
from django.urls import include, path
sys.modules["core_site"] = types.ModuleType("core_site")
sys.modules["core_site"].urlpatterns = [path("p/", include("ptrack.urls"))]
import ptrack
seen = []
@ptrack.tracker.register
class Pixel(ptrack.TrackingPixel):
    def record(self, request, *args): seen.append((args, request.ptrack.age is not None, len(request.ptrack.pixel_id)))
from django.core.management import call_command
call_command("check")
from django.template import engines
from ptrack.testing import open_mail
open_mail(engines["django"].from_string("{% load ptrack %}{% ptrack 'a' %}").render())
assert seen == [(("a",), True, 32)]
opt_in = {"ptrack.background", "ptrack.wsgi", "ptrack.opens"}
others = {"django.tasks", "django_tasks", "crawleruseragents", "django.contrib.admin"}
print(*sorted((opt_in | others) & set(sys.modules)))
"""


def test_a_site_that_uses_the_core_imports_the_core_alone():
    result = run_alone(CORE_SITE)
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == ""


def layers_of_the_map():
    """Return the layer of each module, from 0 upward, as the docstring of the package lists them."""
    block = re.search(r"above its own::\n\n((?: {4}.+\n)+)", ptrack.__doc__)[1]
    return {name: number for number, line in enumerate(block.splitlines()) for name in line.split()}


def imports_of(path):
    """Yield the names of the modules of ptrack that a module imports, as the map spells them."""
    package = ["ptrack", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.level or node.module.split(".")[0] == "ptrack"):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = [*above, *(node.module or "").split(".")] if node.module else above
            for alias in node.names:
                name = ".".join([*module, alias.name]).removeprefix("ptrack.")
                yield next((known for known in (name, name.rpartition(".")[0]) if known in LAYERS), "")


PACKAGE = Path(ptrack.__file__).parent
LAYERS = layers_of_the_map()
OPT_IN = {"background", "wsgi", "testing", "opens"}


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("opens", "templatetags")])
def test_a_module_imports_only_from_the_layers_above_it(name):
    path = PACKAGE / f"{name.replace('.', '/')}.py"
    imported = [*imports_of(path if path.exists() else PACKAGE / name / "__init__.py")]
    assert [other for other in imported if other and LAYERS[other] >= LAYERS[name]] == []
    # The core imports no opt-in module.
    assert name in OPT_IN or not OPT_IN & {*imported}


def test_the_map_names_every_module():
    top, hits = ({path.stem for path in folder.glob("*.py")} for folder in (PACKAGE, PACKAGE / "hits"))
    modules = {*top, *(f"hits.{name}" for name in hits)} - {"__init__", "hits.__init__"}
    assert modules == set(LAYERS) - {"hits", "opens", "templatetags"}
    assert {"conf", "encoder"} <= set(imports_of(PACKAGE / "html.py"))


def test_the_map_of_the_stored_hits_names_every_module():
    folder = PACKAGE / "opens"
    # Its docstring is read, not imported: the app may not be installed.
    named = {*re.findall(r"``(\w+)``", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())))}
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} - named == set()
    assert {name for name in named if name.islower()} <= {path.stem for path in folder.glob("*.py")}


def test_modules_are_short():
    lines = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py") if path.name != "rules.py"}
    assert {path: number for path, number in lines.items() if number > 250} == {}
