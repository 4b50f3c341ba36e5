"""The targets for the speed of ptrack, and whether a run met them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from results import BARE, FAST, FAST_WITHOUT_SIGNALS, FORMER, OURS, Ratio, Results, ratio

#: The web server whose rates the targets are about.
SERVER = "granian"


class TimeTarget(NamedTuple):
    """A call of ptrack takes at most ``limit`` times as long as a call of another package, or of its own."""

    what: str
    call: str
    other: str
    other_package: str
    other_call: str
    limit: float


class RateTarget(NamedTuple):
    """A site of ptrack answers at least ``limit`` times as many requests per second as another site."""

    site: str
    other_site: str
    limit: float


TIME_TARGETS = [
    TimeTarget("a rendered tag", "tag", FORMER, FORMER, "tag", 0.75),
    TimeTarget("a rendered tag in a request", "tag in a request", FORMER, FORMER, "tag in a request", 0.75),
    TimeTarget("a hit through Django", "hit", FORMER, FORMER, "hit", 1.05),
    TimeTarget("encrypt", "encrypt", "libsodium, base64 and json", OURS, "encrypt directly", 1.5),
    TimeTarget("decrypt", "decrypt", "libsodium, base64 and json", OURS, "decrypt directly", 1.5),
    TimeTarget("a link's tag", "link", "a pixel's tag", OURS, "tag beside a link", 1.5),
    TimeTarget("a redirect", "click", "a hit with the same callback", OURS, "hit beside a click", 1.25),
    TimeTarget(
        "a tag without PTRACK_CONSENT",
        "tag with consent unset",
        "the same, not asked",
        OURS,
        "tag with consent unset, not asked",
        1.03,
    ),
    TimeTarget(
        "a hit without PTRACK_CONSENT",
        "hit with consent unset",
        "the same, not asked",
        OURS,
        "hit with consent unset, not asked",
        1.03,
    ),
    TimeTarget("track_html, 750 links in 100 KB", "track_html", "one pass of html.parser", OURS, "html.parser", 1.5),
    TimeTarget(
        "track_html, the pixel alone",
        "track_html, the pixel alone",
        "one pass of html.parser",
        OURS,
        "html.parser",
        0.5,
    ),
]
RATE_TARGETS = [
    RateTarget(FAST, BARE, 1.4),
    RateTarget(FAST, FORMER, 2),
    RateTarget(FAST_WITHOUT_SIGNALS, BARE, 2),
    RateTarget(FAST_WITHOUT_SIGNALS, FORMER, 3),
]


class Verdict(NamedTuple):
    """What a run says about one target; without a figure, the run did not measure it."""

    what: str
    other: str
    figure: Ratio | None
    target: str
    is_met: bool | None

    @property
    def cells(self) -> list[str]:
        figure = ("", "") if self.figure is None else self.figure.cells
        word = {True: "met", False: "missed", None: "not measured"}[self.is_met]
        return [self.what, self.other, *figure, self.target, word]


def judge(results: Results) -> Iterator[Verdict]:
    """Yield a verdict for each target."""
    for time in TIME_TARGETS:
        ours = results.times(OURS, time.call)
        figure = ratio(ours, results.times(time.other_package, time.other_call))
        yield Verdict(f"time of {time.what}", time.other, figure, f"at most {time.limit}", figure.median <= time.limit)
    for rate in RATE_TARGETS:
        what, target = f"hits per second of {rate.site}", f"at least {rate.limit}"
        if SERVER not in results.over_http:
            yield Verdict(what, rate.other_site, None, target, None)
            continue
        figure = ratio(results.rates(SERVER, rate.site), results.rates(SERVER, rate.other_site))
        yield Verdict(what, rate.other_site, figure, target, figure.median >= rate.limit)
