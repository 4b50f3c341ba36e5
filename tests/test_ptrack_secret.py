from __future__ import annotations

import io
import string

from django.core.management import call_command
from django.test import override_settings

URL_SAFE = set(string.ascii_letters + string.digits + "-_")


def make_secret():
    out = io.StringIO()
    call_command("ptrack_secret", stdout=out)
    return out.getvalue()


def test_a_secret_of_32_characters_is_printed_alone():
    output = make_secret()
    assert len(output) == 33
    assert output.endswith("\n")
    assert set(output[:-1]) <= URL_SAFE


def test_each_secret_is_fresh_and_passes_the_checks():
    secrets = {make_secret().strip() for _ in range(100)}
    assert len(secrets) == 100
    for secret in secrets:
        with override_settings(PTRACK_SECRET=secret):
            call_command("check", "--deploy", "--tag", "ptrack", "--fail-level", "INFO", stdout=io.StringIO())
