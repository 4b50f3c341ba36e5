"""Whole sites, each in a process of its own: a newcomer's site, one with a custom encoder, and a pair."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.template import engines
from django.test import Client, override_settings
from django.urls import include, path

import ptrack

from support import UrlConf

SECRET = "Nq3vY7_hTz1kLw9dRb5xGf2mPc8sJe4a"

PIXELS = """
import ptrack

@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs):
        print("recorded", args, kwargs)
"""

RENDER = """
import django
django.setup()
from django.template import engines
print(engines["django"].from_string("{% load ptrack %}{% ptrack 'welcome' user=7 %}").render({}))
"""

OPEN = """
import django, sys
from django.test.utils import setup_test_environment
django.setup()
setup_test_environment()
from django.test import Client
from urllib.parse import urlsplit
print(Client().get(urlsplit(sys.argv[1]).path).status_code)
"""


class Site:
    """A project made by startproject, set up as the documentation says."""

    def __init__(self, folder: Path, name: str, settings: str, pixels: str = "") -> None:
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.run("-m", "django", "startproject", name, ".", DJANGO_SETTINGS_MODULE="")
        package = self.folder / name
        with (package / "settings.py").open("a") as file:
            file.write(f'\nINSTALLED_APPS.append("ptrack")\nPTRACK_SECRET = {SECRET!r}\n{settings}\n')
        with (package / "urls.py").open("a") as file:
            file.write(
                '\nfrom django.urls import include\nurlpatterns.append(path("ptrack/", include("ptrack.urls")))\n'
            )
        if pixels:
            (package / "pixels.py").write_text(pixels)

    def run(self, *args: str, **env: str) -> str:
        search_path = [str(self.folder), str(Path(ptrack.__file__).parents[1])]
        result = subprocess.run(
            [sys.executable, "-W", "error", *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(search_path),
                "DJANGO_SETTINGS_MODULE": f"{self.name}.settings",
                **env,
            },
        )
        assert (result.returncode, result.stderr) == (0, ""), result.stderr
        return result.stdout

    def render(self) -> str:
        """Return the URL in the image that the tag puts out."""
        return self.run("-c", RENDER).split('"')[1]

    def open(self, url: str) -> list[str]:
        """Request a URL, and return the lines that the site prints."""
        return self.run("-c", OPEN, url).splitlines()


APP_URL = 'PTRACK_APP_URL = "https://www.example.com"'


def test_a_newcomers_site_records_an_open_with_pixels_beside_its_settings(tmp_path):
    site = Site(tmp_path, "mysite", f'{APP_URL}\nALLOWED_HOSTS = ["www.example.com", "testserver"]', PIXELS)
    assert site.run("manage.py", "check", "--deploy", "--tag", "ptrack").strip().endswith("no issues (0 silenced).")
    url = site.render()
    assert url.startswith("https://www.example.com/ptrack/")
    assert site.open(url) == ["recorded ('welcome',) {'user': 7}", "200"]
    assert site.run("manage.py", "ptrack_decode", url) == 'args: ["welcome"]\nkwargs: {"user": 7}\n'


def test_a_public_site_records_what_an_internal_site_rendered(tmp_path):
    internal = Site(tmp_path, "internal_site", 'PTRACK_APP_URL = "https://public.example.com/"')
    public = Site(tmp_path, "public_site", "", PIXELS)
    url = internal.render()
    assert url.startswith("https://public.example.com/ptrack/")
    assert public.open(url) == ["recorded ('welcome',) {'user': 7}", "200"]
    assert internal.open(url) == ["200"]


ENCODER = """
import json

class HexEncoder:
    @staticmethod
    def encrypt(*args, **kwargs):
        return json.dumps([args, kwargs]).encode().hex()

    @staticmethod
    def decrypt(token):
        return json.loads(bytes.fromhex(token))

ptrack.ptrack_encoder = HexEncoder
"""


def test_an_encoder_assigned_in_pixels_py_serves_tag_and_view_alike(tmp_path):
    site = Site(tmp_path, "mysite", APP_URL + "\ndel PTRACK_SECRET", PIXELS + ENCODER)
    url = site.render()
    assert bytes.fromhex(url.split("/")[-2]) == b'[["welcome"], {"user": 7}]'
    assert site.open(url) == ["recorded ('welcome',) {'user': 7}", "200"]
    assert site.run("manage.py", "check", "--tag", "ptrack").strip().endswith("no issues (0 silenced).")


# The error pages of DEBUG


def failing_page(request):
    return engines["django"].from_string("{% load ptrack %}{% ptrack 'welcome' %}").render({})


URLCONF = UrlConf(path("page/", failing_page), path("ptrack/", include("ptrack.urls")))


@pytest.mark.django_db(databases=["default", "other"])
@pytest.mark.parametrize(
    "bad",
    [
        {"PTRACK_SECRET": "a-secret-that-is-far-too-long-to-be-good"},
        {"PTRACK_SECRET": b"a-secret-that-is-far-too-long-to-be-good"},
        {"PTRACK_SECRET_FALLBACKS": "a-secret-that-is-far-too-long-to-be-good"},
        {"PTRACK_SECRET_FALLBACKS": ["a-secret-that-is-far-too-long-to-be-good"]},
    ],
)
def test_the_error_page_of_a_bad_secret_does_not_show_it(bad):
    with override_settings(DEBUG=True, ROOT_URLCONF=URLCONF, **bad):
        response = Client(raise_request_exception=False).get("/page/")
    page = response.content.decode()
    assert response.status_code == 500
    assert "ImproperlyConfigured" in page
    assert f"{next(iter(bad))}" in page
    assert "far-too-long" not in page
