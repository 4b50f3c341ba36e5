"""What several test modules need."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import traceback
from collections.abc import Iterator
from importlib.util import module_from_spec
from types import ModuleType

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_script_prefix, include, path, set_script_prefix
from nacl.secret import SecretBox

from ptrack import Tracker, TrackingLink, TrackingPixel

HAS_POSTGRESQL = "PGHOST" in os.environ
NO_POSTGRESQL = "There is no PostgreSQL. With Debian's package postgresql, pg_virtualenv -t runs a command with one."

HAS_MARIADB = "MARIADB_CONFIG" in os.environ

#: A mark for tests that run on PostgreSQL and on MariaDB too, where there is one.
on_each_database = pytest.mark.skipif(
    (os.environ.get("PTRACK_TEST_DATABASE") == "postgresql" and not HAS_POSTGRESQL)
    or (os.environ.get("PTRACK_TEST_DATABASE") == "mariadb" and not HAS_MARIADB),
    reason=f"{NO_POSTGRESQL} With mariadb-server, .ci/with_mariadb runs one with a MariaDB.",
)

#: A mark for tests that start Redis.
needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="There is no redis-server here. Debian's package is called redis-server.",
)

CHROMIUM = shutil.which("chromium")

#: A mark for tests that open pages in Chromium.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="There is no chromium here. Debian's package is called chromium."
)


class UrlConf:
    """A URLconf that is no module."""

    def __init__(self, *urlpatterns: URLPattern | URLResolver) -> None:
        self.urlpatterns = list(urlpatterns)


#: The settings of a site with links, which may lead to the one host and what is below it.
WITH_LINKS = {
    "ROOT_URLCONF": UrlConf(path("ptrack/", include("ptrack.urls")), path("go/", include("ptrack.link_urls"))),
    "PTRACK_LINK_ALLOWED_HOSTS": [".shop.example"],
}


def fresh_copy(module: ModuleType) -> ModuleType:
    """Return the same module executed anew, with caches of its own. The module itself stays as it is."""
    spec = module.__spec__
    copy = module_from_spec(spec)
    spec.loader.exec_module(copy)
    return copy


@contextlib.contextmanager
def without_setting(name: str) -> Iterator[None]:
    """Let a setting be missing."""
    # del alone would send no setting_changed.
    with override_settings(**{name: None}):
        delattr(settings, name)
        yield


@contextlib.contextmanager
def script_prefix(prefix: str) -> Iterator[None]:
    """Let the site be served below a path."""
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        yield
    finally:
        set_script_prefix(before)


def pixel_class(record: object, **attributes: object) -> type[TrackingPixel]:
    """Return a class of a pixel with this ``record``."""
    return type("MadePixel", (TrackingPixel,), {"record": record, **attributes})


def link_class(record: object, **attributes: object) -> type[TrackingLink]:
    """Return a class of a link with this ``record``."""
    return type("MadeLink", (TrackingLink,), {"record": record, **attributes})


def received_by(tracker: Tracker, **attributes: object) -> list[tuple[object, ...]]:
    """Register a pixel, and return the list to which it appends its arguments."""
    received: list[tuple[object, ...]] = []
    tracker.register(pixel_class(lambda self, *args, **kwargs: received.append((*args, kwargs)), **attributes))
    return received


def seal(plaintext: bytes, secret: str | bytes | None = None) -> str:
    """Return a token of any plaintext, made apart from the code under test."""
    secret = settings.PTRACK_SECRET if secret is None else secret
    key = (secret.encode() if isinstance(secret, str) else secret).ljust(32, b"{")
    sealed = SecretBox(key).encrypt(plaintext, os.urandom(24))
    return base64.urlsafe_b64encode(sealed).decode()


def unseal(token: str, secret: str | bytes | None = None) -> bytes:
    """Return the plaintext of a token."""
    secret = settings.PTRACK_SECRET if secret is None else secret
    key = (secret.encode() if isinstance(secret, str) else secret).ljust(32, b"{")
    return SecretBox(key).decrypt(base64.urlsafe_b64decode(token))


def seal_json(payload: object) -> str:
    return seal(json.dumps(payload).encode())


def remembered(error: BaseException, *others: BaseException) -> str:
    """Return what an error reporter could show of exceptions: their messages, and the variables of all frames.

    The frames of test functions are left out: they are still running, and they hold everything.
    """
    shown: list[object] = []
    for first in (error, *others):
        link: BaseException | None = first
        while link is not None:
            shown.append(link)
            frames = [frame for frame, _ in traceback.walk_tb(link.__traceback__)]
            shown += [frame.f_locals for frame in frames if not frame.f_code.co_name.startswith("test_")]
            link = link.__cause__ or link.__context__
    return repr(shown)


def brand_url(*args: object, brand: str = "one", **kwargs: object) -> str:
    """Return the base URL of a brand, for ``PTRACK_APP_URL``."""
    return f"https://{brand}.example/base/"
