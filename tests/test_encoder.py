from __future__ import annotations

import base64
import doctest
import enum
import json
import string
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import example, given
from hypothesis import strategies as st

import ptrack
from ptrack import PtrackEncoder, encoder
from ptrack.exceptions import PtrackArgumentError, PtrackDecodeError

from support import remembered, seal, seal_json, unseal

ALPHABET = string.ascii_letters + string.digits + "-_"

# Any code point, lone surrogates and NUL included.
texts = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]))
values = st.one_of(texts, st.integers(), st.booleans())
names = texts.filter(lambda name: name not in ("self", "request"))

# Made by django-ptrack 3.0.0, or by the first version of this encoder. Emails that were
# sent hold such tokens, so they are read for ever.
SHORT, FULL = "short secret", "0123456789abcdef0123456789ABCDEF"
MADE_BY_3_0_0 = [
    (
        SHORT,
        "PWhJGGbOpuw9WL6sboq6tZPiSKKLW-9d1bEI7q_nC-3pJSXvyCGNfm0ik40PBePVNQkv2Ru7G2mcION5Xkr3HPh4",
        [["welcome"], {"user": 7}],
    ),
    (SHORT, "QAHnEcvJhjET0t3DAAs4-iExoEEWh5mYGFR_gF3h8t8fFSP5nOo9FXhSYyecON9m", [[], {}]),
    (
        SHORT,
        "hsfPRCiJ8G5YdgAOxL3sgrSS-P12Nvj_Y9blMyqj9zM4wTAiMrBbLutvvAzO-ZJvPlVu6aG-oTtXCNxzsjPUJzkPpZXn5R9Fh3qs2usQ2QQA"
        "uCcNd4Is499ce41AhJoD3WgtTAkxgOSsR8NyT2lFS8D14m_SE7dIgMX88jE8PVL4QettuQD9Vf88ZRoMr_UVKM0cCmRb8YQ=",
        [["é€😀"], {"ключ": "значение"}],
    ),
    (
        SHORT,
        "QAcKj0m8w5ykSuycmx1-R4yJKGrs8HIueO89QvOCEHiDa5xV3IizW7vBe9jVt_W7b4mAhGFE4XTmb6oRFr0WpdJecxyhovzmdtYEIpwG3bYg"
        "Ww==",
        [[[1.5, None, {"a": 1}]], {"flag": False}],
    ),
    (
        FULL,
        "gmPkAA50oP529JlDTHkQ-1_i8Ct6c1Qm9MJbNJM5TNKm140iv8A6Xttwx10sChBh36mdENjUAE9SJVflYCuAQFAdVuNT2U_uZWip4ySVPNt4"
        "x8ONBhhkkjEMS6rbcPmmmtRvJdFxfHBZbFkudtDHwp4zb3U47wZSrOU_ZJh8r97-W2tfDTeoEc6Px5hreKy2pr5xRDQ=",
        [[2**80, -(2**63) - 1, True], {"big": 10**40}],
    ),
    (
        FULL,
        "VUL9XLIhz_ulCwjKslaohawxEtMdU4GzOJ933_ZzcLiAl_IHQXRVRBmSr8flWbVI7Yze3rl5Vl0hpKPYJ09X7w==",
        [["a\x00b\ud800"], {}],
    ),
]


class Colour(enum.IntEnum):
    RED = 1


class Size(enum.StrEnum):
    SMALL = "s"


def test_the_example_in_the_docstring_of_the_module_is_true():
    results = doctest.testmod(encoder, optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    assert results.attempted > 2
    assert results.failed == 0


@pytest.mark.parametrize(("secret", "token", "payload"), MADE_BY_3_0_0)
def test_tokens_of_3_0_0_are_read_for_ever(secret, token, payload):
    with override_settings(PTRACK_SECRET=secret):
        assert PtrackEncoder.decrypt(token) == payload
        assert PtrackEncoder.decrypt(token.rstrip("=")) == payload


@given(st.lists(values), st.dictionaries(names, values))
@example([], {})
@example(["\ud83d\ude00", "\U0001f600", "\ude00\ud83d"], {"\ud83d\ude00": "é"})
@example(["\x00", "\ud800", "\udfff\ud800", "\U0001f600", "\ufeff"], {"": ""})
@example([2**64, -(2**64), True, 0], {"\ud800": "\ud800"})
def test_the_arguments_arrive_as_they_were_sent(args, kwargs):
    token = PtrackEncoder.encrypt(*args, **kwargs)
    assert PtrackEncoder.decrypt(token) == [args, kwargs]
    assert set(token) <= set(ALPHABET)
    assert len(token) % 4 == 0


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (mark_safe("<b>"), "<b>"),
        (Size.SMALL, "s"),
        (Colour.RED, 1),
        (True, True),
        (False, False),
        (10**4299, 10**4299),
    ],
)
def test_the_value_of_an_object_of_a_subclass_travels(sent, received):
    [[arrived], kwargs] = PtrackEncoder.decrypt(PtrackEncoder.encrypt(sent))
    assert (arrived, type(arrived), kwargs) == (received, type(received), {})


def test_the_plaintext_is_compact_json_and_spaces_until_base64_needs_no_padding():
    lengths = {}
    for length in range(10):
        text = unseal(PtrackEncoder.encrypt("a" * length, b=1)).decode()
        assert json.loads(text) == [["a" * length], {"b": 1}]
        json_text = '[["%s"],{"b":1}]' % ("a" * length)
        assert text.startswith(f" {json_text}")
        assert text.strip(" ") == json_text
        lengths[len(json_text) % 3] = len(text) - len(f" {json_text}")
        assert (24 + 16 + len(text)) % 3 == 0
    assert sorted(lengths.values()) == [0, 1, 2]


def test_no_space_separates_arguments():
    plaintext = unseal(PtrackEncoder.encrypt("a", 'b"\\', 3, x=True, y=False))
    assert plaintext.strip(b" ") == b'[["a","b\\"\\\\",3],{"x":true,"y":false}]'


def test_text_outside_ascii_travels_as_utf_8():
    assert unseal(PtrackEncoder.encrypt("é€😀")).strip(b" ") == '[["é€😀"],{}]'.encode()


def test_lone_surrogates_travel_as_escapes():
    assert unseal(PtrackEncoder.encrypt("é\ud800")).strip(b" ") == b'[["\\u00e9\\ud800"],{}]'


def test_two_surrogates_in_a_row_stay_two():
    assert unseal(PtrackEncoder.encrypt("é\ud83d\ude00")).strip(b" ") == b'[["\xc3\xa9\xed\xa0\xbd\xed\xb8\x80"],{}]'


def test_each_token_is_new():
    tokens = {PtrackEncoder.encrypt("same") for _ in range(1000)}
    assert len(tokens) == 1000
    # The random part of the nonce.
    assert len({token[6:32] for token in tokens}) == 1000


@pytest.mark.parametrize(
    ("now", "stamp"),
    [
        (0, "1970-01-01T00:00:00+00:00"),
        (1, "1970-01-01T00:00:01+00:00"),
        (1_790_000_000.999, "2026-09-21T14:13:20+00:00"),
        (2**31, "2038-01-19T03:14:08+00:00"),
        (2**32 - 1, "2106-02-07T06:28:15+00:00"),
        (2**32 + 5, "1970-01-01T00:00:05+00:00"),
    ],
)
def test_the_nonce_begins_with_the_time(monkeypatch, now, stamp):
    monkeypatch.setattr(time, "time", lambda: now)
    token = PtrackEncoder.encrypt("a")
    assert int.from_bytes(base64.urlsafe_b64decode(token)[:4]) == int(now) % 2**32
    assert PtrackEncoder.issued_at(token).isoformat() == stamp
    assert PtrackEncoder.decrypt(token) == [["a"], {}]


@pytest.mark.parametrize(("secret", "token", "payload"), MADE_BY_3_0_0)
def test_tokens_of_3_0_0_have_no_stamp(secret, token, payload):
    with override_settings(PTRACK_SECRET=secret):
        assert PtrackEncoder.issued_at(token) is None


@pytest.mark.parametrize("plaintext", [b"[[],{}]", b"[[],{}] ", b"\t[[],{}]", b"\n [[],{}]"])
def test_only_a_space_before_the_json_marks_a_stamp(plaintext):
    assert PtrackEncoder.issued_at(seal(plaintext)) is None
    assert PtrackEncoder.issued_at(seal(b" " + plaintext)) is not None


@pytest.mark.parametrize("token", ["", "junk", "A" * 100])
def test_the_stamp_of_an_unreadable_token_is_not_read(token):
    with pytest.raises(PtrackDecodeError, match="cannot be read"):
        PtrackEncoder.issued_at(token)


def test_a_stamp_is_read_with_a_former_secret_too():
    token = PtrackEncoder.encrypt()
    with override_settings(PTRACK_SECRET="new", PTRACK_SECRET_FALLBACKS=[settings.PTRACK_SECRET]):
        assert PtrackEncoder.issued_at(token) is not None


@pytest.mark.parametrize("character", ["a", "é", "€", "😀", '"', "\x00", "\ud800"])
@pytest.mark.parametrize("length", range(61))
def test_a_token_is_never_longer_than_one_of_3_0_0(character, length):
    # There, the JSON has a space after each separator and no character outside ASCII.
    text = character * length
    for payload in ([[text], {}], [[], {"a": text}], [[text, 1], {"a": True}], [[], {}]):
        args, kwargs = payload
        sealed = 24 + 16 + len(json.dumps(payload))
        assert len(PtrackEncoder.encrypt(*args, **kwargs)) <= -(-sealed // 3) * 4


@pytest.mark.parametrize("secret", ["s", "é" * 16, b"\xff" * 32, "a secret of exactly 32 bytes, ok"])
def test_the_key_is_the_secret_filled_up_with_braces(secret):
    with override_settings(PTRACK_SECRET=secret):
        assert unseal(PtrackEncoder.encrypt(), secret).strip() == b"[[],{}]"
        assert PtrackEncoder.decrypt(seal(b"[[],{}]", secret)) == [[], {}]


def test_str_and_bytes_of_the_same_secret_are_the_same():
    with override_settings(PTRACK_SECRET="é"):
        token = PtrackEncoder.encrypt("x")
    with override_settings(PTRACK_SECRET="é".encode()):
        assert PtrackEncoder.decrypt(token) == [["x"], {}]


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        ["a"],
        {"a": 1},
        ("a",),
        b"bytes",
        object(),
        gettext_lazy("lazy"),
        SimpleLazyObject(lambda: "lazy"),
        SimpleLazyObject(lambda: 1),
    ],
)
def test_a_value_of_another_type_is_refused_by_name_and_type(value):
    kind = type(value).__name__
    with pytest.raises(PtrackArgumentError) as positional:
        PtrackEncoder.encrypt("fine", value, "fine")
    assert f"argument 2 of type {kind} " in str(positional.value)
    with pytest.raises(PtrackArgumentError) as named:
        PtrackEncoder.encrypt("fine", user=value)
    assert f"argument 'user' of type {kind} " in str(named.value)


def test_a_lazy_object_is_not_evaluated_to_find_the_cure():
    with pytest.raises(PtrackArgumentError, match=r"such as user\.pk"):
        PtrackEncoder.encrypt(SimpleLazyObject(lambda: pytest.fail("The object was evaluated.")))


@pytest.mark.parametrize(
    ("value", "cure"),
    [
        (None, "leave the argument out"),
        (gettext_lazy("lazy"), "pass str(text)"),
        (User(pk=7), "pass its primary key"),
        (UUID(int=7), "pass str(value)"),
        (1.5, "pass str(value), or an int"),
        (Decimal("1.5"), "pass str(value), or an int"),
        (date(2026, 11, 26), "pass str(value), or an int"),
        (datetime(2026, 11, 26, tzinfo=UTC), "pass str(value), or an int"),
        (b"bytes", "value.hex()"),
        (["a"], "each item as an argument of its own"),
        ({"a": 1}, "each item as an argument of its own"),
        (object(), "str(value) or a primary key"),
    ],
)
def test_the_cure_fits_the_type_of_the_value(value, cure):
    with pytest.raises(PtrackArgumentError) as caught:
        PtrackEncoder.encrypt(value)
    assert cure in str(caught.value)


def test_an_int_past_the_digit_limit_is_refused_by_name_with_a_cure():
    with pytest.raises(PtrackArgumentError) as caught:
        PtrackEncoder.encrypt(1, big=10 ** sys.get_int_max_str_digits())
    assert "argument 'big' of type int " in str(caught.value)
    assert "pass a str, such as hex(number)" in str(caught.value)


def test_a_long_int_in_a_token_is_unreadable():
    token = seal(b"[[1" + b"0" * sys.get_int_max_str_digits() + b"],{}]")
    with pytest.raises(PtrackDecodeError):
        PtrackEncoder.decrypt(token)


def test_every_cut_of_a_token_is_unreadable():
    token = PtrackEncoder.encrypt("welcome", user=7)
    for end in range(len(token)):
        for cut in (token[:end], token[end + 1 :], token[:end] + token[end + 1 :]):
            with pytest.raises(PtrackDecodeError):
                PtrackEncoder.decrypt(cut)


def test_every_change_of_a_character_is_unreadable():
    token = PtrackEncoder.encrypt("a")
    for index, character in enumerate(token):
        for other in set(ALPHABET + "+/=. \n\x00é") - {character}:
            with pytest.raises(PtrackDecodeError):
                PtrackEncoder.decrypt(token[:index] + other + token[index + 1 :])


def test_every_change_of_a_bit_is_unreadable():
    sealed = base64.urlsafe_b64decode(PtrackEncoder.encrypt("a"))
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(PtrackDecodeError):
            PtrackEncoder.decrypt(base64.urlsafe_b64encode(flipped).decode())


@pytest.mark.parametrize("spaces", [0, 1, 2])
def test_only_one_spelling_of_the_same_bytes_is_read(spaces):
    token = seal(b"[[1],{}]" + b" " * spaces)
    bare = token.rstrip("=")
    padding = token[len(bare) :]
    assert PtrackEncoder.decrypt(token) == PtrackEncoder.decrypt(bare) == [[1], {}]
    spellings = {bare + "=" * count for count in range(1, 6)} - {token}
    spellings |= {f"{token}\n", f"\n{token}", f" {token}", f"{token} ", f"{token}.", f"={token}", f"{token}\x00"}
    spellings |= {f"{bare[:40]}{extra}{bare[40:]}{padding}" for extra in ("\n", " ", "=", "==", ".", "é", "\x00")}
    # Four at once, because base64 decodes four digits at a time.
    spellings |= {f"{bare[:40]}{extra * 4}{bare[40:]}{padding}" for extra in "\n =.+/!\x00"}
    if padding:
        # The last digit has spare bits, which a decoder ignores.
        for digit in set(ALPHABET) - {bare[-1]}:
            spellings |= {bare[:-1] + digit, bare[:-1] + digit + padding}
    for spelling in spellings:
        with pytest.raises(PtrackDecodeError):
            PtrackEncoder.decrypt(spelling)


def test_the_standard_alphabet_is_not_read():
    token = next(text for text in iter(lambda: seal(b"[[],{}]  "), None) if "-" in text and "_" in text)
    assert PtrackEncoder.decrypt(token) == [[], {}]
    for spelling in (token.replace("-", "+"), token.replace("_", "/"), token.replace("-", "+").replace("_", "/")):
        with pytest.raises(PtrackDecodeError):
            PtrackEncoder.decrypt(spelling)


@given(st.one_of(texts, st.text(ALPHABET + "=")))
@example("")
@example("=")
@example("====")
@example("A" * 4)
@example("A" * 32)
@example("A" * 54)
@example("A" * 56)
@example("a" * 100_000)
def test_junk_is_unreadable_and_the_error_names_the_cure(junk):
    with pytest.raises(PtrackDecodeError, match="PTRACK_SECRET_FALLBACKS"):
        PtrackEncoder.decrypt(junk)


@pytest.mark.parametrize("token", [None, 5, b"QAHnEcvJ", ["a"], object()])
def test_a_token_of_another_type_than_text_is_unreadable(token):
    with pytest.raises(PtrackDecodeError):
        PtrackEncoder.decrypt(token)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        0,
        "text",
        {},
        [],
        [[]],
        [{}],
        [{}, []],
        [[], []],
        [{}, {}],
        [[], {}, {}],
        [[], {}, None],
        [[], None],
        [None, {}],
        ["args", {}],
        [[], "kwargs"],
        [1, 2],
        {"args": [], "kwargs": {}},
    ],
)
def test_json_of_another_shape_is_unreadable(payload):
    with pytest.raises(PtrackDecodeError):
        PtrackEncoder.decrypt(seal_json(payload))


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b" ",
        b"[[],{}",
        b"[[],{}]]",
        b"[[],{}] []",
        b"[[],{}]\x00",
        b"\x00[[],{}]",
        b"X[[],{}]",
        b"[[],{}]X",
        "\u2003[[],{}]".encode(),
        b"[['a'],{}]",
        b"[[],{a:1}]",
        b"[[,],{}]",
        b"\xef\xbb\xbf[[],{}]",
        b'[["\xff"],{}]',
        b'[["\xc0\x80"],{}]',
        "[[],{}]".encode("utf-16"),
        b"[" * 12_000,
        b'[["' + b"a" * 1000,
    ],
)
def test_a_plaintext_of_anything_but_json_in_utf_8_is_unreadable(plaintext):
    with pytest.raises(PtrackDecodeError):
        PtrackEncoder.decrypt(seal(plaintext))


def test_spaces_around_the_json_are_skipped():
    assert PtrackEncoder.decrypt(seal(b' [["a"], {"b": 1}]  ')) == [["a"], {"b": 1}]
    assert PtrackEncoder.decrypt(seal(b"\r\n\t [[],{}] \t\r\n")) == [[], {}]


def test_a_token_of_another_secret_is_unreadable():
    token = PtrackEncoder.encrypt("x")
    with override_settings(PTRACK_SECRET="another"), pytest.raises(PtrackDecodeError):
        PtrackEncoder.decrypt(token)


def test_a_secret_and_the_same_secret_with_a_brace_make_the_same_key():
    # As in django-ptrack 3.0.0, with which emails were sent.
    with override_settings(PTRACK_SECRET="s"):
        token = PtrackEncoder.encrypt("x")
    with override_settings(PTRACK_SECRET="s{"):
        assert PtrackEncoder.decrypt(token) == [["x"], {}]


def test_every_fallback_reads_and_none_writes():
    tokens = {}
    for secret in ("first", "second", "third"):
        with override_settings(PTRACK_SECRET=secret):
            tokens[secret] = PtrackEncoder.encrypt(secret)
    with override_settings(PTRACK_SECRET="third", PTRACK_SECRET_FALLBACKS=["second", b"first"]):
        for secret, token in tokens.items():
            assert PtrackEncoder.decrypt(token) == [[secret], {}]
        written = PtrackEncoder.encrypt("x")
    assert unseal(written, "third").strip() == b'[["x"],{}]'
    with override_settings(PTRACK_SECRET="third", PTRACK_SECRET_FALLBACKS=["second"]):
        with pytest.raises(PtrackDecodeError):
            PtrackEncoder.decrypt(tokens["first"])


@pytest.mark.parametrize(
    "bad", [{"PTRACK_SECRET": None}, {"PTRACK_SECRET_FALLBACKS": "former"}, {"PTRACK_SECRET_FALLBACKS": [""]}]
)
def test_a_bad_setting_is_an_error_for_reading_and_writing(bad):
    token = PtrackEncoder.encrypt("x")
    with override_settings(**bad):
        with pytest.raises(ImproperlyConfigured, match=next(iter(bad))) as written:
            PtrackEncoder.encrypt("plaintext")
        with pytest.raises(ImproperlyConfigured, match=next(iter(bad))) as read:
            PtrackEncoder.decrypt(token)
    assert "plaintext" not in remembered(written.value)
    assert token not in remembered(read.value)


def test_no_exception_holds_secret_plaintext_or_token():
    with pytest.raises(PtrackArgumentError) as refused:
        PtrackEncoder.encrypt("plaintext", user="ada@example.com", bad=1.5)
    with pytest.raises(PtrackArgumentError) as too_long:
        PtrackEncoder.encrypt("plaintext", user="ada@example.com", bad=10**5000)
    token = PtrackEncoder.encrypt("plaintext", user="ada@example.com")
    altered = token[:-1] + ("A" if token[-1] != "A" else "B")
    with pytest.raises(PtrackDecodeError) as unreadable:
        PtrackEncoder.decrypt(altered)
    with pytest.raises(PtrackDecodeError) as undated:
        PtrackEncoder.issued_at(altered)
    with pytest.raises(PtrackDecodeError) as misshapen:
        PtrackEncoder.decrypt(seal_json(["plaintext", "ada@example.com"]))
    for caught in (refused, too_long, unreadable, undated, misshapen):
        shown = remembered(caught.value)
        for private in ("plaintext", "ada@example.com", "a secret of exactly", altered[:40], altered[-40:]):
            assert private not in shown


def test_keywords_may_have_any_name():
    # The tag, or a custom encoder, reserves names. The default encoder does not.
    kwargs = {"self": 1, "request": 2, "token": 3, "args": 4, "kwargs": 5, "function": 6, "": 7, "é": 8}
    assert PtrackEncoder.decrypt(PtrackEncoder.encrypt(**kwargs)) == [[], kwargs]


def test_threads_do_not_mix_their_arguments():
    def there_and_back(number):
        return PtrackEncoder.decrypt(PtrackEncoder.encrypt(number, text=str(number)))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(there_and_back, range(2000)))
    assert results == [[[number], {"text": str(number)}] for number in range(2000)]


def test_the_current_encoder_is_the_swap_point():
    assert encoder.current_encoder() is PtrackEncoder
    ptrack.ptrack_encoder = object
    assert encoder.current_encoder() is object
