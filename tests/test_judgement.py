from __future__ import annotations

import string
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.http.request import HttpHeaders
from hypothesis import given
from hypothesis import strategies as st

from ptrack.hits import Hit, HitKind, classify, judge, judgement, rules

from support import fresh_copy

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)
MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WEB_VIEW = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 "
    "Chrome/124.0.0.0 Mobile Safari/537.36"
)
NAVIGATE = {"Sec-Fetch-Mode": "navigate"}


def rule_of(agent, **headers):
    return judge({"User-Agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}).rule


# The order of judgement: of two rules that both apply, the one of the earlier step decides.


def test_a_declared_prefetch_comes_before_what_is_known_to_the_letter():
    assert rule_of("Amazon CloudFront", Sec_Purpose="prefetch") == "declared-prefetch"
    assert rule_of("Amazon CloudFront") == "relay"
    assert judge_click("Mozilla/5.0", Sec_Purpose="prefetch").rule == "declared-prefetch"


@pytest.mark.parametrize("agent", ["Mozilla/5.0", "Amazon CloudFront"])
def test_what_is_known_to_the_letter_comes_before_a_navigation(agent):
    assert rule_of(agent, **NAVIGATE) == rule_of(agent) != "navigation"
    assert rule_of(agent + "!", **NAVIGATE) == "navigation"


@pytest.mark.parametrize("agent", ["GoogleImageProxy", "Thunderbird/115", WEB_VIEW, CHROME, ""])
def test_a_navigation_comes_before_all_other_rules(agent):
    assert judge({"User-Agent": agent, **NAVIGATE})[:2] == (HitKind.SCANNER, "navigation")


def test_a_proxy_comes_before_an_email_client():
    assert rule_of("Superhuman/3.10 (iOS 17.5.1) Alamofire/5.9.0 (via SuperhumanProxy)") == "superhuman-proxy"
    assert rule_of("Superhuman/3.10 (iOS 17.5.1) Alamofire/5.9.0") == "short-named-client"


@pytest.mark.parametrize("agent", ["ExampleBot Thunderbird/115", "Outlook/16 (preview scanner)", "Airmail curl/8"])
def test_an_email_client_comes_before_the_words_of_machines(agent):
    assert judge({"User-Agent": agent}).kind == "person"


def test_an_email_app_comes_before_its_web_view():
    assert rule_of(WEB_VIEW, X_Requested_With="com.fsck.k9") == "email-app"


def test_the_headers_of_a_machine_come_before_a_desktop_app():
    assert rule_of("Notion/2.0 Chrome/99.0 Electron/6.1.5", From="robots@example.com") == "from-header"


def test_an_email_app_comes_before_the_words_of_machines():
    agent = "Mozilla/5.0 (Linux; Android 9; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Mailer-Bot/1"
    assert rule_of(agent, X_Requested_With="com.fsck.k9") == "email-app"
    assert rule_of(agent, X_Requested_With="com.example.shop") == "robot"


@pytest.mark.parametrize("word", ["CamScanner/4.8", "Preview/2", "ExampleBot/1.0", "(+https://example.com)"])
def test_a_web_view_comes_before_the_words_of_machines(word):
    assert rule_of(f"{WEB_VIEW} {word}") == "android-web-view"
    assert judge({"User-Agent": f"{CHROME} {word}"}).kind == "scanner"


def test_a_machine_that_names_itself_comes_before_a_list_of_crawlers():
    assert rule_of("Googlebot/2.1") == "robot"
    assert rule_of(CHROME, From="robots@example.com") == "from-header"


def test_a_list_of_crawlers_is_asked_after_readers_and_before_what_is_left(monkeypatch):
    asked = []
    monkeypatch.setitem(
        sys.modules, "crawleruseragents", SimpleNamespace(is_crawler=lambda agent: not asked.append(agent))
    )
    judge = fresh_copy(judgement).judge
    readers = ["Mozilla/5.0", "GoogleImageProxy", "Thunderbird", WEB_VIEW, "Notion/2.0 Electron/6.1.5", "curl/8"]
    assert {judge({"User-Agent": agent}).rule for agent in readers}.isdisjoint({"listed", "no-engine"})
    assert asked == []
    left = [CHROME, "no such client", "Dalvik/2.1.0 (Linux; Android 9)"]
    for agent in left:
        verdict = judge({"User-Agent": agent})
        assert verdict[:2] == (HitKind.SCANNER, "listed")
        assert "crawler-user-agents" in verdict.reason
    assert len(asked) == len(left)


def test_a_list_of_crawlers_is_not_asked_about_the_name_of_a_device(monkeypatch):
    crawlers = SimpleNamespace(is_crawler=lambda agent: "Phone" in agent)
    monkeypatch.setitem(sys.modules, "crawleruseragents", crawlers)
    judge = fresh_copy(judgement).judge
    assert judge({"User-Agent": CHROME.replace("Windows NT 10.0", "Android 9; Phone")}).rule == "browser"
    assert judge({"User-Agent": f"{CHROME} Phone"}).rule == "listed"


def test_without_the_list_of_crawlers_the_other_rules_are_enough(monkeypatch):
    monkeypatch.setitem(sys.modules, "crawleruseragents", None)
    assert fresh_copy(judgement).judge({"User-Agent": CHROME}).rule == "browser"


@pytest.mark.parametrize("agent", ["x", "Foo/1.0", "Mozilla/5.0 (X)", "Mozilla/4.0", "-", "\x00", "é\ud800"])
def test_what_names_no_engine_no_platform_and_no_email_client_is_a_scanner(agent):
    assert judge({"User-Agent": agent})[:2] == (HitKind.SCANNER, "no-engine")


@pytest.mark.parametrize("headers", [{}, {"User-Agent": ""}, {"User-Agent": "  "}, {"Accept": "*/*"}])
def test_a_request_without_a_user_agent_is_unknown(headers):
    assert judge(headers) == (HitKind.UNKNOWN, "no-user-agent", "there is no user agent")


# Headers


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-AGENT", "USER_AGENT"])
def test_the_name_of_a_header_may_be_spelt_in_any_way(name):
    assert judge({name: "curl/8.0"}).rule == "script"


def test_the_headers_of_a_django_request_are_taken():
    assert judge(HttpHeaders({"HTTP_USER_AGENT": CHROME, "HTTP_SEC_PURPOSE": "prefetch"})).kind == "prefetch"


@pytest.mark.parametrize("header", rules.HEADERS_READ)
def test_a_hit_reads_each_header_from_the_request(header):
    headers = {
        "User-Agent": "Thunderbird/115",
        "Sec-Fetch-Mode": "navigate",
        "X-Requested-With": "com.fsck.k9",
        "Sec-CH-UA": '"HeadlessChrome"',
        "From": "",
    }
    meta = {"HTTP_USER_AGENT": CHROME, f"HTTP_{header.upper().replace('-', '_')}": headers.get(header, "prefetch")}
    hit = Hit("token", meta, 0.0)
    hit.issued_at = None
    assert hit.rule not in ("browser", "no-user-agent")
    assert (hit.kind, hit.rule, hit.reason) == judge({"User-Agent": CHROME, header: headers.get(header, "prefetch")})


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
@pytest.mark.parametrize("value", ["prefetch", "PREFETCH", "prefetch;prerender", "preview", "prerender"])
def test_a_request_that_declares_a_prefetch_is_one(name, value):
    kind, rule, reason = judge({"User-Agent": CHROME, name: value})
    assert (kind, rule) == ("prefetch", "declared-prefetch")
    assert name in reason
    assert judge({"User-Agent": CHROME, name: "navigation"}).kind == "person"


def test_the_client_hints_of_a_headless_browser_give_it_away():
    verdict = judge({"User-Agent": CHROME, "Sec-CH-UA": '"HeadlessChrome";v="128", "Chromium";v="128"'})
    assert verdict[:2] == (HitKind.SCANNER, "headless-hint")
    assert "Sec-CH-UA" in verdict.reason


@pytest.mark.parametrize("value", ["robots@example.com", ""])
def test_of_the_header_from_it_matters_only_that_it_is_there(value):
    verdict = judge({"User-Agent": CHROME, "From": value})
    assert verdict == (HitKind.SCANNER, "from-header", 'a header is "From:"')


def test_each_of_several_headers_is_looked_at():
    headers = {"Sec-CH-UA": '"Chromium"', "X-Requested-With": "com.fsck.k9", "Sec-Fetch-Mode": "navigate", "From": ""}
    assert judge({"User-Agent": CHROME, **headers}).rule == "navigation"
    assert judge({"User-Agent": CHROME, **headers}, is_click=True).rule == "email-app"
    assert judge({"User-Agent": CHROME, "Sec-CH-UA": '"Chromium"', "From": ""}).rule == "from-header"


@pytest.mark.parametrize("mode", ["no-cors", "cors", "same-origin", "navigated", ""])
def test_other_modes_of_a_request_are_those_of_images(mode):
    assert rule_of(CHROME, Sec_Fetch_Mode=mode) == "browser"


@pytest.mark.parametrize("app", ["XMLHttpRequest", "com.google.android.gms", "org.example.browser", ""])
def test_an_app_that_shows_no_emails_decides_nothing(app):
    assert rule_of(CHROME, X_Requested_With=app) == "browser"


@pytest.mark.parametrize("app", ["com.google.android.gm", "de.gmx.mobile.android.mail", "com.android.email"])
def test_an_app_for_emails_is_known_by_its_package(app):
    assert rule_of(CHROME, X_Requested_With=app) == "email-app"


# Clicks


def judge_click(agent, is_secure=True, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return judge({"User-Agent": agent, **headers}, is_click=True, is_secure=is_secure)


def test_a_click_is_a_navigation():
    assert judge_click(CHROME, **NAVIGATE)[:2] == (HitKind.PERSON, "browser")


@pytest.mark.parametrize("agent", ["GoogleImageProxy", "YahooMailProxy"])
def test_a_click_is_never_that_of_a_proxy(agent):
    verdict = judge_click(agent)
    assert verdict.kind == "unknown"
    assert verdict.rule == judge({"User-Agent": agent}).rule
    assert verdict.reason.endswith(", on a click")


def test_a_bare_mozilla_is_a_scanner_on_a_click():
    assert judge_click("Mozilla/5.0")[:2] == (HitKind.SCANNER, "bare-mozilla")
    assert judge({"User-Agent": "Mozilla/5.0"})[:2] == (HitKind.PREFETCH, "apple-mpp")


TODAY = [
    CHROME,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/76.0.1 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:90.0) Gecko/20100101 Firefox/90.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.4 Safari/605",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    WEB_VIEW,
]
FORMER = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/75.0.1 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:89.0) Gecko/20100101 Firefox/89.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.3 Safari/605",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Thunderbird/115.0",
]


@pytest.mark.parametrize("agent", TODAY)
def test_a_browser_of_today_that_sends_no_fetch_mode_is_no_person_on_a_click_over_https(agent):
    verdict = judge_click(agent)
    assert verdict[:2] == (HitKind.UNKNOWN, "no-fetch-mode")
    assert "Sec-Fetch-Mode" in verdict.reason
    assert judge_click(agent, Sec_Fetch_Mode="") == verdict
    assert judge_click(agent, **NAVIGATE).kind == "person"
    # Over http, no browser sends it, and image requests are judged by other rules.
    assert judge_click(agent, is_secure=False).kind == "person"
    assert judge({"User-Agent": agent}, is_click=True).kind == "person"
    assert judge({"User-Agent": agent}, is_secure=True).kind == "person"


@pytest.mark.parametrize("agent", FORMER)
def test_a_browser_of_former_times_need_not_send_a_fetch_mode(agent):
    assert judge_click(agent).kind == "person"


def test_a_machine_stays_one_on_a_click_without_a_fetch_mode():
    assert judge_click(f"{CHROME} ExampleBot/1.0")[:2] == (HitKind.SCANNER, "robot")


# The age


@pytest.mark.parametrize(
    ("agent", "rule"),
    [
        (MAC_MAIL, "apple-mail-mac"),
        ("Mail/3826.500 CFNetwork/3826.500 Darwin/24.4.0", "apple-mail"),
        ("Android-Gmail/64562652 (x)", "gmail-app"),
        ("Microsoft Office/16.0 (Windows NT 10.0; MAPI 16.0.10827; Pro)", "outlook-mapi"),
    ],
)
def test_a_client_that_also_fetches_ahead_is_a_prefetch_within_two_seconds_of_the_rendering(agent, rule):
    headers = {"User-Agent": agent}
    verdict = judge(headers, timedelta(seconds=1.999))
    assert verdict[:2] == (HitKind.PREFETCH, rule)
    assert verdict.reason.endswith("less than 2 seconds after the rendering")
    for age in (timedelta(seconds=2), None):
        assert judge(headers, age)[:2] == (HitKind.UNKNOWN, rule)


@pytest.mark.parametrize("agent", [CHROME, "Thunderbird/115", "GoogleImageProxy", "curl/8", "Foo/1.0", ""])
def test_the_age_does_not_change_the_kind_of_other_clients(agent):
    headers = {"User-Agent": agent}
    assert judge(headers, timedelta()) == judge(headers)


# What it gives


def test_the_reason_tells_what_was_found_and_where():
    agent = "mozilla/5.0 (windows nt 5.1; rv:11.0) gecko firefox/11.0 (via GOOGLEIMAGEPROXY)"
    assert judge({"User-Agent": agent}).reason == 'user agent contains "GOOGLEIMAGEPROXY"'
    assert judge({"User-Agent": "Mozilla/5.0"}).reason == 'user agent is "Mozilla/5.0"'
    assert judge({"User-Agent": CHROME, **NAVIGATE}).reason == 'a header is "Sec-Fetch-Mode: navigate"'
    assert "names no browser engine" in judge({"User-Agent": "Foo/1.0"}).reason


def test_a_long_find_is_cut_and_a_strange_one_is_escaped():
    reason = judge({"User-Agent": f"Foo \x00\ud800 {'x' * 500} https://example.com"}).reason
    assert r"\u0000\ud800" in reason
    assert reason.isascii()
    assert len(reason) < 200
    assert reason.endswith('..."')
    whole = judge({"User-Agent": f"Foo {'x' * 68}https://"}).reason
    assert whole == f'user agent is "Foo {"x" * 68}https://"'


def test_classify_gives_kind_and_reason():
    headers = {"User-Agent": MAC_MAIL}
    for age in (None, timedelta()):
        kind, _, reason = judge(headers, age)
        assert classify(headers, age) == (kind, reason)


# Anything may be sent


@given(
    st.dictionaries(
        st.one_of(st.text(), st.sampled_from(rules.HEADERS_READ)),
        st.one_of(st.text(), st.text(string.ascii_letters + "()/;+ .[", max_size=3000)),
    ),
    st.booleans(),
)
def test_no_headers_make_it_raise(headers, is_click):
    kind, rule, reason = judge(headers, is_click=is_click, is_secure=True)
    assert isinstance(kind, HitKind)
    assert rule
    assert len(reason) < 200
    assert (kind, is_click) != (HitKind.PROXY, True)


@pytest.mark.parametrize("unit", ["(", "()", "a@", "((Android", "mail ", "+ ", "[FB", "\\", "x" * 10 + " "])
def test_only_the_beginning_of_a_long_user_agent_is_looked_at(unit):
    agent = unit * 100_000
    start = agent[: judgement.USER_AGENT_MAX_LENGTH]
    assert judge({"User-Agent": agent}) == judge({"User-Agent": start}) == judge({"User-Agent": f"{start} Thunderbird"})
    assert judge({"User-Agent": f"{start[:-12]} Thunderbird"}).rule == "email-client"


def test_only_the_beginning_of_a_long_header_is_looked_at():
    blanks = " " * judgement.HEADER_MAX_LENGTH
    assert rule_of(CHROME, Sec_Purpose=f"x{blanks}prefetch") == "browser"
    assert rule_of(CHROME, Sec_Purpose=f"{blanks}prefetch") == "declared-prefetch"
