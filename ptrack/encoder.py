"""Turns the arguments of a tag into a token, and back.

>>> token = PtrackEncoder.encrypt("welcome", user=7)
>>> token  # doctest: +SKIP
'_-oWe3TYaLExtXZ0j7L5qhvzAqBBn8wNMhCMlpHUnvJFDWYsbtPsXhvEb1sEBQnIcQmnuKTjKNSKzn1GE5WnxyIh'
>>> PtrackEncoder.decrypt(token)
[['welcome'], {'user': 7}]
>>> PtrackEncoder.decrypt("no token")
Traceback (most recent call last):
    ...
ptrack.exceptions.PtrackDecodeError: ...

A token is ``base64url(nonce + XSalsa20-Poly1305(JSON))``. The key is ``PTRACK_SECRET``,
filled up to 32 bytes with ``{``. The JSON, ``[[args...], {kwargs...}]``, is compact. Spaces
follow it until the number of bytes divides by three, so that base64 needs no ``=``. This is
the format of django-ptrack 3.0.0: each of the two reads the tokens of the other.

The nonce begins with a stamp, the Unix time in seconds, and the rest of it is random. A
space before the JSON says that there is a stamp. The space is encrypted, so a token without
a stamp is never taken for one that has it.
"""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from nacl.bindings import crypto_secretbox, crypto_secretbox_open
from nacl.exceptions import CryptoError

# The swap point: users assign ``ptrack.ptrack_encoder`` in their pixels.py, so it is read from
# the package at every call.
import ptrack

from . import conf
from ._serialising import deserialise, serialise
from ._tracebacks import without_locals
from .exceptions import PtrackDecodeError, PtrackError

#: Bytes; the nonce of XSalsa20-Poly1305.
NONCE_SIZE = 24
#: Bytes; the nonce, and the authenticator of XSalsa20-Poly1305.
_OVERHEAD = NONCE_SIZE + 16

#: Bytes of the nonce that hold the time, big-endian. 160 random bits are left for each
#: second, and NaCl asks of a nonce only that it is never used twice.
STAMP_SIZE = 4
_STAMP_MARK = b" "
# Four bytes last until 2106 and then begin again.
_STAMP_PERIOD = 2 ** (8 * STAMP_SIZE)

#: The name under which the destination of a link travels. No template can write it.
DESTINATION = "ptrack:to"

_UNREADABLE = (
    "The token cannot be read: it was cut, altered or made with another secret. "
    "Keep former secrets in PTRACK_SECRET_FALLBACKS."
)


class Encoder(Protocol):
    """What ``ptrack.ptrack_encoder`` has to be: a class with these two static methods.

    One whose tokens nobody can forge or alter says ``authenticated = True`` in its own class
    body; links work with no other. It may have a third method, ``issued_at(token)``, which
    returns when a token was made: an aware ``datetime``, or None if it does not know.
    """

    @staticmethod
    def encrypt(*args: Any, **kwargs: Any) -> str:
        """Take a tag's arguments and return a token; raise any exception for bad ones."""

    @staticmethod
    def decrypt(token: str) -> Any:
        """Take a token and return ``[args, kwargs]``; raise any exception if it cannot be read."""


def is_authenticated(encoder: object) -> bool:
    """Return whether nobody can forge a token of an encoder: the default one, or one that says so of itself."""
    if encoder is PtrackEncoder:
        return True
    # A subclass may change what its base class promises, so it has to say it again.
    return isinstance(encoder, type) and vars(encoder).get("authenticated") is True


def current_encoder() -> type[Encoder]:
    """Return the encoder in use, ``ptrack.ptrack_encoder``."""
    return ptrack.ptrack_encoder


def encrypt_with(encoder: type[Encoder], args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the token that an encoder makes of the arguments.

    Raises ``PtrackError`` if that is neither a str nor bytes of ASCII, and whatever the encoder raises.
    """
    token: object = encoder.encrypt(*args, **kwargs)
    if isinstance(token, bytes) and token.isascii():
        return token.decode()
    if not isinstance(token, str):
        type_name = "bytes outside ASCII" if isinstance(token, bytes) else type(token).__name__
        raise PtrackError(f"encrypt() of the encoder {encoder!r} returned {type_name}: it must return a str.")
    return token


class PtrackEncoder:
    """The default encoder: JSON in a NaCl SecretBox, keyed from ``PTRACK_SECRET``."""

    @staticmethod
    @without_locals
    def encrypt(*args: int | str, **kwargs: int | str) -> str:
        """Return a token, url-safe ASCII text, that holds the arguments.

        Raises ``PtrackArgumentError`` for a value that is neither an int nor a str, and for an
        int with more digits than Python converts (``sys.get_int_max_str_digits()``). Raises
        ``ImproperlyConfigured`` for bad secrets.
        """
        # The former secrets are not for writing, but a fault in them is better found now than
        # when the emails are opened.
        secret = conf.secrets()[0]
        message = _STAMP_MARK + serialise(args, kwargs)
        message += b" " * (-(_OVERHEAD + len(message)) % 3)
        stamp = int(time.time()) % _STAMP_PERIOD
        nonce = stamp.to_bytes(STAMP_SIZE) + os.urandom(NONCE_SIZE - STAMP_SIZE)
        return urlsafe_b64encode(nonce + crypto_secretbox(message, nonce, _to_key(secret))).decode()

    @staticmethod
    @without_locals
    def decrypt(token: str) -> list[Any]:
        """Return ``[args, kwargs]``, a list and a dict, from a token.

        Raises ``PtrackDecodeError`` if the token was not made with ``PTRACK_SECRET`` or with
        one of ``PTRACK_SECRET_FALLBACKS``, or if it is not spelt exactly as it was made (a
        ``=`` at its end aside). Raises ``ImproperlyConfigured`` for bad secrets.
        """
        content = deserialise(_open(token))
        if content is None:
            raise PtrackDecodeError(_UNREADABLE)
        return content

    @staticmethod
    @without_locals
    def issued_at(token: str) -> datetime | None:
        """Return when a token was made, an aware datetime to the second, or None if it does not say.

        Tokens of django-ptrack 3.0.0 do not say. Raises what ``decrypt`` raises.
        """
        if not _open(token).startswith(_STAMP_MARK):
            return None
        # The stamp ends inside the sixth character; eight characters are whole bytes.
        stamp = urlsafe_b64decode(token[:8])[:STAMP_SIZE]
        return datetime.fromtimestamp(int.from_bytes(stamp), UTC)


def _to_key(secret: bytes) -> bytes:
    return secret.ljust(conf.SECRET_MAX_BYTES, b"{")


def _open(token: str) -> bytes:
    """Return the plaintext of a token."""
    secrets = conf.secrets()
    sealed = _from_base64(token)
    nonce, box = sealed[:NONCE_SIZE], sealed[NONCE_SIZE:]
    for secret in secrets:
        try:
            return crypto_secretbox_open(box, nonce, _to_key(secret))
        except CryptoError:
            continue
    raise PtrackDecodeError(_UNREADABLE)


def _from_base64(token: str) -> bytes:
    """Return the bytes of a token in its one canonical spelling, with or without padding."""
    try:
        sealed = urlsafe_b64decode(f"{token}==")
    except ValueError:
        sealed = b""
    # Python's decoder skips what is not in the alphabet; only encoding again shows it.
    spelling = urlsafe_b64encode(sealed).decode()
    if token not in (spelling, spelling.rstrip("=")):
        raise PtrackDecodeError(_UNREADABLE)
    return sealed
