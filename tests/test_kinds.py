from __future__ import annotations

import json
import string
import sys
from datetime import timedelta
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.http.request import HttpHeaders
from hypothesis import given
from hypothesis import strategies as st

from ptrack.hits import HitKind, classify, judgement, rules

FINGERPRINTS = json.loads((Path(__file__).parent / "fingerprints.json").read_text())
LABELLED = [request for request in FINGERPRINTS if request["label"] != "ambiguous"]
AMBIGUOUS = [request for request in FINGERPRINTS if request["label"] == "ambiguous"]

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
)
MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def kind_of(agent):
    return classify({"User-Agent": agent})[0]


@pytest.fixture(params=["with the list of crawlers", "without it"])
def crawler_list(request, monkeypatch):
    """Classify with or without the package that the extra installs."""
    if request.param == "without it":
        monkeypatch.setitem(sys.modules, "crawleruseragents", None)
    forget_verdicts()
    assert (kind_of("ia_archiver") == "scanner") is (request.param != "without it")
    yield
    forget_verdicts()


def forget_verdicts():
    judgement._classify_agent.cache_clear()
    judgement._crawler_list.cache_clear()


def test_every_labelled_request_is_classified_right(crawler_list):
    wrong = [
        (request["label"], kind, reason, request["client"], request["headers"])
        for request in LABELLED
        for kind, reason in [classify(request["headers"])]
        if kind != request["label"]
    ]
    assert wrong == []
    assert len(LABELLED) == 149


def test_ambiguous_requests_are_unknown_or_what_their_note_allows(crawler_list):
    verdicts = {request["client"]: str(classify(request["headers"])[0]) for request in AMBIGUOUS}
    assert set(verdicts.values()) == {"unknown", "person"}
    # Both are ordinary browsers but for who was once seen to use them.
    assert [client for client, kind in verdicts.items() if kind == "person"] == [
        "Chrome 83 Linux",
        "Microsoft click bot or person",
    ]


def test_the_list_of_crawlers_is_asked_last(monkeypatch):
    monkeypatch.setitem(sys.modules, "crawleruseragents", SimpleNamespace(is_crawler=lambda agent: True))
    forget_verdicts()
    try:
        for agent in (CHROME, "no such client"):
            kind, reason = classify({"User-Agent": agent})
            assert (kind, "crawler-user-agents" in reason) == (HitKind.SCANNER, True)
        for agent, kind in (("YahooMailProxy; https://help.yahoo.com/", "proxy"), ("Thunderbird", "person")):
            assert kind_of(agent) == kind
    finally:
        forget_verdicts()


def test_names_and_values_of_kinds():
    assert [str(kind) for kind in HitKind] == ["person", "proxy", "prefetch", "scanner", "unknown"]
    assert {str(kind): kind.is_open for kind in HitKind} == {
        "person": True,
        "proxy": True,
        "prefetch": False,
        "scanner": False,
        "unknown": None,
    }
    assert HitKind("proxy") is HitKind.PROXY


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "USER-AGENT", "USER_AGENT"])
def test_header_names_in_any_spelling(name):
    assert classify({name: "curl/8.0"})[0] == "scanner"


def test_headers_of_django():
    assert classify(HttpHeaders({"HTTP_USER_AGENT": CHROME, "HTTP_SEC_PURPOSE": "prefetch"}))[0] == "prefetch"


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"])
@pytest.mark.parametrize("value", ["prefetch", "PREFETCH", "prefetch;prerender", "preview", "prerender"])
def test_a_request_that_declares_a_prefetch_is_one(name, value):
    kind, reason = classify({"User-Agent": CHROME, name: value})
    assert kind == "prefetch"
    assert reason.startswith(f'header {name} contains "')
    assert classify({"User-Agent": CHROME, name: "navigation"})[0] == "person"


def test_a_headless_browser_in_disguise_is_told_by_its_client_hints():
    hints = '"HeadlessChrome";v="128", "Chromium";v="128"'
    assert classify({"User-Agent": CHROME, "Sec-CH-UA": hints}) == (
        HitKind.SCANNER,
        'header Sec-CH-UA contains "Headless"',
    )


def test_robots_that_say_who_runs_them():
    assert classify({"User-Agent": CHROME, "From": "robots@example.com"})[0] == "scanner"


@pytest.mark.parametrize("headers", [{}, {"User-Agent": ""}, {"User-Agent": "  "}, {"Accept": "*/*"}])
def test_without_a_user_agent_nothing_is_known(headers):
    assert classify(headers) == (HitKind.UNKNOWN, "there is no user agent")


@pytest.mark.parametrize(
    "agent", ["x", "Foo/1.0", "Mozilla/5.0 (X)", "Mozilla/5.00", "Mozilla/4.0", "-", "\x00", "é\ud800"]
)
def test_what_no_rule_knows_is_unknown(agent):
    assert classify({"User-Agent": agent}) == (HitKind.UNKNOWN, "no rule knows the user agent")


def test_the_reason_names_what_was_found():
    agent = "mozilla/5.0 (windows nt 5.1; rv:11.0) gecko firefox/11.0 (via GOOGLEIMAGEPROXY)"
    assert classify({"User-Agent": agent}) == (HitKind.PROXY, 'user agent contains "GoogleImageProxy"')
    assert classify({"User-Agent": "Mozilla/5.0"})[1] == "user agent is exactly that of Apple Mail Privacy Protection"


@pytest.mark.parametrize(
    "device",
    [
        "CUBOT",
        "CUBOT_X18_Plus Build/O00623; wv",
        "CUBOT P20 (EU) Build/1",
        "M bot 54",
        "XBot Junior",
        "Robot S5",
        "Spider 2",
        "Barcode Scanner Pro",
        "V3+ Build/KOT49H",
    ],
)
def test_a_device_may_be_called_anything(device):
    webkit = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36"
    person = f"Mozilla/5.0 (Linux; Android 10; {device}) {webkit}"
    assert kind_of(person) == "person"
    assert kind_of(f"{person} [FBAN/FB4A;FBAV/1;FBDV/{device};FBMD/x]") == "person"
    assert (
        kind_of(f"{person} Instagram 132.0 Android (26/8.0.0; 480dpi; {device.partition(' (')[0]}; en_GB)") == "person"
    )
    # What is said elsewhere counts.
    assert kind_of(f"{person} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)") == "scanner"


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (iPad; CPU OS 12_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
        "Studo/3.16 (https://example.com/about)",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0; Embedded Web Browser from: http://bsalsa.com/)",
        "Mozilla/5.0 (X11; U; Linux armv7l; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Safari/533.2+ Kindle/3.0+",
        "MT6735_TD/V1 Linux/3.18.19+ Android/6.0 Browser/AppleWebKit537.36 Chrome/39.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/4.2/28.3492; U; en)",
        "Outlook/16.16.18071205 CFNetwork/902.1 Darwin/17.7.0 (x86_64)",
        "Yahoo%20Mail/49268 CFNetwork/1121.2.2 Darwin/19.3.0",
        "NaverMailApp/2.2.2 (Android 10; SM-G986N)",
        "YahooMobile/1.0 (mail; 3.0.5.1311380); (Linux; U; Android 4.0.3; x);",
        "KMail/4.14.10 (FreeBSD/12.0-CURRENT; KDE/4.14.10; amd64; ; )",
        "FairEmail/1.2000",
        "Nokia6300/2.0 (07.21) Profile/MIDP-2.0 Configuration/CLDC-1.1",
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; AntivirXP08)",
    ],
)
def test_readers_are_not_called_machines(agent):
    assert kind_of(agent) == "person"


@pytest.mark.parametrize(
    "agent",
    [
        "Java1.1.4",
        "perlclient/1.0",
        "Go 1.1 package http",
        "Node.js/22",
        "PHP-SOAP/7.4.33",
        "node-superagent/5.0.2",
        "TelegramBot (like TwitterBot)",
        "WhatsApp/2.23.20.0",
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "nsurlsessiond (unknown version) CFNetwork/1 Darwin/19",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Cards/1.1; +mailto:it@example.com) Chrome/100",
        "A scan by example.com. Questions: abuse@example.com",
        "Microsoft Office/15.0 (Windows NT 10.0; Microsoft OneNote 15.0.5059; Pro)",
    ],
)
def test_machines_that_say_so(agent):
    assert kind_of(agent) == "scanner"


@pytest.mark.parametrize("name", ["MailRuImageProxy/1.0", "Some image proxy", "X-Mail-Proxy"])
def test_a_proxy_for_emails_that_nobody_listed(name):
    assert kind_of(f"Mozilla/5.0 ({name}; +https://example.com)") == "proxy"


@pytest.mark.parametrize(
    ("version", "kind"),
    [("10_9_5", "person"), ("10_15_6", "person"), ("10_15_7", "unknown"), ("10_16", "unknown"), ("14_4_1", "unknown")],
)
def test_bare_webkit_tells_readers_only_where_apple_cannot_prefetch(version, kind):
    assert kind_of(MAC_MAIL.replace("10_15_7", version)) == kind


@pytest.mark.parametrize(
    "agent", [MAC_MAIL, "Mail/3826.500 CFNetwork/3826.500 Darwin/24.4.0", "Android-Gmail/64562652 (x)"]
)
def test_nobody_opens_an_email_within_two_seconds_of_its_rendering(agent):
    headers = {"User-Agent": agent}
    assert classify(headers, timedelta(seconds=1.999))[0] == "prefetch"
    assert classify(headers, timedelta(seconds=1))[1].endswith(", less than 2 seconds after the rendering")
    assert classify(headers, timedelta(seconds=2))[0] == "unknown"
    assert classify(headers)[0] == "unknown"


@pytest.mark.parametrize("agent", [CHROME, "Thunderbird/115", "GoogleImageProxy", "curl/8", "Foo/1.0", ""])
def test_the_age_changes_nothing_else(agent):
    headers = {"User-Agent": agent}
    assert classify(headers, timedelta()) == classify(headers)


def test_each_rule_gives_its_kind_its_reason_and_its_source():
    tables = [
        rules.EMAIL_RULES,
        rules.MACHINE_RULES,
        rules.PERSON_OR_AHEAD_RULES,
        rules.CLIENT_RULES,
        rules.BROWSER_RULES,
    ]
    for rule in chain.from_iterable(tables):
        assert isinstance(rule.kind, HitKind)
        assert rule.reason.startswith("user agent ")
        assert rule.source


@given(
    st.dictionaries(
        st.one_of(st.text(), st.sampled_from(["User-Agent", "Purpose", "From", "Sec-CH-UA"])),
        st.one_of(st.text(), st.text(string.ascii_letters + "()/;+ .[", max_size=3000)),
    )
)
def test_it_never_raises(headers):
    kind, reason = classify(headers)
    assert isinstance(kind, HitKind)
    assert reason


@pytest.mark.parametrize("unit", ["(", "()", "a@", "((Android", "mail ", "+ ", "[FB", "\\", "x" * 10 + " "])
def test_a_hostile_user_agent_is_cut(unit):
    agent = unit * 100_000
    assert classify({"User-Agent": agent}) == classify({"User-Agent": agent[: judgement.USER_AGENT_MAX_LENGTH]})
