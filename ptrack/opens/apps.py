from __future__ import annotations

import logging

from django.apps import AppConfig

from .failures import ShortRepeats

short_repeats = ShortRepeats()


class OpensConfig(AppConfig):
    """The app ``ptrack.opens``."""

    name = "ptrack.opens"
    label = "ptrack_opens"
    verbose_name = "ptrack"

    def ready(self) -> None:
        # The checks need the models, which are there only now.
        from .checks import register_checks

        logging.getLogger("ptrack").addFilter(short_repeats)
        register_checks()
