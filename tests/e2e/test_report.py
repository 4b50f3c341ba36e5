"""What ``demo.py --serve`` shows, in a real browser: headless Chromium, driven by Playwright."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from support import needs_chromium

pytestmark = needs_chromium

DEMO = Path(__file__).parents[2] / "example" / "demo.py"
LIST = "/admin/ptrack_opens/open/"
REPORT = f"{LIST}report/"


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


@pytest.fixture(params=["light", "dark"])
def scheme(request: Any) -> str:
    return str(request.param)


@pytest.fixture(params=[1280, 375], ids=["wide", "narrow"])
def page(request: Any, browser: Any, scheme: str, demo: str) -> Iterator[Page]:
    context = browser.new_context(base_url=demo, color_scheme=scheme, viewport={"width": request.param, "height": 800})
    yield context.new_page()
    context.close()


def luminance(colour: str) -> float:
    """Return the relative luminance of a CSS colour, ``rgb(...)``, as WCAG 2 defines it."""
    channels = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def style(page: Page, selector: str, name: str) -> str:
    return str(page.locator(selector).first.evaluate(f"element => getComputedStyle(element).{name}"))


def test_the_report_looks_right(page: Page) -> None:
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{REPORT}?by=%3Dnumber")
    assert problems == []
    assert asked
    assert {url.split("/")[2] for url in asked} == {page.url.split("/")[2]}
    # Nothing sticks out of the page; a table that is too wide scrolls in a frame of its own.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chart = page.locator("svg[role=img]")
    box = chart.bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert box["height"] > 80
    bars = page.locator(".ptrack-bar")
    assert bars.count() == 30
    background = style(page, "body", "backgroundColor")
    assert contrast(style(page, ".ptrack-bar", "fill"), background) >= 3
    assert contrast(style(page, "svg text", "fill"), background) >= 4.5
    labels = page.locator(".ptrack-date:visible").all()
    boxes = [label.bounding_box() for label in labels]
    assert len(boxes) >= 4
    assert all(left["x"] + left["width"] < right["x"] for left, right in pairwise(boxes))  # type: ignore[index]


def test_the_background_is_as_the_visitor_wants_it(page: Page, scheme: str) -> None:
    page.goto(REPORT)
    assert (luminance(style(page, "body", "backgroundColor")) < 0.2) is (scheme == "dark")


def test_it_is_accessible(page: Page) -> None:
    page.goto(f"{REPORT}?by=%3Dnumber")
    page.get_by_text("The numbers of the chart").click()
    # The rest of the page is Django's.
    results = Axe().run(page, context="#content-main")
    assert results.violations_count == 0, results.generate_report()
    assert len(results.response["passes"]) > 10


def test_a_visitor_chooses_an_argument_and_days_with_the_keyboard(page: Page) -> None:
    page.goto(REPORT)
    page.get_by_label("Group by").focus()
    page.keyboard.type("number")
    day = date.fromisoformat(page.get_by_label("To:", exact=True).input_value()) - timedelta(days=10)
    page.get_by_label("From").fill(str(day))
    page.get_by_label("From").press("Enter")
    page.wait_for_url("**by=%3Dnumber**")
    assert page.get_by_role("heading", name=f"Hits from {day} to").is_visible()
    assert page.get_by_role("rowheader", name="11", exact=True).is_visible()
    assert page.locator(".ptrack-bar").count() == 11


def test_a_csv_file_is_downloaded(page: Page) -> None:
    page.goto(f"{REPORT}?by=%3Dnumber")
    with page.expect_download() as download:
        page.get_by_role("link", name="all hits in it").click()
    path = download.value.path()
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 200
    assert lines[0].startswith("time of request,kind,reason,")
    assert download.value.suggested_filename == "ptrack-hits.csv"


def test_the_way_from_the_list_to_the_report_and_back(page: Page) -> None:
    page.goto(LIST)
    page.get_by_role("link", name="Report", exact=True).click()
    page.wait_for_url(f"**{REPORT}")
    page.get_by_role("link", name="List of hits").click()
    page.wait_for_url(f"**{LIST}")
    assert page.locator("#result_list tbody tr").count() == 50


def test_the_demo_leads_to_the_report(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="See what opens add up to").click()
    page.wait_for_url(f"**{REPORT}?by=%3Dnumber")
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
