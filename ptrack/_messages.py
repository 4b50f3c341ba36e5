"""The messages of system checks, as every module with checks makes them."""

from __future__ import annotations

from collections.abc import Callable

from django.core import checks
from django.core.exceptions import ImproperlyConfigured


def warn(fault: str, hint: str, id: str) -> list[checks.CheckMessage]:
    """Return the one warning of a check."""
    return [checks.Warning(fault, hint=hint, id=id)]


def check_setting(
    read: Callable[[], object], hint: str | None = None, id: str | None = None
) -> list[checks.CheckMessage]:
    """Return an error if a setting is bad. Takes the function that reads it."""
    try:
        read()
    except ImproperlyConfigured as fault:
        return [checks.Error(str(fault), hint=hint, id=id)]
    return []
