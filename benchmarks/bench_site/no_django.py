"""What the server takes by itself: the same bytes, with no work at all."""

from collections.abc import Callable

from .picture import GIF

HEADERS = [("Content-Type", "image/gif"), ("Content-Length", str(len(GIF)))]


def application(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
    start_response("200 OK", HEADERS)
    return [GIF]
