"""The pixels of the project package, which is no installed app."""

import ptrack

opens: list[tuple[tuple[object, ...], dict[str, object]]] = []


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs):
        opens.append((args, kwargs))
