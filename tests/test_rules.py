"""The tables of rules, tried on the requests of real clients."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ptrack.hits import HitKind, classify, judgement, rules

from support import fresh_copy

REQUESTS = json.loads((Path(__file__).parent / "fingerprints.json").read_text())
CERTAIN = [request for request in REQUESTS if request["label"] != "ambiguous"]
AMBIGUOUS = [request for request in REQUESTS if request["label"] == "ambiguous"]

MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def kind_of(agent):
    return classify({"User-Agent": agent})[0]


@pytest.fixture(params=["with the list of crawlers", "without it"])
def classify_anew(request, monkeypatch):
    """The function ``classify`` with and without the package of the extra ``scanners``."""
    with_list = request.param == "with the list of crawlers"
    if not with_list:
        monkeypatch.setitem(sys.modules, "crawleruseragents", None)
    classify = fresh_copy(judgement).classify
    assert (classify({"User-Agent": "ia_archiver"})[0] == "scanner") is with_list
    return classify


def test_every_labelled_request_is_classified_right(classify_anew):
    assert {request["label"] for request in CERTAIN} == set(HitKind) - {HitKind.UNKNOWN}
    wrong = [
        (request["label"], kind, reason, request["client"], request["headers"])
        for request in CERTAIN
        for kind, reason in [classify_anew(request["headers"])]
        if kind != request["label"]
    ]
    assert wrong == []


def test_ambiguous_requests_are_unknown_or_those_of_a_browser(classify_anew):
    kinds = {request["client"]: str(classify_anew(request["headers"])[0]) for request in AMBIGUOUS}
    assert set(kinds.values()) == {"unknown", "person"}
    # Both come from ordinary browsers, which a machine was once seen to use.
    assert [client for client, kind in kinds.items() if kind == "person"] == [
        "Chrome 83 Linux",
        "Microsoft click bot or person",
    ]


@pytest.mark.parametrize(
    "table",
    [
        rules.EMAIL_RULES,
        rules.MACHINE_RULES,
        rules.READER_OR_PREFETCH_RULES,
        rules.CLIENT_RULES,
        rules.BROWSER_RULES,
    ],
)
def test_each_rule_has_a_kind_a_reason_and_a_source(table):
    for rule in table:
        assert isinstance(rule.kind, HitKind)
        assert rule.reason.startswith("user agent ")
        assert rule.source


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
def test_a_device_may_have_any_name(device):
    webkit = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36"
    person = f"Mozilla/5.0 (Linux; Android 10; {device}) {webkit}"
    instagram = f"Instagram 132.0 Android (26/8.0.0; 480dpi; {device.partition(' (')[0]}; en_GB)"
    for agent in (person, f"{person} [FBAN/FB4A;FBAV/1;FBDV/{device};FBMD/x]", f"{person} {instagram}"):
        assert kind_of(agent) == "person"
    # Outside the name of the device, the same words count.
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
def test_a_reader_is_not_called_a_machine(agent):
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
def test_a_machine_that_names_itself_is_a_scanner(agent):
    assert kind_of(agent) == "scanner"


@pytest.mark.parametrize("name", ["MailRuImageProxy/1.0", "Some image proxy", "X-Mail-Proxy"])
def test_a_proxy_for_emails_need_not_be_listed(name):
    assert kind_of(f"Mozilla/5.0 ({name}; +https://example.com)") == "proxy"


@pytest.mark.parametrize(
    ("version", "kind"),
    [("10_9_5", "person"), ("10_15_6", "person"), ("10_15_7", "unknown"), ("10_16", "unknown"), ("14_4_1", "unknown")],
)
def test_apple_mail_is_a_person_on_a_mac_that_cannot_fetch_ahead(version, kind):
    assert kind_of(MAC_MAIL.replace("10_15_7", version)) == kind


@pytest.mark.parametrize(
    "agent", ["x", "Foo/1.0", "Mozilla/5.0 (X)", "Mozilla/5.00", "Mozilla/4.0", "-", "\x00", "é\ud800"]
)
def test_a_user_agent_that_fits_no_rule_is_unknown(agent):
    assert classify({"User-Agent": agent}) == (HitKind.UNKNOWN, "no rule knows the user agent")


def test_the_reason_names_the_client():
    agent = "mozilla/5.0 (windows nt 5.1; rv:11.0) gecko firefox/11.0 (via GOOGLEIMAGEPROXY)"
    assert classify({"User-Agent": agent}) == (HitKind.PROXY, 'user agent contains "GoogleImageProxy"')
    kind, reason = classify({"User-Agent": "Mozilla/5.0"})
    assert kind == "prefetch"
    assert "Apple Mail Privacy Protection" in reason
