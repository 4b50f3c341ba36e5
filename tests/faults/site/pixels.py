import os
import sys
import time
from pathlib import Path
from typing import Any

from django.http import HttpRequest

import ptrack
from ptrack.opens.pixels import OpenPixel

# StoppingPixel stores the hits in its place.
ptrack.tracker.unregister(OpenPixel)


@ptrack.tracker.register
class FailingPixel(ptrack.TrackingPixel):
    """Fails in the way that a hit asks for, before the next pixel writes the row."""

    def record(self, *args: Any, fails: str = "", **kwargs: Any) -> None:
        match fails:
            case "error":
                raise RuntimeError("The hit asked for it.")
            case "exit":
                sys.exit(3)
            case "timeout":
                import gevent

                with gevent.Timeout(0.02):
                    gevent.sleep(60)


@ptrack.tracker.register
class StoppingPixel(OpenPixel):
    """Stores each hit, and stops before or after it if the hit asks for that, until it is killed or a file is gone."""

    def record(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> None:
        when = kwargs.get("stops")
        if when == "before":
            _stop(request)
        super().record(request, *args, **kwargs)
        if when == "after":
            _stop(request)


def _stop(request: HttpRequest) -> None:
    file = Path(os.environ["FAULTS_STOP_FILE"])
    if file.exists():
        with Path(os.environ["FAULTS_STOPPED"]).open("a") as stopped:
            stopped.write(f"{os.getpid()} {request.ptrack.id}\n")  # type: ignore[attr-defined]
    while file.exists():
        time.sleep(0.1)
