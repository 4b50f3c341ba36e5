"""A pixels.py that registers something and then cannot be imported. Not among INSTALLED_APPS."""

import ptrack


@ptrack.tracker.register
class HalfRegisteredPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs): ...


import a_module_that_does_not_exist  # noqa: E402, F401
