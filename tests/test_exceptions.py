from __future__ import annotations

from ptrack.exceptions import PtrackArgumentError, PtrackDecodeError, PtrackError, PtrackRegistrationError


def test_every_exception_is_a_ptrack_error():
    for exception in (PtrackRegistrationError, PtrackArgumentError, PtrackDecodeError):
        assert issubclass(exception, PtrackError)


def test_exceptions_are_what_callers_of_similar_code_catch():
    assert issubclass(PtrackArgumentError, TypeError)
    assert issubclass(PtrackDecodeError, ValueError)
