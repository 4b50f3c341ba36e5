"""The most that the web server can do: an application that answers with the same bytes and does no work."""

from collections.abc import Callable

from .image import GIF

HEADERS = [("Content-Type", "image/gif"), ("Content-Length", str(len(GIF)))]


def application(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
    start_response("200 OK", HEADERS)
    return [GIF]
