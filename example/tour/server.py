"""A web server for the site, on this machine only."""

import os
import socketserver
import sys
import threading
import webbrowser

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Write no log line for a request."""


class Server(ThreadedWSGIServer):
    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        # The standard library would ask the network for the name of this machine.
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()

    def serve_until_stopped(self) -> None:
        self.set_app(StaticFilesHandler(get_wsgi_application()))
        report = f"{self.url}/admin/ptrack_opens/pixelhit/report/?by=%3Dcampaign"
        print(f"\nThe report, in the admin: {report}")
        print(f"An email to Tom, who has not opened it yet. Do it for him, and click: {self.url}/email/")
        if has_display():
            print("Your browser opens the report.")
            threading.Thread(target=webbrowser.open, args=[report], daemon=True).start()
        else:
            print("There is no display here, so no browser opens by itself.")
        print("Ctrl-C stops the server.")
        self.serve_forever()


def make_server(port: int) -> Server:
    """Return a server that listens on a port, 0 for any free one. Exits with a message if it cannot be used."""
    try:
        return Server((HOST, port), QuietHandler)
    except (OSError, OverflowError) as error:
        sys.exit(f"Port {port} cannot be used ({error}). Choose another one with --port.")


def has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & {*os.environ})
