import os
import time
from typing import Any

from django.http import HttpRequest

import ptrack
from ptrack.opens.models import Open
from ptrack.opens.pixels import OpenPixel

# The pixel below takes its part: it stores hits in the same way. After one of them it stops
# until it is killed, or until the file is gone.
ptrack.tracker.unregister(OpenPixel)


@ptrack.tracker.register
class StoppingPixel(ptrack.BackgroundPixel if os.environ.get("FAULTS_BACKEND") else ptrack.TrackingPixel):  # type: ignore[misc]
    def record(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        Open.objects.record(request, args, kwargs)
        while kwargs.get("stops") and os.path.exists(os.environ["FAULTS_STOP_FILE"]):
            time.sleep(0.1)
        if kwargs.get("fails"):
            raise RuntimeError("The hit asked for it.")
