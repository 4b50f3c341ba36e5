"""Send an email with a tracking pixel and links, open it as an email client would, click, and show each step.

    python example/demo.py            shows the steps, and exits with 0 if all went well
    python example/demo.py --serve    then shows the email, its opens and clicks in a browser, until Ctrl-C

The demo needs Django and ptrack, and neither input nor the network. Emails, and the database of --serve, go to a
folder that is removed at the end. The web server listens on this machine only.
"""

import argparse
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

# Python adds this folder by itself, except under "python -P".
sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import django  # noqa: F401

    import ptrack  # noqa: F401
except ImportError as error:
    sys.exit(
        f"The demo cannot start, because this Python lacks something: {error}.\n"
        f"Install ptrack with all that it needs: {sys.executable} -m pip install {Path(__file__).resolve().parents[1]}"
    )

from tour.output import DemoError, Output
from tour.server import running_site
from tour.steps import show_steps


def main() -> int:
    options = parse_options()
    # A terminal that only knows ASCII shows other characters as escapes. Each line is written
    # at once, so that it stands before an error that follows it.
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    # A SIGTERM acts like Ctrl-C, so that the folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output = Output()
    is_serving = False
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ptrack-demo-") as folder,
            running_site(options.port, folder, with_report=options.serve) as site_url,
        ):
            show_steps(output, site_url)
            if options.serve:
                is_serving = True
                serve_until_stopped(site_url)
    except KeyboardInterrupt:
        print(
            "\nStopped. The emails, the opens and the clicks are gone." if is_serving else "\nStopped before the end."
        )
        return 0 if is_serving else 130
    except DemoError as error:
        return fail(output, str(error))
    except Exception as error:
        traceback.print_exc()
        return fail(output, f"{type(error).__name__}: {error}")
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Send an email with a tracking pixel and links, open it, click, and show each step."
    )
    parser.add_argument("--serve", action="store_true", help="then show the email, its opens and clicks in a browser")
    parser.add_argument("--port", type=port_number, default=0, help="port of the web server (default: any free port)")
    return parser.parse_args()


def port_number(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535, or 0 for any free port")


def serve_until_stopped(site_url: str) -> None:
    print(f"\nThe email, and its opens and clicks as they are recorded: {site_url}/")
    print(f"The report on a month of opens, in the admin: {site_url}/admin/ptrack_opens/pixelhit/report/")
    print("Ctrl-C stops the server.")
    # Short waits, because on Windows Ctrl-C does not end a wait without a limit.
    while True:
        time.sleep(1)


def fail(output: Output, reason: str) -> int:
    where = f"at step {output.step_number}" if output.step_number else "before its first step"
    print(f"\nThe demo failed {where}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
