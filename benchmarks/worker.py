"""Measures whichever ptrack this Python has, and prints microseconds by name as JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import timeit
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "bench_site.settings"

import django
from django.core.handlers.wsgi import WSGIHandler
from django.template import engines
from django.test import RequestFactory
from django.urls import set_urlconf
from django.utils import translation
from nacl.bindings import crypto_secretbox, crypto_secretbox_open

import ptrack

REPEATS = 15
Times = dict[str, float]
ARGS, KWARGS = ["welcome"], {"user": 12345}
TEMPLATES = {
    "tag": "{% load ptrack %}{% ptrack 'welcome' user=user %}",
    "tag that does nothing": "{% nothing 'welcome' user=user %}",
    "one variable": "{{ user }}",
}


def microseconds(functions: dict[str, Callable[[], object]], seconds: float) -> Times:
    """Return the time of one call of each: the best of several runs, each as long as asked for.

    They run in turn, so that what is subtracted later was measured in the same circumstances.
    """
    timers = {name: timeit.Timer(function) for name, function in functions.items()}
    numbers, best = {}, dict.fromkeys(timers, math.inf)
    for name, timer in timers.items():
        number, taken = timer.autorange()
        numbers[name] = max(1, int(number * seconds / taken))
    for _ in range(REPEATS):
        for name, timer in timers.items():
            best[name] = min(best[name], timer.timeit(numbers[name]) / numbers[name] * 1e6)
    return best


class SourceFinder(HTMLParser):
    source = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.source = dict(attrs).get("src") or ""


def render_times(seconds: float) -> Times:
    templates = {name: engines["django"].from_string(source) for name, source in TEMPLATES.items()}
    return microseconds(
        {name: lambda template=template: template.render({"user": 12345}) for name, template in templates.items()},
        seconds,
    )


def hit_times(seconds: float) -> Times:
    finder = SourceFinder()
    finder.feed(engines["django"].from_string(TEMPLATES["tag"]).render({"user": 12345}))
    path = urlsplit(finder.source).path
    application = WSGIHandler()
    last_hit: deque[dict[str, object]] = deque(maxlen=1)

    class LastHitPixel(ptrack.TrackingPixel):
        def record(self, *args: object, **kwargs: object) -> None:
            last_hit.append(kwargs)

    ptrack.tracker.register(LastHitPixel)

    def request(path: str) -> Callable[[], bytes]:
        environ = RequestFactory()._base_environ(PATH_INFO=path, REQUEST_METHOD="GET")

        def hit() -> bytes:
            response = application(dict(environ), lambda status, headers: None)
            body = b"".join(response)
            response.close()
            return body

        return hit

    hit, bare = request(path), request(f"/bare/{path.split('/')[-2]}/")
    # What is timed has to be what it is called.
    if hit() != bare() or list(last_hit) != [KWARGS]:
        sys.exit("The hit was not recorded, so there is nothing to measure.")
    return microseconds({"hit": hit, "bare view": bare}, seconds)


def codec_times(seconds: float) -> Times:
    encoder, key = ptrack.PtrackEncoder, b"a secret of exactly 32 bytes, ok"
    token = encoder.encrypt(*ARGS, **KWARGS)

    def encrypt_directly() -> str:
        nonce = os.urandom(24)
        message = json.dumps([ARGS, KWARGS]).encode()
        return urlsafe_b64encode(nonce + crypto_secretbox(message, nonce, key)).decode()

    def decrypt_directly() -> object:
        sealed = urlsafe_b64decode(token)
        return json.loads(crypto_secretbox_open(sealed[24:], sealed[:24], key))

    return microseconds(
        {
            "encrypt": lambda: encoder.encrypt(*ARGS, **KWARGS),
            "encrypt directly": encrypt_directly,
            "decrypt": lambda: encoder.decrypt(token),
            "decrypt directly": decrypt_directly,
        },
        seconds,
    )


def main() -> None:
    seconds = float(sys.argv[1])
    django.setup()
    times = render_times(seconds)
    set_urlconf("bench_site.urls")
    translation.activate("en")
    times |= {f"{name}, in a request": time for name, time in render_times(seconds).items()}
    set_urlconf(None)
    translation.deactivate()
    times |= hit_times(seconds)
    if hasattr(ptrack, "PtrackEncoder"):
        times |= codec_times(seconds)
    versions = {name: version(name) for name in ("django", "pynacl", "asgiref")}
    json.dump({"times": times, "versions": {"python": platform.python_version(), **versions}}, sys.stdout)


main()
