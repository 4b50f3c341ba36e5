"""Sends a mail with a ptrack pixel, opens it as a mail client would, and shows each step.

    python example/demo.py            shows the steps, and exits with 0 if all went well
    python example/demo.py --serve    then shows the mail and its opens in a browser, until Ctrl-C

It needs Django and ptrack, and neither input nor network: mails, and the database of --serve,
go to a folder that is removed at the end; the web server listens on this machine alone.
"""

import argparse
import os
import platform
import signal
import socketserver
import struct
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.client import HTTPResponse
from pathlib import Path
from typing import NamedTuple
from urllib.request import HTTPHandler, OpenerDirector, Request

# Python puts it there by itself, unless it is asked not to (python -P).
sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    import django
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    import ptrack  # noqa: F401
except ImportError as error:
    sys.exit(
        f"The demo cannot start, as this Python lacks something: {error}.\n"
        f"Install ptrack with all it needs: {sys.executable} -m pip install {Path(__file__).resolve().parents[1]}"
    )

from newsletter import mail, opens

HOST = "127.0.0.1"
LETTER_NUMBER = 12
READER_ID = 42
MAIL_CLIENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0"
#: Characters of a token that are shown at each end.
SHOWN = 8


class DemoError(Exception):
    """Something is not as it should be; the text says what."""


class Report:
    """Prints numbered steps, and under each of them lines of a name and a value."""

    def __init__(self) -> None:
        self.step_number = 0

    def step(self, title: str) -> None:
        self.step_number += 1
        print(f"\n{self.step_number}. {title}")

    def line(self, name: str, value: object) -> None:
        print(f"   {name:<10}{value}")


class Image(NamedTuple):
    tag: str
    src: str

    @property
    def token(self) -> str:
        return self.src.rstrip("/").rpartition("/")[2]

    def shorten(self, text: str) -> str:
        return text.replace(self.token, f"{self.token[:SHOWN]}...{self.token[-SHOWN:]}")


class Answer(NamedTuple):
    status: str
    headers: dict[str, str]
    body: bytes
    milliseconds: float


class ImageFinder(HTMLParser):
    """Collects the images of an HTML page, their addresses unescaped."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[Image] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(Image(self.get_starttag_text() or "", dict(attrs).get("src") or ""))


class Server(ThreadedWSGIServer):
    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        # The standard library would ask the network for the name of this machine.
        self.server_name, self.server_port = HOST, self.server_address[1]
        self.setup_environ()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the demo says all there is to say."""


def main() -> int:
    options = parse_options()
    # A terminal that knows ASCII alone shows other letters as escapes. Lines come out at once,
    # so that they stand before the errors that follow them.
    sys.stdout.reconfigure(errors="backslashreplace", line_buffering=True)
    # As Ctrl-C, so that the folder is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report = Report()
    is_serving = False
    try:
        with tempfile.TemporaryDirectory(prefix="ptrack-demo-") as folder, server(options, folder) as url:
            show_steps(report, url)
            if options.serve:
                is_serving = True
                print(f"\nThe mail and its opens, as they are recorded: {url}/")
                print(f"What a month of them adds up to, in the admin: {url}/admin/ptrack_opens/open/report/")
                print("Ctrl-C stops the server.")
                # On Windows, Ctrl-C does not end a wait without a limit.
                while True:
                    time.sleep(1)
    except KeyboardInterrupt:
        print("\nStopped. The mail and its opens are gone." if is_serving else "\nStopped before the end.")
        return 0 if is_serving else 130
    except DemoError as error:
        return fail(report, str(error))
    except Exception as error:
        traceback.print_exc()
        return fail(report, f"{type(error).__name__}: {error}")
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Sends a mail with a ptrack pixel, opens it, and shows each step.")
    parser.add_argument("--serve", action="store_true", help="then show the mail and its opens in a browser")
    parser.add_argument("--port", type=port_number, default=0, help="of the web server; a free one if not given")
    return parser.parse_args()


def port_number(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to 65535, or 0 for a free one")


@contextmanager
def server(options: argparse.Namespace, mail_folder: str) -> Iterator[str]:
    """Run the project's web server in a thread, and give its address."""
    try:
        httpd = Server((HOST, options.port), QuietHandler)
    except OSError as error:
        raise DemoError(
            f"port {options.port} cannot be used: {error.strerror}. Choose another one with --port."
        ) from None
    with httpd:
        url = f"http://{HOST}:{httpd.server_port}"
        # What settings.py reads. The port had to be known before, as mails hold the address.
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": f"newsletter.{'serve_settings' if options.serve else 'settings'}",
            "NEWSLETTER_URL": url,
            "NEWSLETTER_MAIL_FOLDER": mail_folder,
        }
        httpd.set_app(get_wsgi_application())
        if options.serve:
            prepare_report()
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield url
        finally:
            httpd.shutdown()
            thread.join()


def prepare_report() -> None:
    from newsletter import month

    print("Making up the opens of a month for the report ...\n")
    month.prepare()


def show_steps(report: Report, url: str) -> None:
    print("ptrack puts an invisible picture into a mail. When the mail is opened the picture is loaded,")
    print("and its address tells the site which mail that was.")
    print(f"Here is how, on Django {django.get_version()} and Python {platform.python_version()}.")

    reader = mail.Reader(READER_ID, "Zoë Keller", "zoe@example.com")
    given_args, given_kwargs = ("letter",), {"number": LETTER_NUMBER, "reader": READER_ID}
    report.step("A template with the tag becomes a mail, and Django sends it: here, into a file.")
    report.line("template", mail.LETTER_TEMPLATE)
    report.line("tag", tag_in(mail.LETTER_TEMPLATE))
    report.line("values", f"number is {LETTER_NUMBER}, reader.id is {READER_ID}")
    sent = mail.send_letter(LETTER_NUMBER, reader)
    paths = mail.sent_mails()
    expect(sent == len(paths) == 1, f"of one mail, Django sent {sent}, and {len(paths)} came into the folder.")
    report.line("file", f"{paths[0]}, {paths[0].stat().st_size} bytes, removed at the end")

    report.step("A mail client reads the file, and finds one image in the HTML.")
    message = mail.read_mail(paths[0])
    image = find_image(mail.html_of(message), url)
    report.line("to", message["To"])
    report.line("subject", message["Subject"])
    report.line("image", image.shorten(image.tag))
    report.line("token", f"shortened here, {len(image.token)} characters in the mail: the tag's arguments, encrypted")

    report.step("It shows the mail to the reader, and so loads the image over HTTP.")
    expect(not opens.latest(), "an open was recorded before the mail was opened.")
    picture = load(image.src)
    report.line("request", image.shorten(f"GET {image.src}"))
    report.line("response", describe(picture))
    report.line("", f"Cache-Control: {picture.headers.get('cache-control', '')}")
    report.line("time", f"{picture.milliseconds:.1f} ms, the HTTP round trip included")

    report.step("Before the server answered, ptrack ran the project's pixel, newsletter/pixels.py.")
    recorded = opens.latest()
    expect(
        len(recorded) == 1,
        f"the image was loaded once, and {len(recorded)} opens were recorded. "
        "Does newsletter/pixels.py register one pixel, and does its record() add one open?",
    )
    report.line("called", recorded[0].call)
    report.line("by", recorded[0].user_agent)
    expect(
        (recorded[0].args, recorded[0].kwargs) == (given_args, given_kwargs),
        f"the tag was given something else: {opens.format_call('ptrack', given_args, given_kwargs)}",
    )
    report.line("compared", "exactly what the tag was given")

    report.step("Somebody else guesses: the same address with one character of the token changed.")
    answer = load(image.src.replace(image.token, change_one_character(image.token)))
    report.line("response", describe(answer))
    expect(answer.body == picture.body and answer.status == picture.status, "the answer to a guess looks different.")
    report.line("", "the same picture, so a guess learns nothing")
    expect(len(opens.latest()) == 1, "an address that was tampered with was recorded.")
    report.line("called", "nothing")

    print("\nAll went well: one mail was sent, and one open recorded.")


def tag_in(template_name: str) -> str:
    from django.template.loader import get_template

    lines = get_template(template_name).template.source.splitlines()
    tags = [line for line in lines if line.startswith("{% ptrack ")]
    expect(len(tags) == 1, f"the template {template_name} has {len(tags)} lines with the tag, not one.")
    return tags[0]


def find_image(html: str, url: str) -> Image:
    """Return the only image of a mail; it has to lie on the server."""
    finder = ImageFinder()
    finder.feed(html)
    expect(len(finder.images) == 1, f"the mail's HTML should have one <img>, and has {len(finder.images)}.")
    image = finder.images[0]
    expect(image.src.startswith(f"{url}/"), f"the image lies elsewhere than on the server, {url}: {image.src}")
    return image


def load(address: str) -> Answer:
    # Only what this takes: no proxy between, and the first answer counts, whatever it is.
    opener = OpenerDirector()
    opener.add_handler(HTTPHandler())
    request = Request(address, headers={"User-Agent": MAIL_CLIENT, "Accept": "image/*"})
    started = time.perf_counter()
    response: HTTPResponse
    with opener.open(request, timeout=10) as response:
        body = response.read()
    milliseconds = (time.perf_counter() - started) * 1000
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(f"{response.status} {response.reason}", headers, body, milliseconds)


def describe(answer: Answer) -> str:
    """Return an answer in a line; it has to be a GIF of one pixel."""
    content_type = answer.headers.get("content-type")
    expect(answer.status == "200 OK", f"the server answered {answer.status}.")
    expect(content_type == "image/gif", f"the server answered with {content_type}, not with image/gif.")
    is_gif = answer.body.startswith(b"GIF89a") and len(answer.body) > 10
    expect(is_gif, "the server says that it answers with a GIF, but it is none.")
    size = struct.unpack_from("<HH", answer.body, 6)
    expect(size == (1, 1), f"the GIF has {size[0]} x {size[1]} pixels, not one.")
    return f"{answer.status}, {content_type}, {len(answer.body)} bytes: a picture of 1 x 1 pixel"


def change_one_character(token: str) -> str:
    middle = len(token) // 2
    return f"{token[:middle]}{'A' if token[middle] != 'A' else 'B'}{token[middle + 1 :]}"


def expect(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise DemoError(otherwise)


def fail(report: Report, reason: str) -> int:
    place = f"at step {report.step_number}" if report.step_number else "before its first step"
    print(f"\nThe demo failed {place}: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
