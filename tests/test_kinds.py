from __future__ import annotations

from ptrack.hits import HitKind


def test_each_kind_says_whether_it_counts_as_an_open():
    assert {str(kind): kind.is_open for kind in HitKind} == {
        "person": True,
        "proxy": True,
        "prefetch": False,
        "scanner": False,
        "unknown": None,
    }
    assert HitKind("proxy") is HitKind.PROXY
