"""Tracking pixels for Django: learn which mails were opened, without a database.

``{% ptrack 'welcome' user=user.pk %}`` puts an invisible picture into a mail. Its
address carries the arguments, encrypted; whoever loads it makes Django run every
registered pixel with them::

    import ptrack

    @ptrack.tracker.register
    class OpenPixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs): ...

Importing this package reads no settings.
"""

from __future__ import annotations

import typing

from django.utils.module_loading import autodiscover_modules as _autodiscover_modules

from . import conf as _conf
from .encoder import Encoder as _Encoder
from .encoder import PtrackEncoder
from .html import pixel_img, pixel_url
from .trackers import Tracker, TrackingPixel, tracker

if typing.TYPE_CHECKING:
    from .background import BackgroundPixel as BackgroundPixel

# Without BackgroundPixel, which not every site can load.
__all__ = [
    "PtrackEncoder",
    "Tracker",
    "TrackingPixel",
    "autodiscover",
    "pixel_img",
    "pixel_url",
    "ptrack_encoder",
    "tracker",
]

#: The encoder in use. Assign a class with static ``encrypt`` and ``decrypt`` methods to
#: replace it, usually in a ``pixels.py``; it is looked up at every tag and every hit.
ptrack_encoder: type[_Encoder] = PtrackEncoder


def autodiscover() -> None:
    """Import ``pixels.py`` of every installed app, then that of the project package.

    The project package is the one that holds ``ROOT_URLCONF``. It comes last, so that
    an encoder it assigns wins over an app's.

    Raises whatever an existing ``pixels.py`` raises; a missing one is no error.
    """
    _autodiscover_modules("pixels", register_to=tracker)
    _conf.import_from_project("pixels")


def __getattr__(name: str) -> typing.Any:
    # Sites that need no task engine do not load it.
    if name == "BackgroundPixel":
        from .background import BackgroundPixel

        return BackgroundPixel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
