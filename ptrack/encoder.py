"""Turns the arguments of a pixel into a token that fits into an address, and back.

>>> token = PtrackEncoder.encrypt("welcome", user=7)
>>> token  # doctest: +SKIP
'_-oWe3TYaLExtXZ0j7L5qhvzAqBBn8wNMhCMlpHUnvJFDWYsbtPsXhvEb1sEBQnIcQmnuKTjKNSKzn1GE5WnxyIh'
>>> PtrackEncoder.decrypt(token)
[['welcome'], {'user': 7}]
>>> PtrackEncoder.decrypt("no token")
Traceback (most recent call last):
    ...
ptrack.exceptions.PtrackDecodeError: ...

A token is ``base64url(nonce + XSalsa20-Poly1305(json))``. The key is ``PTRACK_SECRET``,
filled up to 32 bytes with ``{``. The JSON, ``[[args...], {kwargs...}]``, is compact; spaces
follow it so that the number of bytes divides by three and base64 needs no ``=``. This is
the format of django-ptrack 3.0.0, which reads these tokens and whose tokens are read.

The nonce begins with a stamp, the Unix time in seconds, and goes on at random. A space
before the JSON says so: it is encrypted, so no token without a stamp passes for one with it.
"""

from __future__ import annotations

import json
import os
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any, Protocol

from nacl.bindings import crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError

# The swap point, and the one look upward: users assign ``ptrack.ptrack_encoder`` in their
# pixels.py, so it is read from the package at every call.
import ptrack

from . import conf
from .exceptions import PtrackArgumentError, PtrackDecodeError
from .tracebacks import clear_frames, without_locals

#: Bytes; those of XSalsa20-Poly1305.
NONCE_SIZE = 24
_OVERHEAD = NONCE_SIZE + 16

#: Bytes of the nonce that hold the time, big-endian. 160 random bits are left for each
#: second, and NaCl asks of a nonce only that it never comes twice.
STAMP_SIZE = 4
_STAMP_MARK = b" "
# Four bytes last until 2106, and then begin anew.
_STAMP_PERIOD = 2 ** (8 * STAMP_SIZE)
_RANDOM_SIZE = NONCE_SIZE - STAMP_SIZE

# By what is left when the number of bytes of the JSON is divided by three.
_PADDING = tuple(b" " * (-(rest + len(_STAMP_MARK) + _OVERHEAD) % 3) for rest in range(3))

# The two digits in which the standard alphabet differs are none in the url-safe one.
_TO_STANDARD_DIGITS = bytes.maketrans(b"-_+/", b"+/!!")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_JSON_SPACE = " \t\n\r"
_read_json = json.JSONDecoder().raw_decode

_UNREADABLE = (
    "The token cannot be read: it was cut, altered or made with another secret. "
    "Keep former secrets in PTRACK_SECRET_FALLBACKS."
)


class Encoder(Protocol):
    """What ``ptrack.ptrack_encoder`` has to be: a class with these two static methods.

    It may have a third, ``issued_at(token)``, which returns when a token was made, an aware
    ``datetime``, or None.
    """

    @staticmethod
    def encrypt(*args: Any, **kwargs: Any) -> str:
        """Take a tag's arguments and return a token; raise whatever suits for bad ones."""

    @staticmethod
    def decrypt(token: str) -> Any:
        """Take a token and return ``[args, kwargs]``; raise anything if it cannot be read."""


def current_encoder() -> type[Encoder]:
    """Return the encoder in use, ``ptrack.ptrack_encoder``."""
    return ptrack.ptrack_encoder


class PtrackEncoder:
    """The default encoder: JSON in a NaCl SecretBox, keyed from ``PTRACK_SECRET``."""

    @staticmethod
    def encrypt(*args: int | str, **kwargs: int | str) -> str:
        """Return a token, url-safe ASCII text, that holds the arguments.

        Raises ``PtrackArgumentError`` for a value that is neither int nor str, or is an int
        of more digits than the interpreter converts (``sys.get_int_max_str_digits()``),
        and ``ImproperlyConfigured`` for bad secrets.
        """
        # Not by without_locals(), which would take longer than to serialise them.
        try:
            return _seal(args, kwargs)
        except BaseException as error:
            del args, kwargs
            clear_frames(error)
            raise

    @staticmethod
    def decrypt(token: str) -> list[Any]:
        """Return ``[args, kwargs]``, a list and a dict, from a token.

        Raises ``PtrackDecodeError`` if the token was not made with ``PTRACK_SECRET`` or
        one of ``PTRACK_SECRET_FALLBACKS``, or is not spelt exactly as it was made (``=`` at
        its end aside), and ``ImproperlyConfigured`` for bad secrets.
        """
        # Not by without_locals(), which would take longer than to read the secrets.
        try:
            payload = _deserialise(_unseal(token))
            if payload is None:
                raise PtrackDecodeError(_UNREADABLE)
        except BaseException as error:
            del token
            clear_frames(error)
            raise
        return payload

    @staticmethod
    @without_locals
    def issued_at(token: str) -> datetime | None:
        """Return when a token was made, an aware datetime to the second, or None if it does not say.

        Tokens of django-ptrack 3.0.0 do not say. Raises what ``decrypt`` raises.
        """
        if not _unseal(token).startswith(_STAMP_MARK):
            return None
        # So many digits spell whole bytes, whatever follows them.
        sealed = urlsafe_b64decode(token[: 4 * STAMP_SIZE])
        return datetime.fromtimestamp(int.from_bytes(sealed[:STAMP_SIZE]), UTC)


def _seal(args: tuple[object, ...], kwargs: Mapping[str, object]) -> str:
    # The former are not for writing, but a fault in them is better found now than when the mails are opened.
    secret = conf.secrets()[0]
    text = _to_json(args, kwargs, encode_basestring)
    try:
        message = text.encode()
    except UnicodeEncodeError:
        # UTF-8 cannot express a lone surrogate, an escape in ASCII can; but two escapes that
        # make a pair would be read as one character.
        if _SURROGATE_PAIR.search(text):
            message = text.encode(errors="surrogatepass")
        else:
            message = _to_json(args, kwargs, encode_basestring_ascii).encode()
    message = _STAMP_MARK + message + _PADDING[len(message) % 3]
    stamp = int(time.time()) % _STAMP_PERIOD
    nonce = stamp.to_bytes(STAMP_SIZE) + os.urandom(_RANDOM_SIZE)
    return urlsafe_b64encode(nonce + crypto_secretbox(message, nonce, _to_key(secret))).decode()


def _to_key(secret: bytes) -> bytes:
    return secret.ljust(conf.SECRET_MAX_BYTES, b"{")


def _to_json(args: tuple[Any, ...], kwargs: Mapping[str, Any], quote: Callable[[str], str]) -> str:
    # By hand, as each value is looked at anyway: json would take twice as long on top.
    # Its type is asked for, as a SimpleLazyObject passes for an instance of what it wraps.
    in_place = by_name = ""
    # Most tags have one kind alone.
    if args:
        in_place = ",".join(
            [
                quote(value) if issubclass(type(value), str) else _to_literal(number, value)
                for number, value in enumerate(args, start=1)
            ]
        )
    if kwargs:
        by_name = ",".join(
            [
                f"{quote(name)}:{quote(value) if issubclass(type(value), str) else _to_literal(name, value)}"
                for name, value in kwargs.items()
            ]
        )
    return f"[[{in_place}],{{{by_name}}}]"


def _to_literal(name: int | str, value: Any) -> str:
    kind = type(value)
    cure = "pass an int or a str, such as a primary key"
    if kind is bool:
        return "true" if value else "false"
    if issubclass(kind, int):
        try:
            return int.__repr__(value)
        except ValueError:
            cure = "it has more digits than Python converts, so pass a str, such as hex(number)"
    raise PtrackArgumentError(f"ptrack cannot put argument {name!r} of type {kind.__name__} into an address: {cure}.")


def _unseal(token: str) -> bytes:
    """Return the plaintext of a token."""
    secrets = conf.secrets()
    sealed = _decode(token)
    if sealed is not None:
        nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
        for secret in secrets:
            try:
                return crypto_secretbox_open(box, nonce, _to_key(secret))
            except CryptoError:
                continue
    raise PtrackDecodeError(_UNREADABLE)


def _decode(token: str) -> bytes | None:
    """Return the bytes that a token spells, or None if it is no spelling, or not the canonical one."""
    try:
        digits = token.encode("ascii").translate(_TO_STANDARD_DIGITS)
        if len(digits) % 4 == 0 and not digits.endswith(b"="):
            # Whole groups of digits, as encrypt() makes them: strict decoding leaves one spelling.
            return a2b_base64(digits, strict_mode=True)
        sealed = a2b_base64(digits + b"==")
    except (ValueError, AttributeError):
        return None
    # This decoding skips what is no digit, and bits to spare; encoding again shows both.
    spelling = urlsafe_b64encode(sealed).decode()
    return sealed if token in (spelling, spelling.rstrip("=")) else None


def _deserialise(message: bytes) -> list[Any] | None:
    try:
        text = message.decode(errors="surrogatepass").strip(_JSON_SPACE)
        payload, end = _read_json(text)
    except (ValueError, RecursionError):
        return None
    is_pair = end == len(text) and type(payload) is list and len(payload) == 2
    return payload if is_pair and type(payload[0]) is list and type(payload[1]) is dict else None
