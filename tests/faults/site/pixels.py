import os
import sys
import time
from pathlib import Path
from typing import Any

import ptrack
from ptrack.hits import HitRequest
from ptrack.opens.failures import shortened_when_repeated
from ptrack.opens.pixels import OpenPixel
from ptrack.opens.rows import describe_hit, make_row
from ptrack.opens.storing import store


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


Base: Any = ptrack.BackgroundPixel if "FAULTS_BACKEND" in os.environ else ptrack.TrackingPixel


class StoppingPixel(Base):
    """Stores each hit in place of ptrack.opens.

    It stops before or after that, if the hit asks for it, until it is killed or a file is gone.
    """

    def record(self, request: HitRequest, /, *args: Any, **kwargs: Any) -> None:
        when = kwargs.get("stops")
        if when == "before":
            _stop(request)
        try:
            with shortened_when_repeated():
                store(make_row(describe_hit(request, args, kwargs)))
        except Exception:
            with Path(os.environ["FAULTS_FAILED"]).open("a") as failed:
                failed.write(f"{kwargs['number']}\n")
            raise
        if when == "after":
            _stop(request)


if "FAULTS_OPENS" not in os.environ:
    ptrack.tracker.unregister(OpenPixel)
    ptrack.tracker.register(StoppingPixel)


def _stop(request: HitRequest) -> None:
    file = Path(os.environ["FAULTS_STOP_FILE"])
    if file.exists():
        with Path(os.environ["FAULTS_STOPPED"]).open("a") as stopped:
            stopped.write(f"{os.getpid()} {request.ptrack.id}\n")
    while file.exists():
        time.sleep(0.1)
