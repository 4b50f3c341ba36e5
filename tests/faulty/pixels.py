"""A callback that always fails."""

import ptrack


class CallbackError(Exception):
    pass


@ptrack.tracker.register
class FaultyPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs):
        raise CallbackError("the pixel of the faulty app fails")
