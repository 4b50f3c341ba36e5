from __future__ import annotations

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from .median import add_median_to_sqlite


class OpensConfig(AppConfig):
    """The app ``ptrack.opens``."""

    name = "ptrack.opens"
    label = "ptrack_opens"
    verbose_name = "ptrack"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(add_median_to_sqlite, dispatch_uid="ptrack.opens")
