"""The tables of rules: each entry by its own examples, and all of them on the requests of real clients."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ptrack.hits import HitKind, Rule, judge, judgement, rules

from support import fresh_copy

FILES = ("fingerprints.json", "fingerprints-2.json")
REQUESTS = [
    request for name in FILES for request in json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
]
CERTAIN = [request for request in REQUESTS if request["label"] != "ambiguous"]
AMBIGUOUS = [request for request in REQUESTS if request["label"] == "ambiguous"]

IN_HEADERS = (*rules.DECLARATIONS, *rules.NAVIGATION, *rules.EMAIL_APPS, *rules.ROBOT_HEADERS)
ON_CLICKS = (*rules.KNOWN_ON_CLICKS, *rules.SENDERS_OF_FETCH_MODE)
LISTED = (rules.LISTED,)
ALL = [
    rule
    for table in vars(rules).values()
    for rule in ([table] if isinstance(table, Rule) else table if isinstance(table, tuple) else ())
    if isinstance(rule, Rule)
]
WITH_EXAMPLES = [rule for rule in ALL if rule not in LISTED]

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/75.0 Safari/537.36"
MAC_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def kind_of(agent):
    return judge({"User-Agent": agent}).kind


@pytest.fixture(params=["with the list of crawlers", "without it"])
def judge_anew(request, monkeypatch):
    """The function ``judge`` with and without the package of the extra ``scanners``."""
    with_list = request.param == "with the list of crawlers"
    if not with_list:
        monkeypatch.setitem(sys.modules, "crawleruseragents", None)
    judge = fresh_copy(judgement).judge
    listed = "Mozilla/5.0 (X11; U; Linux i686; en-US; rv:1.9.1.3; ips-agent) Gecko/20090824 Firefox/3.5.3"
    assert (judge({"User-Agent": listed}).rule == "listed") is with_list
    return judge


@pytest.fixture
def judge_alone(monkeypatch):
    """The function ``judge`` without a list of crawlers."""
    monkeypatch.setitem(sys.modules, "crawleruseragents", None)
    return fresh_copy(judgement).judge


# Each entry


def judge_example(judge, rule, example):
    """Return the verdict on a request as one of the examples of a rule describes it."""
    if rule in IN_HEADERS:
        name, _, value = example.partition(":")
        return judge({"User-Agent": CHROME, name: value.strip()})
    return judge({"User-Agent": example}, is_click=rule in ON_CLICKS, is_secure=True)


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.code)
def test_a_rule_decides_its_own_example(judge_alone, rule):
    verdict = judge_example(judge_alone, rule, rule.matches)
    assert verdict[:2] == (rule.kind, rule.code)


@pytest.mark.parametrize("rule", WITH_EXAMPLES, ids=lambda rule: rule.code)
def test_a_rule_leaves_its_counterexample(judge_alone, rule):
    assert rule.leaves
    assert judge_example(judge_alone, rule, rule.leaves).rule != rule.code


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_a_rule_has_a_kind_a_stable_code_and_a_source(rule):
    assert isinstance(rule.kind, HitKind)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
    assert rule.source


def test_no_two_rules_share_a_code():
    codes = [rule.code for rule in ALL]
    assert len(codes) == len(set(codes)) > 45
    assert codes.index("apple-mpp") < codes.index("navigation") < codes.index("google-image-proxy")
    assert rules.AHEAD_TOO.issubset(codes)


def names_of(rule):
    """Return the names that a rule made by ``words`` finds."""
    before, _, after = rules.words("|").partition("\\|")
    if not (rule.pattern.startswith(before) and rule.pattern.endswith(after)):
        return []
    return [re.sub(r"\\(.)", r"\1", name) for name in rule.pattern[len(before) : -len(after)].split("|")]


NAMES = [(rule, name) for rule in ALL for name in names_of(rule)]


def test_the_names_of_rules_are_found():
    assert len(NAMES) > 90
    assert {"Barca", "The Bat!", "SuperhumanProxy"} <= {name for _, name in NAMES}


@pytest.mark.parametrize(("rule", "name"), NAMES, ids=lambda value: value if isinstance(value, str) else value.code)
def test_no_name_is_part_of_a_longer_word(rule, name):
    pattern = re.compile(rule.pattern, re.IGNORECASE)
    assert pattern.search(name)
    assert pattern.search(f"1{name}1")
    assert not pattern.search(f"em{name}")
    assert name[-1] in "/!" or not pattern.search(f"{name}dero")


# Requests of real clients

#: The machines that send what an ordinary browser sends: no rule that spares readers can tell.
DISGUISED = {"Gateway in front of a university, 28 s after sending", "Same gateway with its address"}


def judge_request(judge, request):
    age = request.get("age")
    return judge(request["headers"], None if age is None else timedelta(seconds=age))


def test_every_labelled_request_is_judged_right_but_for_machines_in_disguise(judge_anew):
    verdicts = [(request, judge_request(judge_anew, request)) for request in CERTAIN]
    wrong = [(request["client"], verdict) for request, verdict in verdicts if verdict.kind != request["label"]]
    assert {client for client, _ in wrong} == DISGUISED, wrong


def test_no_ambiguous_request_is_called_a_machine(judge_anew):
    kinds = {request["client"]: judge_request(judge_anew, request).kind for request in AMBIGUOUS}
    assert set(kinds.values()) == {"unknown", "person", "proxy"}
    # These come from ordinary browsers, which a machine was once seen to use.
    assert [client for client, kind in kinds.items() if kind == "person"] == [
        "Chrome 83 Linux",
        "Microsoft click bot or person",
        "new Outlook for Windows",
    ]


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
    assert kind_of(f"{person.replace('; wv', '')} (compatible; Googlebot/2.1)") == "scanner"


@pytest.mark.parametrize(
    "agent",
    [
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
        "Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.7.5; Google-TR-1) Gecko/20041107 Firefox/1.0",
        "Mozilla/5.0 (Linux; Android 6.0.1; Le X526) AppleWebKit/537.36 (KHTML, like Gecko) Safari/537.36 Viber",
        "LibWWW/5.0 (Linux; Android 7.0; Galaxy S8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0 Mobile",
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
        "Slack-ImgProxy (+https://api.slack.com/robots)",
        "nsurlsessiond (unknown version) CFNetwork/1 Darwin/19",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Cards/1.1; +mailto:it@example.com) Chrome/100",
        "A scan by example.com. Questions: abuse@example.com",
        "Valimail/1.0 (domain scanner)",
        "Email%20Extractor/29",
        "Embarcadero URI Client/1.0",
    ],
)
def test_a_machine_that_names_itself_is_a_scanner(agent):
    assert kind_of(agent) == "scanner"


@pytest.mark.parametrize(
    "name",
    ["MailRuImageProxy/1.0", "Some image proxy", "X-Mail-Proxy", "via secureurl.fwdcdn.com - mail.ukr.net proxy"],
)
def test_a_proxy_for_emails_need_not_be_listed(name):
    assert kind_of(f"Mozilla/5.0 ({name}; +https://example.com)") == "proxy"


@pytest.mark.parametrize(
    ("version", "kind"),
    [("10_9_5", "person"), ("10_15_6", "person"), ("10_15_7", "unknown"), ("10_16", "unknown"), ("14_4_1", "unknown")],
)
def test_apple_mail_is_a_person_on_a_mac_that_cannot_fetch_ahead(version, kind):
    assert kind_of(MAC_MAIL.replace("10_15_7", version)) == kind
