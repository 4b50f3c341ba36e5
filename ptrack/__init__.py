"""Email open tracking for Django: a template tag puts a tracking pixel into an email.

``{% ptrack 'welcome' user=user.pk %}`` renders an invisible image. The URL of the image
carries the arguments, encrypted. Each request for the image makes Django call ``record`` of
every registered pixel with these arguments::

    import ptrack

    @ptrack.tracker.register
    class OpenPixel(ptrack.TrackingPixel):
        def record(self, *args, **kwargs): ...

Importing this package reads no settings.

The map of the package, by what you want to change. Arrows show the order of use.

* Rendering: ``templatetags/ptrack.py`` -> ``html`` -> ``encoder``

  * the ``<img>``, joining base URL, prefix and token, the warning for a long URL: ``html``
  * the base URL, which is ``PTRACK_APP_URL``: ``conf``
  * the prefix, where the active URLconf includes ``ptrack.urls``, in the active language; and
    the script prefix before it, left out if ``PTRACK_APP_URL`` ends in it: ``_urlconf``
  * the token: ``encoder``; the JSON in it, and which arguments may travel: ``_serialising``

* A hit: ``urls`` or ``link_urls`` -> ``views`` -> ``encoder`` -> ``trackers``

  * the routes: ``urls``, ``link_urls``
  * whether a recipient may be tracked: ``consent``, for tag, hit and worker
  * where a link may lead: ``destinations``, for rendering and hit
  * the GIF, the headers of the answer such as ``Cache-Control``, the methods: ``views``
  * registering pixels, calling ``record``, what happens to its exceptions: ``trackers``; in a
    worker: ``background.run_pixel``; waiting for an async ``record``: ``_awaiting``
  * local variables in tracebacks: ``_tracebacks``; which exceptions are never caught, and a log
    handler that fails: ``_logging``
  * ``request.ptrack``, its ids and times: ``hits/__init__.py``
  * what tells a reader from a machine, such as a new user agent: ``hits/rules.py``, data; the
    steps are in CONTRIBUTING.md, "Adding a rule about a user agent"; ``hits/judgement.py`` asks
    the rules, after the site's own in ``hits/site_rules.py``; ``hits/kinds.py`` names the kinds

* A whole email: ``rewriting`` (what is tracked, and where the pixel goes) -> ``html``

  * tags and attributes by position, as browsers read them: ``tokeniser``; ``&amp;`` and the
    like: ``_references``

* Settings: ``conf``, the only module that reads them; ``_parsing`` judges their values

* Opt-in: ``background`` with ``_task_hits`` (pixels and links in a task engine), ``wsgi`` (the fast path), ``testing``
  (helpers for a site's tests), ``opens/`` (stored hits, an app). The core is everything else.

* Start-up: ``apps``, ``checks`` with ``_route_checks``, ``_link_checks`` and ``_messages`` (the checks, ids),
  ``_discovery`` (finds every ``pixels.py``)

* Commands: ``management/commands/``, with ``_pasted_text`` (finds URLs in what people paste);
  exceptions: ``exceptions``

A module imports only from the lines above its own::

    _parsing  _references  _messages
    conf  exceptions  tokeniser  _awaiting  _logging  _signatures  _pasted_text  hits.kinds
    _serialising  _tracebacks
    _urlconf  consent  destinations  hits.rules  hits.site_rules  encoder  trackers
    hits.judgement  html  _discovery
    hits  rewriting
    views  _task_hits  templatetags
    urls  link_urls  wsgi  testing  background  _route_checks
    _link_checks
    checks  opens
    apps

``hits`` and ``opens`` stand for their packages. The core imports no opt-in module, except that
the package imports ``background`` when somebody asks for ``BackgroundPixel`` or ``BackgroundLink``. Commands import
what they need. ``encoder`` reads ``ptrack.ptrack_encoder`` when it is called, because users
assign it, and ``apps`` calls ``ptrack.autodiscover``. ``tests/test_package.py`` holds the lines.
"""

from __future__ import annotations

import typing

from ._discovery import autodiscover
from .encoder import Encoder as _Encoder
from .encoder import PtrackEncoder
from .html import link_url, pixel_img, pixel_url
from .rewriting import track_html, track_message
from .trackers import Tracker, TrackingLink, TrackingPixel, tracker

if typing.TYPE_CHECKING:
    from .background import BackgroundLink as BackgroundLink
    from .background import BackgroundPixel as BackgroundPixel

# BackgroundPixel and BackgroundLink are left out: ``from ptrack import *`` would fail without a task engine.
__all__ = [
    "PtrackEncoder",
    "Tracker",
    "TrackingLink",
    "TrackingPixel",
    "autodiscover",
    "link_url",
    "pixel_img",
    "pixel_url",
    "ptrack_encoder",
    "track_html",
    "track_message",
    "tracker",
]

#: The encoder in use. Assign a class with static ``encrypt`` and ``decrypt`` methods to
#: replace it, usually in a ``pixels.py``. It is read each time a tag is rendered or a hit arrives.
ptrack_encoder: type[_Encoder] = PtrackEncoder


def __getattr__(name: str) -> typing.Any:
    # They need a task engine, so they are imported only when somebody asks for them.
    if name in ("BackgroundPixel", "BackgroundLink"):
        from . import background

        return getattr(background, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
