from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from ptrack import conf

from support import remembered, without_setting

BAD_SECRETS = [
    (None, "is not set"),
    ("", "is empty"),
    (b"", "is empty"),
    ("a" * 33, "is 33 bytes long"),
    (b"b" * 33, "is 33 bytes long"),
    ("a" * 32 + "\n", "is 33 bytes long in UTF-8, white space"),
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
    assert "ptrack_secret" in message
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


def test_a_bad_setting_is_reported_each_time():
    with override_settings(PTRACK_SECRET=""):
        for _ in range(2):
            with pytest.raises(ImproperlyConfigured):
                conf.secrets()


def test_the_secrets_are_the_present_one_and_the_former_ones():
    with override_settings(PTRACK_SECRET="a"):
        assert conf.secrets() == (b"a",)
        with override_settings(PTRACK_SECRET_FALLBACKS=["b", b"c"]):
            assert conf.secrets() == (b"a", b"b", b"c")
        assert conf.secrets() == (b"a",)


@pytest.mark.parametrize(
    ("bad", "fault"),
    [
        ({"PTRACK_SECRET_FALLBACKS": ""}, "^PTRACK_SECRET_FALLBACKS is of type str"),
        ({"PTRACK_SECRET_FALLBACKS": [""]}, "^PTRACK_SECRET_FALLBACKS, item 1, is empty"),
        ({"PTRACK_SECRET_FALLBACKS": "", "PTRACK_SECRET": None}, "^PTRACK_SECRET is not set"),
    ],
)
def test_one_bad_secret_is_enough_for_an_error(bad, fault):
    with override_settings(**bad), pytest.raises(ImproperlyConfigured, match=fault):
        conf.secrets()


@pytest.mark.parametrize("value", [["a", b"b", "é"], ("a", b"b", "é")])
def test_fallbacks_are_a_list_or_a_tuple_of_secrets(value):
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
def test_a_bad_fallback_is_named_by_its_number_and_not_shown(value, fault):
    with override_settings(PTRACK_SECRET_FALLBACKS=["good", value]), pytest.raises(ImproperlyConfigured) as caught:
        conf.secret_fallbacks()
    message = str(caught.value)
    assert message.startswith(f"PTRACK_SECRET_FALLBACKS, item 2, {fault}")
    assert "ptrack_secret" in message
    if value:
        assert repr(value)[2:-2] not in remembered(caught.value)


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


def test_without_a_urlconf_there_is_no_project_package():
    assert conf.has_urlconf()
    with without_setting("ROOT_URLCONF"):
        assert conf.project_package() == ""
        assert not conf.has_urlconf()


@pytest.mark.parametrize(
    ("name", "read", "default"),
    [
        ("PTRACK_OPENS_KEEP_ADDRESS", conf.opens_keep_address, False),
        ("PTRACK_OPENS_IN_BACKGROUND", conf.opens_in_background, False),
        ("USE_TZ", conf.uses_time_zones, True),
        ("USE_I18N", conf.uses_languages, True),
    ],
)
def test_a_boolean_setting_has_a_default(name, read, default):
    with without_setting(name):
        assert read() is default
    with override_settings(**{name: not default}):
        assert read() is not default
