from __future__ import annotations

import string
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.http.request import HttpHeaders
from hypothesis import given
from hypothesis import strategies as st

from ptrack.hits import HitKind, classify, judgement

from support import fresh_copy

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)
MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


# Headers


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-AGENT", "USER_AGENT"])
def test_the_name_of_a_header_may_be_spelt_in_any_way(name):
    assert classify({name: "curl/8.0"})[0] == "scanner"


def test_the_headers_of_a_django_request_are_taken():
    assert classify(HttpHeaders({"HTTP_USER_AGENT": CHROME, "HTTP_SEC_PURPOSE": "prefetch"}))[0] == "prefetch"


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
@pytest.mark.parametrize("value", ["prefetch", "PREFETCH", "prefetch;prerender", "preview", "prerender"])
def test_a_request_that_declares_a_prefetch_is_one(name, value):
    kind, reason = classify({"User-Agent": CHROME, name: value})
    assert kind == "prefetch"
    assert name in reason
    assert classify({"User-Agent": CHROME, name: "navigation"})[0] == "person"


def test_the_client_hints_of_a_headless_browser_give_it_away():
    kind, reason = classify({"User-Agent": CHROME, "Sec-CH-UA": '"HeadlessChrome";v="128", "Chromium";v="128"'})
    assert kind == "scanner"
    assert "Sec-CH-UA" in reason


def test_a_request_that_says_who_runs_the_robot_is_a_scanner():
    kind, reason = classify({"User-Agent": CHROME, "From": "robots@example.com"})
    assert kind == "scanner"
    assert "header From" in reason


@pytest.mark.parametrize("headers", [{}, {"User-Agent": ""}, {"User-Agent": "  "}, {"Accept": "*/*"}])
def test_a_request_without_a_user_agent_is_unknown(headers):
    assert classify(headers) == (HitKind.UNKNOWN, "there is no user agent")


# The list of crawlers


def test_the_list_of_crawlers_is_asked_after_proxies_and_email_clients(monkeypatch):
    monkeypatch.setitem(sys.modules, "crawleruseragents", SimpleNamespace(is_crawler=lambda agent: True))
    classify = fresh_copy(judgement).classify
    for agent in (CHROME, "no such client"):
        kind, reason = classify({"User-Agent": agent})
        assert kind == "scanner"
        assert "crawler-user-agents" in reason
    for agent, kind in (("YahooMailProxy; https://help.yahoo.com/", "proxy"), ("Thunderbird", "person")):
        assert classify({"User-Agent": agent})[0] == kind


# The age


@pytest.mark.parametrize(
    "agent", [MAC_MAIL, "Mail/3826.500 CFNetwork/3826.500 Darwin/24.4.0", "Android-Gmail/64562652 (x)"]
)
def test_a_client_that_also_fetches_ahead_is_a_prefetch_within_two_seconds_of_the_rendering(agent):
    headers = {"User-Agent": agent}
    kind, reason = classify(headers, timedelta(seconds=1.999))
    assert kind == "prefetch"
    assert "less than 2 seconds" in reason
    assert classify(headers, timedelta(seconds=2))[0] == "unknown"
    assert classify(headers)[0] == "unknown"


@pytest.mark.parametrize("agent", [CHROME, "Thunderbird/115", "GoogleImageProxy", "curl/8", "Foo/1.0", ""])
def test_the_age_does_not_change_the_kind_of_other_clients(agent):
    headers = {"User-Agent": agent}
    assert classify(headers, timedelta()) == classify(headers)


# Anything may be sent


@given(
    st.dictionaries(
        st.one_of(st.text(), st.sampled_from(["User-Agent", "Purpose", "From", "Sec-CH-UA"])),
        st.one_of(st.text(), st.text(string.ascii_letters + "()/;+ .[", max_size=3000)),
    )
)
def test_no_headers_make_it_raise(headers):
    kind, reason = classify(headers)
    assert isinstance(kind, HitKind)
    assert reason


@pytest.mark.parametrize("unit", ["(", "()", "a@", "((Android", "mail ", "+ ", "[FB", "\\", "x" * 10 + " "])
def test_only_the_beginning_of_a_long_user_agent_is_looked_at(unit):
    agent = unit * 100_000
    beginning = {"User-Agent": agent[: judgement.USER_AGENT_MAX_LENGTH]}
    assert classify({"User-Agent": f"{agent} GoogleImageProxy"}) == classify(beginning)
