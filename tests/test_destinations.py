"""Where a link may lead: one judgement, at rendering and at the hit."""

from __future__ import annotations

import asyncio
import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe

from ptrack.destinations import is_good_location, to_location
from ptrack.exceptions import PtrackArgumentError

from support import without_setting


@pytest.fixture(autouse=True)
def _any_host():
    with override_settings(PTRACK_LINK_ALLOWED_HOSTS=["*"]):
        yield


def allow(hosts):
    return override_settings(PTRACK_LINK_ALLOWED_HOSTS=hosts)


# The rules


GOOD = [
    "https://shop.example",
    "http://shop.example/",
    "HtTpS://Shop.Example/Path?Query=1#Fragment",
    "https://shop.example?x=1",
    "https://shop.example#x",
    "https://shop.example:1/",
    "https://shop.example:65535?x",
    "http://shop.example:080/",
    "http://shop.example:0000000080/",
    "https://localhost/",
    "https://a-b_c.d--e.example/",
    "https://-a-._/",
    "https://4you.example/",
    "https://xn--mnchen-3ya.example/",
    "http://192.0.2.1/",
    "http://192.0.2.1:8000/x",
    "http://0.0.0.0/",
    "http://[::1]/",
    "http://[2001:DB8::1]:8000/",
    "http://[::ffff:192.0.2.1]/",
    "https://shop.example/%0d%0a//other.example/",
    "https://shop.example//other.example/@x:y",
    "https://shop.example/?next=https://other.example/&a=1;b=2",
    "https://shop.example/#@other.example:1/",
    "https://shop.example/~x/!$&'()*+,;=:@",
]


@pytest.mark.parametrize("destination", GOOD)
def test_a_good_destination_stays_as_it_is(destination):
    assert to_location(destination) == destination
    assert is_good_location(destination)


BAD = {
    "is no absolute URL": [
        *["", "/", "//shop.example/", "shop.example", "/path?x=https://shop.example/", "?x", "#x"],
        *["ftp://shop.example/", "javascript:alert(1)//shop.example", "data:text/html,x", "mailto:a@shop.example"],
        *["https:shop.example", "https:/shop.example", "https//shop.example", "xhttps://shop.example", "httpss://a/"],
        *["https://[::1]x/", "https://[::1/", "https://x[::1]/", "https://[::1]]/", "https://a]/"],
        # A long s is an s of another case, and a scheme is ASCII.
        "http\u017f://shop.example/",
    ],
    "has a port": [
        *["https://shop.example:/", "https://shop.example:0/", "https://shop.example:65536/", "https://a:-1/"],
        *[
            "https://shop.example:0000000/",
            "https://shop.example:00900000080/",
            "https://shop.example:8o/",
            "https://shop.example:80:80/",
            "http://a:+1",
        ],
        *["https://user:secret@shop.example/", "https://shop.example:80@other.example/", "http://[::1]:x/"],
        *["https://shop.example:\u0668/", "https://shop.example:\u00b2/", "https://shop.example:6553500/"],
        "https://shop.example:" + "9" * 5000,
    ],
    "has a host outside ASCII": [
        *["https://m\xfcnchen.example/", "https://shop\u3002example/", "https://\uff53hop.example/", "http://\u0661/"],
        *[
            "https://shop.example\u200b/",
            "http://[\u0661::1]/",
            "https://shop.example\uff0fx",
            "https://\u212a.example/",
        ],
    ],
    "has a host that there cannot be": [
        *[
            "https:///",
            "https:///[::1]",
            "https://",
            "https://?x",
            "https://.shop.example/",
            "https://shop..example/",
            "https://.",
        ],
        *["https://shop.example./", "https://user@shop.example/", "https://@shop.example/", "https://a,b/"],
        *["https://shop%2eexample/", "https://%73hop.example/", "https://shop.example%00.other.example/"],
        *["https://shop!.example/", "https://shop.example;other.example/", "https://a'b/", "https://*.shop.example/"],
        *["http://1/", "http://127.1/", "http://192.0.2/", "http://192.0.2.1.1/", "http://192.0.2.256/"],
        *["http://010.0.0.1/", "http://192.0.2.01/", "http://0x7f.0.0.1/", "http://0x7f000001/", "http://1.2.3.0x4/"],
        *["http://2130706433/", "http://shop.1/", "http://shop.4you/", "http://192.0.2.1a/"],
        *["http://[]/", "http://[::1%25eth0]/", "http://[::1%eth0]/", "http://[1]/", "http://[:::1]/", "http://[::g]/"],
        *["http://[192.0.2.1]/", "http://[::12345]/", "http://[v1.x]/", "http://[::01.2.3.4]/", "http://[shop]/"],
    ],
    "has white space, a control character, a lone surrogate or a backslash": [
        *["https://shop.example/a b", " https://shop.example/", "https://shop.example/\n", "https://shop.example\t/"],
        *["https://shop.example/\r\nSet-Cookie:x", "\x00https://shop.example/", "https://shop.example/\x7f"],
        *["https://shop.example/\x85", "https://shop.example/\x9f", "https://shop.example/\xa0", "https://a/\u2028"],
        *["https://shop.example/\u3000", "https://shop.example/\x1c", "ht\ntps://shop.example/", "https://a/\ud800"],
        *["https://shop.example/\udfff", "https://shop.example\\@other.example/", "https:\\\\shop.example/", "\\\\a"],
        *["https://shop.example/?x=\\", "https://shop.example/#\\", "https://shop.example/\x08"],
    ],
}


@pytest.mark.parametrize(("fault", "destination"), [(fault, each) for fault, bad in BAD.items() for each in bad])
def test_a_destination_that_breaks_a_rule_is_refused_with_fault_and_cure_and_is_a_bad_token(fault, destination):
    with pytest.raises(PtrackArgumentError, match=f"^The destination of a link {fault}.*: ") as caught:
        to_location(destination)
    assert "secret" not in str(caught.value)
    assert not is_good_location(destination)


@pytest.mark.parametrize("value", [None, b"https://shop.example/", 5, ["https://shop.example/"], lazystr("https://a/")])
def test_a_destination_is_a_str(value):
    with pytest.raises(PtrackArgumentError, match=f"is of type {type(value).__name__}: pass a str"):
        to_location(value)
    assert not is_good_location(value)


def test_a_str_of_another_class_is_turned_into_text_once():
    class Fickle(str):
        def __str__(self):
            texts.append("https://other.example/")
            return texts.pop(0)

    texts = ["https://shop.example/"]
    with allow(["shop.example"]):
        assert to_location(Fickle("https://third.example/")) == "https://shop.example/"
    assert type(to_location(mark_safe("https://shop.example/"))) is str


@pytest.mark.parametrize(
    ("destination", "location"),
    [
        ("https://shop.example/é?ü=ß#😀", "https://shop.example/%C3%A9?%C3%BC=%C3%9F#%F0%9F%98%80"),
        ('https://shop.example/"<>^`{|}', "https://shop.example/%22%3C%3E%5E%60%7B%7C%7D"),
        ("https://shop.example/%20%é", "https://shop.example/%20%%C3%A9"),
    ],
)
def test_the_text_is_percent_encoded_once_and_only_the_result_is_a_good_location(destination, location):
    assert to_location(destination) == location
    assert to_location(location) == location
    assert is_good_location(location)
    # Rendering would not have put it into a token.
    assert not is_good_location(destination)


@pytest.mark.parametrize(("character", "count"), [("a", 1), ("é", 6), ("😀", 12)])
def test_what_travels_has_at_most_2048_characters(character, count):
    fits = "https://shop.example/" + character * ((2048 - 21) // count)
    fits += "b" * (2048 - len(to_location(fits)))
    assert len(to_location(fits)) == 2048
    assert is_good_location(to_location(fits))
    with pytest.raises(PtrackArgumentError, match="more than 2048 characters"):
        to_location(fits + "b")
    assert not is_good_location(to_location(fits) + "b")


# The hosts


@pytest.mark.parametrize(
    ("patterns", "allowed", "refused"),
    [
        (
            ["shop.example"],
            ["shop.example", "SHOP.example", "shop.example:8000"],
            ["www.shop.example", "xshop.example"],
        ),
        ([".shop.example"], ["shop.example", "a.b.shop.example"], ["xshop.example", "shop.example.other.example"]),
        (["SHOP.Example"], ["shop.example", "Shop.eXample"], ["other.example"]),
        (["[::1]", "192.0.2.1"], ["[::1]", "[::1]:80", "192.0.2.1"], ["[::2]", "192.0.2.2", "[0::1]"]),
        (["::1", "shop.example:80", "https://shop.example", ""], [], ["[::1]", "shop.example:80", "shop.example"]),
        (("shop.example",), ["shop.example"], ["other.example"]),
        (["*"], ["other.example", "[::1]"], []),
        ([], [], ["shop.example", "localhost", "127.0.0.1"]),
    ],
)
def test_the_hosts_are_patterns_as_in_allowed_hosts(patterns, allowed, refused):
    with allow(patterns):
        for host in allowed:
            assert to_location(f"https://{host}/") == f"https://{host}/"
            assert is_good_location(f"https://{host}/")
        for host in refused:
            name = re.escape(repr(host.partition(":80")[0]))
            with pytest.raises(PtrackArgumentError, match=f"the host {name}: add the host to PTRACK_LINK_ALLOWED"):
                to_location(f"https://{host}/")
            assert not is_good_location(f"https://{host}/")


def only_letters(host):
    asked.append(host)
    return host.replace(".", "").isalpha()


asked: list[str] = []


@pytest.mark.parametrize("setting", [only_letters, f"{__name__}.only_letters"])
def test_a_callable_or_its_path_is_asked_for_the_host_alone_in_lower_case(setting):
    asked.clear()
    with allow(setting):
        to_location("https://Shop.Example:8000/x")
        assert is_good_location("HTTPS://SHOP.EXAMPLE?x")
        assert not is_good_location("https://[2001:DB8::1]:80/")
        with pytest.raises(PtrackArgumentError, match="leads to the host"):
            to_location("https://192.0.2.1/")
    assert asked == ["shop.example", "shop.example", "[2001:db8::1]", "192.0.2.1"]


def test_a_callable_is_asked_only_for_what_breaks_no_rule():
    asked.clear()
    with allow(only_letters):
        assert not is_good_location("https://shop.example\\x/")
        with pytest.raises(PtrackArgumentError):
            to_location("https://shop..example/")
    assert asked == []


def answer_later(host):
    return asyncio.sleep(0, True)


@pytest.mark.parametrize("answer", [lambda host: None, lambda host: 1, lambda host: "yes", answer_later])
def test_any_other_answer_than_true_or_false_is_an_error(answer):
    with allow(answer):
        for judge in (to_location, is_good_location):
            with pytest.raises(
                ImproperlyConfigured, match=r"PTRACK_LINK_ALLOWED_HOSTS.* with the type .*True or False"
            ):
                judge("https://shop.example/")


def test_what_a_callable_raises_is_raised():
    def fail(host):
        raise ZeroDivisionError

    with allow(fail):
        for judge in (to_location, is_good_location):
            with pytest.raises(ZeroDivisionError):
                judge("https://shop.example/")


BAD_SETTINGS = [
    (None, "is not set"),
    ("", "cannot be imported"),
    ("shop.example", "cannot be imported"),
    ("*", "cannot be imported"),
    ("django.VERSION", "not to a callable"),
    (b"shop.example", "is of type bytes"),
    ({"shop.example"}, "is of type set"),
    ({"shop.example": True}, "is of type dict"),
    ([b"shop.example"], "holds something that is not a str"),
    ([only_letters], "holds something that is not a str"),
    (["shop.example", None], "holds something that is not a str"),
    (5, "is of type int"),
    (True, "is of type bool"),
]


@pytest.mark.parametrize(("setting", "fault"), BAD_SETTINGS)
def test_a_bad_setting_is_named_with_its_fault(setting, fault):
    with allow(setting):
        for judge in (to_location, is_good_location):
            with pytest.raises(ImproperlyConfigured, match=f"^PTRACK_LINK_ALLOWED_HOSTS .*{fault}"):
                judge("https://shop.example/")


def test_the_setting_has_no_default():
    with without_setting("PTRACK_LINK_ALLOWED_HOSTS"):
        with pytest.raises(ImproperlyConfigured, match=r"^PTRACK_LINK_ALLOWED_HOSTS is not set"):
            to_location("https://shop.example/")


def test_a_refusal_says_no_more_of_the_destination_than_its_host():
    for destination in ("https://shop.example/secret", "https://user:secret@shop.example/", "secret"):
        with allow([]), pytest.raises(PtrackArgumentError) as caught:
            to_location(destination)
        assert "secret" not in str(caught.value)
