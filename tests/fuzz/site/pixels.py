import threading
from collections import Counter

import ptrack

#: How many hits there were, by the first argument of their tokens.
hits: Counter[str] = Counter()
lock = threading.Lock()


@ptrack.tracker.register
class CountingPixel(ptrack.TrackingPixel):
    def record(self, *args: object, **kwargs: object) -> None:
        with lock:
            hits[str(args[0]) if args else ""] += 1


@ptrack.tracker.register
class CountingLink(ptrack.TrackingLink):
    def record(self, url: str, *args: object, **kwargs: object) -> None:
        with lock:
            hits[f"{args[0] if args else ''} to {url}"] += 1
