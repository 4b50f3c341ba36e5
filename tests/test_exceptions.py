from __future__ import annotations

from ptrack.exceptions import PtrackArgumentError, PtrackDecodeError, PtrackError, PtrackRegistrationError


def test_every_exception_is_a_ptrack_error():
    for exception in (PtrackRegistrationError, PtrackArgumentError, PtrackDecodeError):
        assert issubclass(exception, PtrackError)


def test_a_caller_may_catch_the_built_in_exceptions_too():
    assert issubclass(PtrackArgumentError, TypeError)
    assert issubclass(PtrackDecodeError, ValueError)
