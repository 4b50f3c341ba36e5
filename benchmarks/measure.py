"""Measures the package that this Python has, ptrack or another, and prints what it found as JSON.

    python -I measure.py SECONDS MAILS
    python -I measure.py --address          prints the address of a pixel instead

Each time is that of one call, in microseconds: the best of several runs, each of SECONDS.
"""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import sys
import time
import timeit
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "bench_site.settings"

import django
from django.core.handlers.wsgi import WSGIHandler
from django.template import engines
from django.test import RequestFactory, override_settings
from django.urls import set_urlconf
from django.utils import translation
from nacl.bindings import crypto_secretbox, crypto_secretbox_open

REPEATS = 7
#: Mails that are timed at once.
BATCH = 1000
SHOWN_PACKAGES = ("django", "pynacl", "asgiref", "cryptography", "django-ptrack", "pytracking2")
IS_PTRACK = find_spec("ptrack") is not None
IS_THIS_PTRACK = IS_PTRACK and find_spec("ptrack.wsgi") is not None
Times = dict[str, float]
USER = 12345
ARGUMENTS = "campaign='welcome' user=user"
METADATA = {"campaign": "welcome", "user": USER}
#: Arguments whose number grows; each is as long as the next.
MANY_ARGUMENTS = {number: " ".join(f"a{index}=user" for index in range(number)) for number in (1, 2, 4, 8)}
PAYLOADS = (10, 100, 1000)
FALLBACKS = (0, 1, 2, 4, 8)
PIXELS = (1, 4, 16)


def microseconds(functions: dict[str, Callable[[], object]], seconds: float) -> Times:
    """Return the time of one call of each.

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


def make_template(source: str, arguments: str = ARGUMENTS) -> Any:
    return engines["django"].from_string(source.replace("ARGUMENTS", arguments))


def address_of(arguments: str = ARGUMENTS, user: object = USER) -> str:
    finder = SourceFinder()
    finder.feed(make_template(subject.TAG, arguments).render({"user": user}))
    return finder.source


def render_times(seconds: float) -> Times:
    sources = {
        "tag": subject.TAG,
        "tag that does nothing": "{% nothing ARGUMENTS %}",
        "one variable": "{{ user }}",
        "sealed directly": "{% sealed_directly ARGUMENTS %}",
    }
    templates = {name: make_template(source) for name, source in sources.items()}
    return microseconds(
        {name: lambda template=template: template.render({"user": USER}) for name, template in templates.items()},
        seconds,
    )


def mail_times(mails: int) -> Times:
    """Return the time of one tag among those of many mails, each to another reader."""
    template = make_template(subject.TAG)
    batches = []
    for first in range(0, mails, BATCH):
        begin = time.perf_counter()
        for number in range(first, first + BATCH):
            template.render({"user": number})
        batches.append((time.perf_counter() - begin) / BATCH * 1e6)
    # Not their mean, to which the machine's other work would add.
    return {"mails": statistics.median(batches)}


def make_request(application: Any, path: str) -> Callable[[], bytes]:
    environ = RequestFactory()._base_environ(PATH_INFO=path, REQUEST_METHOD="GET")

    def request() -> bytes:
        response = application(dict(environ), lambda status, headers: None)
        body = b"".join(response)
        response.close()
        return body

    return request


def make_hit(application: Any, arguments: str = ARGUMENTS, user: object = USER) -> Callable[[], bytes]:
    hit = make_request(application, urlsplit(address_of(arguments, user)).path)
    # What is timed has to be what it is called.
    before = subject.counter.hits
    if not hit() or subject.counter.hits != before + 1:
        sys.exit("The hit was not recorded, so there is nothing to measure.")
    return hit


def hit_times(seconds: float) -> Times:
    django_application = WSGIHandler()
    functions = {"hit": make_hit(django_application), "bare view": make_request(django_application, "/bare/token/")}
    if IS_THIS_PTRACK:
        from ptrack.wsgi import serve_pixels

        functions["hit, in front of Django"] = make_hit(serve_pixels(django_application))
    if subject.counter.last != METADATA:
        sys.exit("The hit carried other arguments, so there is nothing to compare.")
    return microseconds(functions, seconds)


def codec_times(seconds: float) -> Times:
    token = urlsplit(address_of()).path.split("/")[-2]
    key = b"a secret of exactly 32 bytes, ok"
    arguments = [[], METADATA]

    def encrypt_directly() -> str:
        nonce = os.urandom(24)
        message = json.dumps(arguments).encode()
        return urlsafe_b64encode(nonce + crypto_secretbox(message, nonce, key)).decode()

    sealed_token = encrypt_directly()

    def decrypt_directly() -> object:
        sealed = urlsafe_b64decode(sealed_token)
        return json.loads(crypto_secretbox_open(sealed[24:], sealed[:24], key))

    if subject.decode(token) != METADATA:
        sys.exit("The token carried other arguments, so there is nothing to compare.")
    functions: dict[str, Callable[[], object]] = {
        "decode": lambda: subject.decode(token),
        "encrypt directly": encrypt_directly,
        "decrypt directly": decrypt_directly,
    }
    if IS_THIS_PTRACK:
        from ptrack import PtrackEncoder

        functions["encrypt"] = lambda: PtrackEncoder.encrypt(**METADATA)
        functions["decrypt"] = lambda: PtrackEncoder.decrypt(token)
    return microseconds(functions, seconds)


def growth_times(seconds: float) -> dict[str, dict[int, Times]]:
    """Return how tag and hit grow: with characters of payload, fallback secrets, and pixels."""
    application = WSGIHandler()
    growth: dict[str, dict[int, Times]] = {"payload": {}, "fallbacks": {}, "pixels": {}}
    for size in PAYLOADS:
        text, template = "x" * size, make_template(subject.TAG, "text=user")
        functions = {
            "tag": lambda template=template, text=text: template.render({"user": text}),
            "hit": make_hit(application, "text=user", text),
        }
        growth["payload"][size] = microseconds(functions, seconds)
    if IS_THIS_PTRACK:
        hit = make_hit(application)
        from django.conf import settings

        for number in FALLBACKS:
            others = [f"another secret, number {index}" for index in range(number)]
            # The token's own secret comes last of all.
            secrets = [*others, settings.PTRACK_SECRET]
            with override_settings(PTRACK_SECRET=secrets[0], PTRACK_SECRET_FALLBACKS=secrets[1:]):
                growth["fallbacks"][number] = microseconds({"hit": hit}, seconds)
    if IS_PTRACK:
        registered = 1
        hit = make_hit(application)
        for number in PIXELS:
            subject.add_pixels(number - registered)
            registered = number
            growth["pixels"][number] = microseconds({"hit": hit}, seconds)
    return growth


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in SHOWN_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    if sys.argv[1:] == ["--address"]:
        print(address_of())
        return
    seconds, mails = float(sys.argv[1]), int(sys.argv[2])
    times = render_times(seconds)
    set_urlconf("bench_site.urls")
    translation.activate("en")
    times |= {f"{name}, in a request": time for name, time in render_times(seconds).items()}
    set_urlconf(None)
    translation.deactivate()
    times |= mail_times(mails) | codec_times(seconds) | hit_times(seconds)
    lengths = {number: len(address_of(arguments)) for number, arguments in MANY_ARGUMENTS.items()}
    output = {"times": times, "lengths": lengths, "growth": growth_times(seconds), "versions": versions()}
    json.dump(output, sys.stdout)


django.setup()

# The site's own modules need the set-up.
from bench_site import subject  # noqa: E402

main()
