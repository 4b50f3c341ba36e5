"""The newsletter project behind a web server, on this machine only."""

import os
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application

from .output import DemoError

HOST = "127.0.0.1"


class Server(ThreadedWSGIServer):
    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        # The standard library would ask the network for the name of this machine.
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Write no log line for a request: the demo shows the requests itself."""


@contextmanager
def running_site(port: int, sent_folder: str, *, with_report: bool) -> Iterator[str]:
    """Run the project in a thread, and give its URL without a slash at the end.

    Takes the port (0 for any free one), the folder for sent emails, and whether the site has a
    database and a report. Raises ``DemoError`` if the port cannot be used.
    """
    try:
        server = Server((HOST, port), QuietHandler)
    except OSError as error:
        raise DemoError(f"port {port} cannot be used: {error.strerror}. Choose another one with --port.") from None
    with server:
        site_url = f"http://{HOST}:{server.server_port}"
        # The settings read these variables. The server comes first, because emails hold its port.
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": f"newsletter.{'serve_settings' if with_report else 'settings'}",
            "NEWSLETTER_URL": site_url,
            "NEWSLETTER_SENT_FOLDER": sent_folder,
        }
        server.set_app(get_wsgi_application())
        if with_report:
            fill_report()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield site_url
        finally:
            server.shutdown()
            thread.join()


def fill_report() -> None:
    # This module has models, so it can only be imported when Django is ready.
    from newsletter import month

    print("Making up a month of opens for the report ...\n")
    month.prepare()
