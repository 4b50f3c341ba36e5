"""The work of an encoder that nobody can avoid: libsodium, base64 and json, called directly and without any check."""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from nacl.bindings import crypto_secretbox, crypto_secretbox_open

from .settings import PTRACK_SECRET

KEY = PTRACK_SECRET.encode()
NONCE_SIZE = 24


def encrypt(*args: object, **kwargs: object) -> str:
    nonce = os.urandom(NONCE_SIZE)
    message = json.dumps([args, kwargs]).encode()
    return urlsafe_b64encode(nonce + crypto_secretbox(message, nonce, KEY)).decode()


def decrypt(token: str) -> Any:
    sealed = urlsafe_b64decode(token)
    return json.loads(crypto_secretbox_open(sealed[NONCE_SIZE:], sealed[:NONCE_SIZE], KEY))
