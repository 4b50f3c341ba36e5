from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

import ptrack
from ptrack import conf

from support import remembered, without_setting

BAD_SECRETS = [
    (None, "is not set"),
    ("", "is empty"),
    (b"", "is empty"),
    ("a" * 33, "is 33 bytes long"),
    (b"b" * 33, "is 33 bytes long in UTF-8: "),
    ("a" * 32 + "\n", "is 33 bytes long in UTF-8, white space at its ends included: "),
    ("é" * 17, "is 34 bytes long"),
    ("\ud800", "holds a character that UTF-8 cannot express"),
    (12345678, "is of type int"),
    (["a secret in a list"], "is of type list"),
    (bytearray(b"a secret"), "is of type bytearray"),
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", b"a"),
        ("é" * 16, "é".encode() * 16),
        ("a" * 32, b"a" * 32),
        (b"\x00\xff", b"\x00\xff"),
        (b"b" * 32, b"b" * 32),
    ],
)
def test_a_secret_is_1_to_32_bytes(value, expected):
    with override_settings(PTRACK_SECRET=value):
        assert conf.secret() == expected


@pytest.mark.parametrize(("value", "fault"), BAD_SECRETS)
def test_a_bad_secret_is_named_with_fault_and_cure_and_not_shown(value, fault):
    with override_settings(PTRACK_SECRET=value), pytest.raises(ImproperlyConfigured) as caught:
        conf.secret()
    message = str(caught.value)
    assert message.startswith(f"PTRACK_SECRET {fault}")
    assert message.endswith(": " + conf._SECRET_CURE + ".")
    if value:
        assert repr(value)[2:-2] not in remembered(caught.value)


def test_a_missing_secret_is_named():
    with (
        without_setting("PTRACK_SECRET"),
        pytest.raises(ImproperlyConfigured, match=r"^PTRACK_SECRET is not set: .*ptrack_secret"),
    ):
        conf.secret()


def test_a_setting_that_changes_is_read_again():
    with override_settings(PTRACK_SECRET="one"):
        assert conf.secret() == b"one"
        with override_settings(PTRACK_SECRET="two"):
            assert conf.secret() == b"two"
        assert conf.secret() == b"one"


def test_settings_may_be_configured_from_any_object():
    code = f"""
import sys
sys.path.insert(0, {str(Path(ptrack.__file__).parents[1])!r})
from types import SimpleNamespace
from django.conf import settings
from ptrack import conf
settings.configure(SimpleNamespace(PTRACK_SECRET="s", PTRACK_SECRET_FALLBACKS=["f"], LOGGING_CONFIG=None))
print(conf.secret(), conf.secret_fallbacks(), conf.raw_app_url())
"""
    result = subprocess.run([sys.executable, "-I", "-W", "error", "-c", code], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("b's' (b'f',) None\n", "")


def test_there_are_no_fallbacks_unless_set():
    assert conf.secret_fallbacks() == ()


def test_fallbacks_that_are_no_longer_set_are_none():
    with override_settings(PTRACK_SECRET_FALLBACKS=["former"]):
        assert conf.secrets() == (conf.secret(), b"former")
    assert conf.secrets() == (conf.secret(),)


def test_a_bad_setting_is_reported_each_time_and_a_good_one_used_at_once():
    with override_settings(PTRACK_SECRET=""):
        for _ in range(2):
            with pytest.raises(ImproperlyConfigured):
                conf.secrets()
        with override_settings(PTRACK_SECRET="good"):
            assert conf.secrets() == (b"good",)


@pytest.mark.parametrize("former", [[], (), ["b"], ("b", b"c")])
def test_the_secrets_are_the_one_in_use_and_the_former(former):
    with override_settings(PTRACK_SECRET="a", PTRACK_SECRET_FALLBACKS=former):
        assert conf.secrets() == (conf.secret(), *conf.secret_fallbacks())
        assert len(conf.secrets()) == 1 + len(former)


@pytest.mark.parametrize("former", ["", b"", {}, None, [""], ("a" * 33,)])
def test_the_secrets_are_as_good_as_each_of_them(former):
    with override_settings(PTRACK_SECRET_FALLBACKS=former):
        with pytest.raises(ImproperlyConfigured, match=r"^PTRACK_SECRET_FALLBACKS"):
            conf.secrets()
        with override_settings(PTRACK_SECRET=None), pytest.raises(ImproperlyConfigured, match=r"^PTRACK_SECRET is not"):
            conf.secrets()


@pytest.mark.parametrize("value", [["a", b"b", "é"], ("a", b"b", "é")])
def test_fallbacks_are_a_list_or_tuple_of_secrets(value):
    with override_settings(PTRACK_SECRET_FALLBACKS=value):
        assert conf.secret_fallbacks() == (b"a", b"b", "é".encode())


@pytest.mark.parametrize("value", ["former", b"former", {"former"}, {"former": 1}, None, 1])
def test_fallbacks_of_another_type_are_refused(value):
    with override_settings(PTRACK_SECRET_FALLBACKS=value), pytest.raises(ImproperlyConfigured) as caught:
        conf.secret_fallbacks()
    message = str(caught.value)
    assert message.startswith(f"PTRACK_SECRET_FALLBACKS is of type {type(value).__name__}: use a list")
    assert ("anyone can guess" in message) == isinstance(value, (str, bytes))
    assert "former'" not in remembered(caught.value)


@pytest.mark.parametrize(("value", "fault"), BAD_SECRETS)
def test_a_bad_fallback_is_named_by_its_place_and_not_shown(value, fault):
    with override_settings(PTRACK_SECRET_FALLBACKS=["good", value]), pytest.raises(ImproperlyConfigured) as caught:
        conf.secret_fallbacks()
    message = str(caught.value)
    assert message.startswith(f"PTRACK_SECRET_FALLBACKS, item 2, {fault}")
    assert message.endswith(": " + conf._SECRET_CURE + ".")
    if value:
        assert repr(value)[2:-2] not in remembered(caught.value)


def test_the_cure_of_a_bad_secret_says_what_is_good():
    assert conf._SECRET_CURE == (
        "use a str or bytes of 1 to 32 bytes in UTF-8, such as the one that 'python manage.py ptrack_secret' prints"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://www.example.com", "https://www.example.com"),
        ("https://www.example.com/", "https://www.example.com"),
        ("https://www.example.com/a/b//", "https://www.example.com/a/b"),
        ("https://www.example.com/X", "https://www.example.com/X"),
    ],
)
def test_the_app_url_has_no_slash_at_its_end(value, expected):
    with override_settings(PTRACK_APP_URL=value):
        assert conf.app_url() == expected


@pytest.mark.parametrize(
    ("value", "fault"), [(None, "not set"), ("", "empty"), (5, "of type int"), (b"https://x", "of type bytes")]
)
def test_a_bad_app_url_is_named_with_fault_and_cure(value, fault):
    with override_settings(PTRACK_APP_URL=value), pytest.raises(ImproperlyConfigured) as caught:
        conf.app_url()
    assert str(caught.value).startswith(f"PTRACK_APP_URL is {fault}: set it to ")


def test_a_missing_app_url_is_named():
    with without_setting("PTRACK_APP_URL"):
        assert conf.raw_app_url() is None
        with pytest.raises(ImproperlyConfigured, match=r"^PTRACK_APP_URL is not set: "):
            conf.app_url()


@pytest.mark.parametrize(
    ("value", "package"),
    [("project.urls", "project"), ("a.b.urls", "a.b"), ("urls", ""), (None, ""), (["project.urls"], "")],
)
def test_the_project_package_holds_the_urlconf(value, package):
    with override_settings(ROOT_URLCONF=value):
        assert conf.project_package() == package


def test_without_a_urlconf_there_is_no_project_package(settings):
    assert conf.has_urlconf()
    del settings.ROOT_URLCONF
    assert conf.project_package() == ""
    assert not conf.has_urlconf()
