"""Send two campaigns of a newsletter, read them as readers of all kinds would, and show the numbers.

    python example/demo.py            shows the steps, and exits with 0 if all went well
    python example/demo.py --serve    then opens the report in a browser, until Ctrl-C

The demo needs Django and ptrack, and neither input nor the network. Its SQLite database goes to a folder that is
removed at the end. The web server of --serve listens on this machine only.
"""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

# Python adds this folder by itself, except under "python -P".
sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import django

    import ptrack  # noqa: F401
except ImportError as error:
    sys.exit(
        f"The demo cannot start, because this Python lacks something: {error}.\n"
        f"Install ptrack with all that it needs: {sys.executable} -m pip install {Path(__file__).resolve().parents[1]}"
    )

from django.db import connections
from tour.server import make_server


def main() -> int:
    options = parse_options()
    # A terminal that only knows ASCII shows other characters as escapes. Each line is written
    # at once, so that it stands before an error that follows it.
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    # A SIGTERM acts like Ctrl-C, so that the folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    is_serving = False
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ptrack-demo-"))
            # The settings read these variables. The server comes first, because emails hold its port.
            server = stack.enter_context(make_server(options.port)) if options.serve else None
            os.environ |= {
                "DJANGO_SETTINGS_MODULE": "tour.settings",
                "NEWSLETTER_DATABASE": str(Path(folder) / "newsletter.sqlite3"),
                "NEWSLETTER_URL": server.url if server else "http://127.0.0.1:8000",
            }
            django.setup()
            # Windows removes no file that is open.
            stack.callback(connections.close_all)
            # This module needs models, so it can only be imported when Django is ready.
            from tour.steps import show_steps

            show_steps()
            if server:
                is_serving = True
                server.serve_until_stopped()
    except KeyboardInterrupt:
        print("\nStopped. The emails and the hits are gone." if is_serving else "\nStopped before the end.")
        return 0 if is_serving else 130
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Send two campaigns of a newsletter, read them as readers of all kinds would, and show the numbers."
    )
    parser.add_argument("--serve", action="store_true", help="then open the report in a browser, until Ctrl-C")
    parser.add_argument("--port", type=int, default=0, help="port of the web server of --serve (default: any free one)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
