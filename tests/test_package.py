from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ptrack
from ptrack import encoder, exceptions, trackers, views
from ptrack.templatetags.ptrack import ptrack as tag

IMPORT_PATH = str(Path(ptrack.__file__).parents[1])


def test_these_are_the_public_names():
    assert ptrack.__all__ == sorted(ptrack.__all__, key=lambda name: (name.islower(), name))
    public = {name for name in vars(ptrack) if not name.startswith("_")}
    modules = {name for name in public if type(getattr(ptrack, name)) is type(ptrack)}
    assert public - modules - {"annotations"} == set(ptrack.__all__)
    assert all(hasattr(ptrack, name) for name in ptrack.__all__)
    assert not hasattr(ptrack, "settings")


def test_the_names_that_code_for_3_0_0_uses_are_kept():
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
assert ptrack.tracker._registry == {}
@ptrack.tracker.register
class Pixel(ptrack.TrackingPixel):
    def record(self): pass
assert not settings.configured
assert not {"ptrack.background", "ptrack.hits", "ptrack.views", "ptrack.checks", "ptrack.apps"} & set(sys.modules)
assert not {"django.contrib.auth", "ptrack.testing"} & set(sys.modules)
from django.core.exceptions import ImproperlyConfigured
try:
    ptrack.pixel_url()
except ImproperlyConfigured as error:
    assert "settings are not configured" in str(error)
    print("done")
"""


def test_importing_it_needs_and_reads_no_settings():
    command = [
        sys.executable,
        "-I",
        "-W",
        "error",
        "-c",
        f"import sys; sys.path.insert(0, {IMPORT_PATH!r}){IMPORT_ALONE}",
    ]
    result = subprocess.run(command, capture_output=True, text=True, env={})
    assert (result.stdout, result.stderr) == ("done\n", "")


@pytest.mark.parametrize(
    "module",
    [
        *["_discovery", "_tracebacks", "_urlconf", "apps", "background", "checks", "conf", "encoder"],
        *["hits", "hits.judgement", "hits.rules", "html", "testing", "trackers", "views", "wsgi"],
    ],
)
def test_every_module_may_be_imported_first(module):
    code = (
        f"import sys; sys.path.insert(0, {IMPORT_PATH!r}); from django.conf import settings; settings.configure(); "
        f"import ptrack.{module}"
    )
    result = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
