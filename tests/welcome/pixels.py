"""Two callbacks of one app, one of which takes the request."""

import ptrack

opens: list[tuple[tuple[object, ...], dict[str, object]]] = []
user_agents: list[str | None] = []


@ptrack.tracker.register
class OpenPixel(ptrack.TrackingPixel):
    def record(self, *args, **kwargs):
        opens.append((args, kwargs))


class UserAgentPixel(ptrack.TrackingPixel):
    def record(self, request, *args, **kwargs):
        user_agents.append(request.headers.get("User-Agent"))


ptrack.tracker.register(UserAgentPixel)
