from __future__ import annotations

import pytest
from django.urls import resolve, reverse

from ptrack.views import serve_pixel


def test_the_route_is_named_and_ends_in_a_slash():
    assert reverse("ptrack", kwargs={"ptrack_encoded_data": "token"}) == "/ptrack/token/"
    assert reverse("ptrack", args=["token"]) == "/ptrack/token/"


@pytest.mark.parametrize(
    ("path", "token"),
    [
        ("/ptrack/token/", "token"),
        ("/ptrack/token", "token"),
        ("/ptrack/", ""),
        ("/ptrack//", ""),
        ("/ptrack/a/b/", "a/b"),
        ("/ptrack/a/b", "a/b"),
        ("/ptrack/a\n", "a\n"),
        ("/ptrack/a/\n", "a/\n"),
        ("/ptrack/a\nb/", "a\nb"),
        ("/ptrack/\n/", "\n"),
    ],
)
def test_whatever_follows_the_prefix_is_a_token(path, token):
    match = resolve(path)
    assert match.func is serve_pixel
    assert match.kwargs == {"ptrack_encoded_data": token}
