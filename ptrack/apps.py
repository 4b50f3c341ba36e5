from __future__ import annotations

from django.apps import AppConfig

import ptrack

from .checks import register_checks


class SimplePtrackConfig(AppConfig):
    """ptrack without autodiscovery: import the pixels yourself, or call ``ptrack.autodiscover()``."""

    name = "ptrack"
    verbose_name = "ptrack"

    def ready(self) -> None:
        register_checks()


class PtrackConfig(SimplePtrackConfig):
    """ptrack, with every ``pixels.py`` imported at start-up."""

    default = True

    def ready(self) -> None:
        super().ready()
        ptrack.autodiscover()
