from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

import ptrack
from ptrack.checks import check_rules
from ptrack.hits import Hit, HitKind, Rule, judge
from ptrack.hits.site_rules import check_site_rules

GADGET = Rule(HitKind.SCANNER, r"OurGadget/\d", "our-gadget")
BAD_SETTINGS = [
    (None, "of type NoneType"),
    ({}, "of type dict"),
    (GADGET._replace(code="x").code.encode(), "of type bytes"),
    ([GADGET, tuple(GADGET)], "item 2, is of type tuple"),
    ([GADGET._replace(kind="scanner")], "item 1 ('our-gadget'), has the kind 'scanner'"),
    ([GADGET._replace(code="Our Gadget")], "item 1 ('Our Gadget'), has a bad code"),
    ([GADGET._replace(code="")], "has a bad code"),
    ([GADGET._replace(code="a" * 41)], "has a bad code"),
    ([GADGET._replace(code=7)], "has a bad code"),
    ([GADGET._replace(pattern="")], "has no pattern"),
    ([GADGET._replace(pattern=b"OurGadget")], "has no pattern"),
    ([GADGET._replace(pattern="(")], "is no regular expression"),
    ([GADGET._replace(source=["a list"])], "is not a str"),
    ([GADGET._replace(leaves=None)], "is not a str"),
    ([GADGET._replace(matches="OurGadget")], "does not find its pattern in its own example 'OurGadget'"),
    ([GADGET._replace(leaves="ourgadget/1")], "finds its pattern in 'ourgadget/1'"),
]


@pytest.fixture
def module(monkeypatch):
    """A module of the site with rules."""
    module = ModuleType("site_module")
    module.RULES = [GADGET]
    monkeypatch.setitem(sys.modules, "site_module", module)
    return module


def test_the_rules_of_the_site_are_none_by_default():
    assert check_site_rules() == ()
    assert check_rules() == []


@pytest.mark.parametrize("value", [[GADGET], (GADGET,)])
def test_a_rule_of_the_site_decides(value):
    with override_settings(PTRACK_RULES=value):
        verdict = judge({"User-Agent": "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 ourgadget/2"})
        assert verdict == (HitKind.SCANNER, "our-gadget", 'user agent contains "ourgadget/2"')
        assert check_rules() == []
    assert judge({"User-Agent": "OurGadget/2"}).rule == "no-engine"


def test_the_setting_may_be_a_dotted_path(module):
    with override_settings(PTRACK_RULES="site_module.RULES"):
        assert judge({"User-Agent": "OurGadget/2"}).rule == "our-gadget"


def test_the_first_of_two_rules_decides():
    second = Rule(HitKind.PERSON, "Our", "ours")
    with override_settings(PTRACK_RULES=[GADGET, second]):
        assert judge({"User-Agent": "OurGadget/2"}).rule == "our-gadget"
        assert judge({"User-Agent": "OurGadget"}).rule == "ours"


def test_the_rules_of_the_site_are_asked_before_all_others():
    rule = Rule(HitKind.UNKNOWN, "Mozilla|Gadget|^$", "everybody")
    navigation = {"User-Agent": "Mozilla/5.0", "Sec-Fetch-Mode": "navigate"}
    with override_settings(PTRACK_RULES=[rule]):
        for headers in ({"User-Agent": "Mozilla/5.0"}, {"User-Agent": "Mozilla/5.0", "Purpose": "prefetch"}, {}):
            assert judge(headers).rule == "everybody"
        assert judge(navigation).rule == judge(navigation, is_click=True).rule == "everybody"


def test_a_rule_that_finds_no_text_is_named_in_the_reason():
    with override_settings(PTRACK_RULES=[Rule(HitKind.SCANNER, "(?=Our)", "ours")]):
        assert judge({"User-Agent": "OurGadget"}).reason == "user agent fits the rule ours"


def test_a_click_is_never_that_of_a_proxy():
    with override_settings(PTRACK_RULES=[Rule(HitKind.PROXY, "OurProxy", "our-proxy")]):
        assert judge({"User-Agent": "OurProxy"}).kind == "proxy"
        assert judge({"User-Agent": "OurProxy"}, is_click=True)[:2] == (HitKind.UNKNOWN, "our-proxy")


@pytest.mark.parametrize(("value", "fault"), BAD_SETTINGS)
def test_a_bad_rule_is_named_by_the_check(value, fault):
    with override_settings(PTRACK_RULES=value):
        [message] = check_rules()
        with pytest.raises(ImproperlyConfigured):
            check_site_rules()
    assert message.id == "ptrack.E007"
    assert message.msg.startswith("PTRACK_RULES")
    assert fault in message.msg
    assert "without the rules" in message.hint


@pytest.mark.parametrize("path", ["no_such_module.RULES", "site_module.NOTHING", "RULES", ""])
def test_a_path_that_leads_nowhere_is_named(module, path):
    with override_settings(PTRACK_RULES=path):
        [message] = check_rules()
    assert message.id == "ptrack.E007"
    assert repr(path) in message.msg


def test_whatever_an_import_raises_is_named(tmp_path, monkeypatch):
    (tmp_path / "broken_rules.py").write_text("raise RuntimeError('the module is broken')")
    monkeypatch.syspath_prepend(tmp_path)
    with override_settings(PTRACK_RULES="broken_rules.RULES"), pytest.raises(ImproperlyConfigured) as caught:
        check_site_rules()
    assert "RuntimeError: the module is broken" in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(("value", "fault"), [*BAD_SETTINGS, ("no_such_module.RULES", "no_such_module")])
def test_bad_rules_are_logged_once_and_hits_are_judged_without_them(caplog, value, fault):
    with override_settings(PTRACK_RULES=value):
        token = ptrack.ptrack_encoder.encrypt("welcome")
        kinds = [Hit(token, {"HTTP_USER_AGENT": agent}, 0.0).kind for agent in ("curl/8", "Thunderbird/115")]
    assert kinds == ["scanner", "person"]
    [record] = caplog.records
    assert (record.name, record.levelname, fault in record.getMessage()) == ("ptrack", "ERROR", True)


def test_settings_may_import_what_a_rule_needs(tmp_path):
    (tmp_path / "site_settings.py").write_text(
        "from ptrack.hits import HitKind, Rule\nPTRACK_RULES = [Rule(HitKind.SCANNER, 'OurGadget', 'our-gadget')]\n"
    )
    code = f"""
import sys
sys.path[:0] = [{str(tmp_path)!r}, {str(Path(ptrack.__file__).parents[1])!r}]
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
import django
django.setup()
from ptrack.hits import judge
print(judge({{"User-Agent": "OurGadget"}}).rule)
"""
    result = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("our-gadget\n", "")
