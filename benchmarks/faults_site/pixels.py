import os
import time
from typing import Any

from django.http import HttpRequest

import ptrack
from ptrack.opens.models import Open
from ptrack.opens.pixels import OpenPixel

# In the place of the app's own: it keeps hits in the same way, and stops after one of them
# until it is killed.
ptrack.tracker.unregister(OpenPixel)


@ptrack.tracker.register
class StoppingPixel(ptrack.BackgroundPixel if os.environ.get("FAULTS_BACKEND") else ptrack.TrackingPixel):  # type: ignore[misc]
    def record(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        Open.objects.record(request, args, kwargs)
        while kwargs.get("stops") and os.path.exists(os.environ["FAULTS_STOP_FILE"]):
            time.sleep(0.1)
        if kwargs.get("fails"):
            raise RuntimeError("The hit asked for it.")
