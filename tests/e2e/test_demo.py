"""What ``demo.py --serve`` shows, in a real browser: headless Chromium, driven by Playwright."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from support import needs_chromium

pytestmark = needs_chromium

DEMO = Path(__file__).parents[2] / "example" / "demo.py"


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The URL of a running demo."""
    command = [sys.executable, "-W", "error", str(DEMO), "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        [line] = (
            line
            for line in iter(started.stdout.readline, "Ctrl-C stops the server.\n")
            if "as they are recorded" in line
        )
        yield line.split()[-1].rstrip("/")
        started.terminate()
        assert "Stopped." in started.stdout.read()
    assert started.returncode == 0


@pytest.fixture
def page(browser: Any, demo: str) -> Iterator[Page]:
    context = browser.new_context(base_url=demo)
    yield context.new_page()
    context.close()


def test_the_demo_leads_to_the_report(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="See what opens add up to").click()
    page.wait_for_url("**/admin/ptrack_opens/pixelhit/report/?by=%3Dnumber")
    assert page.get_by_role("table", name="By number").is_visible()


def test_a_click_in_the_email_of_the_demo_is_listed(page: Page) -> None:
    page.goto("/")
    clicks = page.get_by_role("table", name="click")
    before = clicks.get_by_role("row").count()
    email = page.frame_locator("iframe")
    email.get_by_role("link", name="Who sleeps under the leaves").click()
    email.get_by_role("heading", name="Who sleeps under the leaves").wait_for()
    clicks.get_by_text("/articles/leaves/").first.wait_for()
    page.wait_for_function("rows => document.querySelectorAll('#recorded table')[1].rows.length > rows", arg=before)
