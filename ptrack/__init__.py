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

from .discovery import autodiscover
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


def __getattr__(name: str) -> typing.Any:
    # Sites that need no task engine do not load it.
    if name == "BackgroundPixel":
        from .background import BackgroundPixel

        return BackgroundPixel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
