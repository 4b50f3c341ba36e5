"""Measure the package that this Python has, ptrack or another one, and print the times as JSON.

    python -I measure.py SECONDS
    python -I measure.py --url       prints the URL of a pixel instead

Each time is that of one call, in microseconds: the best of several runs that take SECONDS each.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import platform
import sys
import timeit
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

REPEATS = 7
SHOWN_PACKAGES = ("django", "pynacl", "asgiref", "cryptography", "django-ptrack", "pytracking2")
HAS_PTRACK = find_spec("ptrack") is not None
#: Whether it is the ptrack of this checkout: django-ptrack 3.0.0 has no fast path.
IS_OURS = HAS_PTRACK and find_spec("ptrack.wsgi") is not None
Times = dict[str, float]
USER = 12345
ARGUMENTS = "campaign='welcome' user=user"
KWARGS = {"campaign": "welcome", "user": USER}
#: Arguments whose number grows, each as long as the others.
MORE_ARGUMENTS = {number: " ".join(f"a{index}=user" for index in range(number)) for number in (1, 2, 4, 8)}
PAYLOADS = (10, 100, 1000)
FALLBACKS = (0, 1, 2, 4, 8)
PIXELS = (1, 4, 16)


def microseconds(functions: dict[str, Callable[[], object]], seconds: float) -> Times:
    """Return the time of one call of each function, in microseconds.

    The functions run in turn, so that the times may be compared and subtracted.
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


class UrlFinder(HTMLParser):
    """Finds the URL of the image in a piece of HTML."""

    url = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.url = dict(attrs).get("src") or ""


def make_template(source: str, arguments: str = ARGUMENTS) -> Any:
    return engines["django"].from_string(source.replace("ARGUMENTS", arguments))


def url_of_pixel(arguments: str = ARGUMENTS, user: object = USER) -> str:
    finder = UrlFinder()
    finder.feed(make_template(package.TAG, arguments).render({"user": user}))
    return finder.url


def tag_times(seconds: float) -> Times:
    """Return the times of templates that hold one tag, each time for another user."""
    sources = {"tag": package.TAG, "empty tag": "{% empty_tag ARGUMENTS %}", "direct tag": "{% direct_tag ARGUMENTS %}"}
    users = itertools.count(USER)

    def render(template: Any) -> Callable[[], str]:
        return lambda: template.render({"user": next(users)})

    return microseconds({name: render(make_template(source)) for name, source in sources.items()}, seconds)


def tag_times_in_request(seconds: float) -> Times:
    # Django's handler sets both for each request.
    set_urlconf("bench_site.urls")
    translation.activate("en")
    times = tag_times(seconds)
    set_urlconf(None)
    translation.deactivate()
    return {f"{name} in a request": time for name, time in times.items()}


def encoder_times(seconds: float) -> Times:
    token = urlsplit(url_of_pixel()).path.split("/")[-2]
    if package.decode(token) != KWARGS:
        sys.exit("The token carries other arguments, so the times cannot be compared.")
    direct_token = direct.encrypt(**KWARGS)
    functions: dict[str, Callable[[], object]] = {"decode": lambda: package.decode(token)}
    if IS_OURS:
        from ptrack import PtrackEncoder

        functions |= {
            "encrypt": lambda: PtrackEncoder.encrypt(**KWARGS),
            "encrypt directly": lambda: direct.encrypt(**KWARGS),
            "decrypt": lambda: PtrackEncoder.decrypt(token),
            "decrypt directly": lambda: direct.decrypt(direct_token),
        }
    return microseconds(functions, seconds)


def make_request(application: Any, path: str) -> Callable[[], bytes]:
    environ = RequestFactory().get(path).environ

    def request() -> bytes:
        response = application(dict(environ), lambda status, headers: None)
        body = b"".join(response)
        response.close()
        return body

    return request


def make_hit(application: Any, arguments: str = ARGUMENTS, user: object = USER) -> Callable[[], bytes]:
    """Return a function that requests an image, after a trial that shows that the hit is counted."""
    hit = make_request(application, urlsplit(url_of_pixel(arguments, user)).path)
    before = package.counter.hits
    if not hit() or package.counter.hits != before + 1:
        sys.exit("The hit was not counted, so there is nothing to measure.")
    return hit


def hit_times(seconds: float) -> Times:
    site = WSGIHandler()
    functions = {"hit": make_hit(site), "bare view": make_request(site, "/bare/token/")}
    if IS_OURS:
        from ptrack.wsgi import serve_pixels

        functions["hit on the fast path"] = make_hit(serve_pixels(site))
        functions["hit on the fast path without signals"] = make_hit(serve_pixels(site, signals=False))
    if package.counter.last != KWARGS:
        sys.exit("The hit carried other arguments, so the times cannot be compared.")
    return microseconds(functions, seconds)


def link_times(seconds: float) -> Times:
    """Return the times of a link's tag and of a redirect, beside those of a pixel with the same work."""
    from bench_site import links

    template, site = make_template(links.TAG), WSGIHandler()
    path = urlsplit(template.render({"user": USER})).path
    follow, before = make_request(site, path), package.counter.hits
    if follow() or package.counter.hits != before + 1:
        sys.exit("The click was not counted, so there is nothing to measure.")
    image = make_template(package.TAG)
    return microseconds(
        {
            "tag beside a link": lambda: image.render({"user": USER}),
            "link": lambda: template.render({"user": USER}),
            "hit beside a click": make_hit(site),
            "click": follow,
        },
        seconds,
    )


def consent_times(seconds: float) -> Times:
    """Return the times of a tag and a hit without ``PTRACK_CONSENT``, and of the same if nobody asked for it."""
    from ptrack import html, views

    def yes(args: object, kwargs: object) -> bool:
        return True

    image, hit = make_template(package.TAG), make_hit(WSGIHandler())
    may_track, may_record = html.may_track, views.may_record

    def asking(ask: bool, function: Callable[[], object]) -> Callable[[], object]:
        def call() -> object:
            html.may_track, views.may_record = (may_track, may_record) if ask else (yes, yes)  # type: ignore[assignment]
            return function()

        return call

    functions = {"tag with consent unset": lambda: image.render({"user": USER}), "hit with consent unset": hit}
    times = microseconds(
        {
            **{name: asking(True, function) for name, function in functions.items()},
            **{f"{name}, not asked": asking(False, function) for name, function in functions.items()},
        },
        seconds,
    )
    html.may_track, views.may_record = may_track, may_record
    return times


def rewriting_times(seconds: float) -> Times:
    """Return the times of a whole email."""
    import rewriting

    return microseconds(rewriting.functions(), seconds)


def growth_times(seconds: float) -> dict[str, dict[int, Times]]:
    """Return how a tag and a hit grow with the payload in characters, the fallback secrets and the pixels."""
    return {
        "payload": payload_times(seconds),
        "fallbacks": fallback_times(seconds) if IS_OURS else {},
        "pixels": pixel_times(seconds) if HAS_PTRACK else {},
    }


def payload_times(seconds: float) -> dict[int, Times]:
    site, template = WSGIHandler(), make_template(package.TAG, "text=user")
    times = {}
    for size in PAYLOADS:
        text = "x" * size
        functions = {
            "tag": lambda text=text: template.render({"user": text}),
            "hit": make_hit(site, "text=user", text),
        }
        times[size] = microseconds(functions, seconds)
    return times


def fallback_times(seconds: float) -> dict[int, Times]:
    from django.conf import settings

    hit, times = make_hit(WSGIHandler()), {}
    for number in FALLBACKS:
        # The secret of the token comes last.
        secrets = [*(f"another secret, number {index}" for index in range(number)), settings.PTRACK_SECRET]
        with override_settings(PTRACK_SECRET=secrets[0], PTRACK_SECRET_FALLBACKS=secrets[1:]):
            times[number] = microseconds({"hit": hit}, seconds)
    return times


def pixel_times(seconds: float) -> dict[int, Times]:
    hit, times, registered = make_hit(WSGIHandler()), {}, 1
    for number in PIXELS:
        package.add_pixels(number - registered)
        registered = number
        times[number] = microseconds({"hit": hit}, seconds)
    return times


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in SHOWN_PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    if sys.argv[1:] == ["--url"]:
        print(url_of_pixel())
        return
    seconds = float(sys.argv[1])
    times = tag_times(seconds) | tag_times_in_request(seconds) | encoder_times(seconds) | hit_times(seconds)
    if IS_OURS:
        times |= link_times(seconds) | consent_times(seconds) | rewriting_times(seconds)
    lengths = {number: len(url_of_pixel(arguments)) for number, arguments in MORE_ARGUMENTS.items()}
    output = {"times": times, "lengths": lengths, "growth": growth_times(seconds), "versions": versions()}
    json.dump(output, sys.stdout)


django.setup()

# The modules of the site can only be imported after the set-up.
from bench_site import direct, package  # noqa: E402

main()
