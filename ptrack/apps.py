from __future__ import annotations

from django.apps import AppConfig
from django.db import connections, transaction

import ptrack

from .checks import register_checks
from .views import follow_link, serve_pixel


class SimplePtrackConfig(AppConfig):
    """ptrack without autodiscovery: import the pixels yourself, or call ``ptrack.autodiscover()``."""

    name = "ptrack"
    verbose_name = "ptrack"

    def ready(self) -> None:
        register_checks()
        # With ATOMIC_REQUESTS, the database error of one pixel would undo the rows of the others.
        for alias in connections:
            for view in (serve_pixel, follow_link):
                transaction.non_atomic_requests(using=alias)(view)


class PtrackConfig(SimplePtrackConfig):
    """ptrack, importing every ``pixels.py`` at start-up."""

    default = True

    def ready(self) -> None:
        super().ready()
        ptrack.autodiscover()
