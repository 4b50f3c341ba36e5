from __future__ import annotations

import logging
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.db.backends.signals import connection_created

from .failures import ShortRepeats
from .median import add_median_to_sqlite

short_repeats = ShortRepeats()


class OpensConfig(AppConfig):
    """The app ``ptrack.opens``."""

    name = "ptrack.opens"
    label = "ptrack_opens"
    verbose_name = "ptrack"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(add_median_to_sqlite, dispatch_uid="ptrack.opens")
        logging.getLogger("ptrack").addFilter(short_repeats)
        checks.register(check_ptrack_is_installed, "ptrack")


def check_ptrack_is_installed(**kwargs: Any) -> list[checks.CheckMessage]:
    # This check is not in ptrack.checks, because the app ptrack registers those.
    if apps.is_installed("ptrack"):
        return []
    return [
        checks.Error(
            "ptrack.opens is in INSTALLED_APPS, but ptrack itself is not, so no hit is recorded.",
            hint="Add 'ptrack' to INSTALLED_APPS, beside 'ptrack.opens'.",
            id="ptrack.E005",
        )
    ]
