"""The exceptions of ptrack.

PtrackError
├── PtrackRegistrationError
├── PtrackArgumentError     (also a TypeError)
└── PtrackDecodeError       (also a ValueError)
"""

from __future__ import annotations


class PtrackError(Exception):
    """The root of ptrack's own exceptions."""


class PtrackRegistrationError(PtrackError):
    """Something cannot be registered with, or removed from, a tracker."""


class PtrackArgumentError(PtrackError, TypeError):
    """An argument cannot travel in a pixel's URL."""


class PtrackDecodeError(PtrackError, ValueError):
    """A token cannot be read."""
