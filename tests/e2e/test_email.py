"""An email on its way: one site sends it over SMTP, Chromium opens it and clicks, and another site keeps the hits."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from PIL import Image, ImageChops
from playwright.sync_api import Page

from servers import BIN, free_port, is_listening, wait_until
from support import needs_chromium

pytestmark = needs_chromium

SITES = Path(__file__).parents[2] / "example" / "two_sites"
SECRET = "the secret that both sites share"
OPENS, CLICKS = "ptrack_opens_pixelhit", "ptrack_opens_linkhit"
ENVIRON = os.environ | {"PYTHONPATH": os.pathsep.join([str(SITES), os.environ.get("PYTHONPATH", "")])}
SERVERS = {
    "gunicorn": [str(BIN / "gunicorn"), "--bind", "127.0.0.1:PORT", "public_site.wsgi"],
    "granian": [str(BIN / "granian"), "--interface", "wsgi", "--port", "PORT", "public_site.wsgi:application"],
    "granian, in front of Django": [
        *(str(BIN / "granian"), "--interface", "wsgi", "--port", "PORT", "public_site.fast_wsgi:application")
    ],
    "uvicorn": [str(BIN / "uvicorn"), "--port", "PORT", "--lifespan", "off", "public_site.asgi:application"],
}


class Mailbox:
    """Keeps the emails that an SMTP server receives, each with its recipients."""

    def __init__(self) -> None:
        self.emails: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.emails.append((envelope.rcpt_tos, message))  # type: ignore[arg-type]
        return "250 Kept"


@pytest.fixture(scope="module")
def smtp() -> Iterator[tuple[Mailbox, str]]:
    """A mailbox, and the host and port of its SMTP server."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield mailbox, f"127.0.0.1:{controller.port}"
    controller.stop()


def run(*words: str, **environ: str) -> str:
    command, environ = [sys.executable, "-m", *words], ENVIRON | environ
    return subprocess.run(command, cwd=SITES, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout


class PublicSite:
    """The site that serves the images, behind a web server."""

    def __init__(self, server: str, folder: Path) -> None:
        self.database = folder / "opens.sqlite3"
        self.log = folder / "log"
        self.port = free_port()
        self.command = [word.replace("PORT", str(self.port)) for word in SERVERS[server]]
        self.environ = {"PTRACK_SECRET": SECRET, "DATABASE": str(self.database)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        run("django", "migrate", DJANGO_SETTINGS_MODULE="public_site.settings", **self.environ)
        with self.log.open("wb") as log:
            server = subprocess.Popen(self.command, cwd=SITES, env=ENVIRON | self.environ, stdout=log, stderr=log)
        try:
            wait_until("The web server", lambda: is_listening(self.port))
            yield
        finally:
            server.terminate()
            server.wait(30)

    def rows(self, table: str = OPENS) -> list[dict[str, Any]]:
        # This does not go through Django, so it sees committed rows only.
        with closing(sqlite3.connect(self.database)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


@pytest.fixture(scope="module", params=SERVERS)
def public(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicSite]:
    site = PublicSite(request.param, tmp_path_factory.mktemp("public"))
    with site.running():
        yield site


@pytest.fixture
def email(smtp: tuple[Mailbox, str], public: PublicSite) -> EmailMessage:
    """An email as it was received."""
    mailbox, server = smtp
    mailbox.emails.clear()
    environ = {"PTRACK_SECRET": SECRET, "PTRACK_APP_URL": public.url, "SMTP_SERVER": server}
    assert run("internal_site.send", "reader@example.com", "7", **environ).strip() == "1"
    [(recipients, message)] = mailbox.emails
    assert recipients == ["reader@example.com"]
    return message


@pytest.fixture(params=["white", "#121212"], ids=["light", "dark"])
def page(request: Any, browser: Any, email: EmailMessage, tmp_path: Path) -> Iterator[Page]:
    """The email, opened from a file, on a background of one colour."""
    part = email.get_body(("html",))
    assert part is not None
    file = tmp_path / "email.html"
    background = f"<style>html {{ background: {request.param} }}</style>"
    file.write_text(part.get_content().replace("</head>", f"{background}</head>"))
    context = browser.new_context(viewport={"width": 600, "height": 400})
    page = context.new_page()
    page.goto(file.as_uri(), wait_until="networkidle")
    yield page
    context.close()


def test_the_hit_is_a_row(page: Page, public: PublicSite) -> None:
    row = public.rows()[-1]
    assert (json.loads(row["args"]), json.loads(row["kwargs"])) == (["grüße"], {"reader": "7"})
    assert row["user_agent"] == page.evaluate("navigator.userAgent")
    assert "Chrome" in row["user_agent"]
    # The email was sent and opened within the minute.
    assert 0 <= row["age"] < 60_000_000
    hits = len(public.rows())
    page.reload(wait_until="networkidle")
    again = public.rows()
    assert len(again) == hits + 1
    assert again[-1]["pixel_id"] == row["pixel_id"]


def test_a_clicked_link_leads_to_its_page_and_is_a_row(page: Page, public: PublicSite) -> None:
    clicks, opens = len(public.rows(CLICKS)), len(public.rows())
    page.get_by_role("link", name="Where the garden is").click()
    page.wait_for_url(f"{public.url}/garden/")
    assert page.get_by_role("heading", name="The garden").is_visible()
    [row] = public.rows(CLICKS)[clicks:]
    assert (row["url"], json.loads(row["kwargs"])) == (f"{public.url}/garden/", {"reader": "7"})
    assert len(public.rows()) == opens


def test_a_link_that_somebody_altered_leads_nowhere(page: Page, public: PublicSite) -> None:
    clicks = len(public.rows(CLICKS))
    link = page.get_by_role("link", name="Where the garden is")
    link.evaluate("link => { link.href = link.href.replace('/go/', '/go/x'); }")
    with page.expect_response("**/go/**") as response:
        link.click()
    assert response.value.status == 404
    assert len(public.rows(CLICKS)) == clicks


def test_the_image_is_there_and_invisible(page: Page) -> None:
    image = page.locator("img")
    assert image.evaluate("img => [img.complete, img.naturalWidth, img.naturalHeight]") == [True, 1, 1]
    with_image = screenshot(page)
    image.evaluate("img => img.remove()")
    assert ImageChops.difference(with_image, screenshot(page)).getbbox() is None
    # This shows that the comparison would notice something visible.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<b style=\"background: #888\">&nbsp;</b>')")
    assert ImageChops.difference(with_image, screenshot(page)).getbbox() is not None


def test_an_image_that_nobody_serves_would_be_noticed(page: Page) -> None:
    image = page.locator("img")
    image.evaluate("img => { img.src = 'http://127.0.0.1:9/nobody'; }")
    page.wait_for_function("document.querySelector('img').complete")
    assert image.evaluate("img => img.naturalWidth") == 0


def test_the_server_logs_no_traceback(public: PublicSite) -> None:
    assert "Traceback" not in public.log.read_text()


def screenshot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")
