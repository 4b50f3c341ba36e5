"""The lists of hits and the report, in a real browser: headless Chromium, driven by Playwright."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from support import needs_chromium

pytestmark = needs_chromium

SITE = Path(__file__).with_name("owner_site.py")
LIST = "/admin/ptrack_opens/pixelhit/"
CLICKS = "/admin/ptrack_opens/linkhit/"
REPORT = f"{LIST}report/"
LONG = "Spring" + "-and-summer" * 29 + "-2026"
SECOND_LINK = "https://shop.example/articles/second?from=newsletter#comments"


@pytest.fixture(scope="module")
def serve(tmp_path_factory: Any) -> Iterator[Any]:
    """A function that takes options of the site, and returns the URL at which it is served from then on."""
    urls: dict[tuple[str, ...], str] = {}
    with ExitStack() as stack:

        def start(*options: str) -> str:
            if options not in urls:
                command = [sys.executable, str(SITE), str(tmp_path_factory.mktemp("site") / "db.sqlite3"), *options]
                environment = os.environ | {"PYTHONPATH": str(SITE.parents[1])}
                server = stack.enter_context(
                    subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
                )
                stack.callback(server.terminate)
                assert server.stdout is not None
                urls[options] = server.stdout.readline().strip()
            return urls[options]

        yield start


SCREENS = {"light-wide": 1280, "dark-narrow": 390, "light-narrow": 390, "dark-wide": 1280}
#: The short run tries each of both once.
SHORT = ("light-wide", "dark-narrow")


@pytest.fixture(params=SCREENS)
def screen(request: Any, times: int) -> str:
    """What the visitor wants, and how wide their window is."""
    if times == 1 and request.param not in SHORT:
        pytest.skip("This is for the long run.")
    return str(request.param)


@pytest.fixture
def scheme(screen: str) -> str:
    return screen.split("-")[0]


@pytest.fixture
def width(screen: str) -> int:
    return SCREENS[screen]


@pytest.fixture
def open_page(browser: Any, serve: Any, scheme: str, width: int) -> Iterator[Any]:
    """A function that takes options of the site, and returns a page of it. What goes wrong on it fails the test."""
    problems: list[str] = []
    asked: list[str] = []
    with ExitStack() as stack:

        def start(*options: str) -> Page:
            viewport = {"width": width, "height": 900}
            context = browser.new_context(base_url=serve(*options), color_scheme=scheme, viewport=viewport)
            stack.callback(context.close)
            page: Page = context.new_page()
            page.set_default_timeout(10_000)
            page.on("console", lambda message: problems.append(message.text))
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("request", lambda request: asked.append(request.url))
            return page

        yield start
    assert problems == []
    assert {url.split(":")[1] for url in asked} == {"//127.0.0.1"}


@pytest.fixture
def page(open_page: Any) -> Page:
    """A page of the site with hits."""
    found: Page = open_page()
    return found


def look(page: Page) -> None:
    """Check what must be right on every page: nothing sticks out, numbers are on it, everybody can use it."""
    page.evaluate("document.querySelectorAll('#content-main details').forEach(details => (details.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Django lets the table of a list scroll in a frame.
    assert page.evaluate(
        "[...document.querySelectorAll('.results')].every(frame => frame.scrollWidth <= frame.clientWidth)"
    )
    off = "box => box.width > 0 && (box.left < 0 || box.right > innerWidth)"
    boxes = "[...document.querySelectorAll('.ptrack-number, .ptrack-totals dd, #result_list td')]"
    assert page.evaluate(f"{boxes}.map(number => number.getBoundingClientRect()).filter({off}).length") == 0
    # The rest of the page is Django's.
    results = Axe().run(page, context="#content-main")
    serious = [found for found in results.response["violations"] if found["impact"] in ("serious", "critical")]
    assert [(found["id"], node["html"]) for found in serious for node in found["nodes"]] == []
    assert len(results.response["passes"]) > 5


PAGES = {
    "list": f"{LIST}",
    "list-filtered": f"{LIST}?days=365&where=campaign%3D{LONG}&kind=person",
    "list-empty": f"{LIST}?where=campaign%3Dnone",
    "list-wrong": f"{LIST}?since=2026-11-02&until=2026-11-01",
    "clicks": f"{CLICKS}",
    "report": REPORT,
    "report-reader": f"{REPORT}?by=%3Dreader&days=365",
    "report-filtered": f"{REPORT}?where=campaign%3D{LONG}",
    "report-months": f"{REPORT}?since=2024-01-15",
    "report-empty": f"{REPORT}?where=campaign%3Dnone",
    "report-wrong": f"{REPORT}?since=2026-11-02&until=2026-11-01",
}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_looks_right(page: Page, name: str) -> None:
    page.goto(PAGES[name])
    look(page)


def test_a_page_with_rates_looks_right(open_page: Any) -> None:
    page = open_page("--sent")
    page.goto(REPORT)
    look(page)
    row = page.get_by_role("table", name="By campaign").get_by_role("row").filter(has=page.get_by_text("9", exact=True))
    assert "25 to 40 %" in row.first.inner_text()


def test_beside_the_open_sidebar_there_is_room_for_tables(open_page: Any) -> None:
    page = open_page("--sent")
    page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'true')")
    page.set_viewport_size({"width": 1080, "height": 900})
    for url in (LIST, CLICKS, REPORT):
        page.goto(url)
        assert page.locator("#nav-sidebar").bounding_box()["width"] > 200
        look(page)
    displays = "[...document.querySelectorAll('.ptrack-groups')].map(table => getComputedStyle(table).display)"
    assert set(page.evaluate(displays)) == {"table"}


def test_the_first_pages_say_what_to_do(open_page: Any) -> None:
    page = open_page("--empty")
    for url in (LIST, REPORT):
        page.goto(url)
        assert page.get_by_text("{% ptrack campaign=9 reader=42 %}").is_visible()
        look(page)


def test_a_hit_alone_looks_right(page: Page) -> None:
    page.goto(f"{LIST}?where=campaign%3D{LONG}")
    page.locator("#result_list tbody th a").first.click()
    # Chromium goes on with the old page until the new one is there.
    page.wait_for_url("**/change/**")
    look(page)
    page.get_by_role("link", name="all hits of this pixel").click()
    page.wait_for_url("**?q=**")
    assert page.locator("#result_list tbody tr").count() == 1


def test_who_clicked_the_second_link_of_campaign_nine_in_four_clicks(page: Page) -> None:
    page.goto("/admin/")
    page.locator("#content-main").get_by_role("link", name="Hits of pixels").click()
    page.get_by_role("link", name="Report", exact=True).click()
    page.get_by_role("table", name="By campaign").get_by_role("link", name="9", exact=True).click()
    page.get_by_role("table", name="Clicks by destination").get_by_role("link", name=SECOND_LINK).click()
    page.wait_for_url(f"**{CLICKS}**")
    assert page.locator("#result_list tbody tr").count() == 1
    assert page.get_by_role("link", name="reader=1").is_visible()


def focuses_reader_after_tab(page: Page) -> bool:
    page.keyboard.press("Tab")
    return "where=reader%3D0" in page.evaluate("document.activeElement.search || ''")


def test_a_visitor_chooses_with_the_keyboard(page: Page) -> None:
    page.goto(REPORT)
    page.get_by_label("Group by").focus()
    page.keyboard.type("reader")
    page.get_by_label("Only where").fill("campaign=9")
    day = datetime.now(UTC).date() - timedelta(days=10)
    page.get_by_label("From").fill(str(day))
    page.get_by_label("From").press("Enter")
    page.wait_for_url("**where=campaign%3D9**")
    assert page.get_by_role("heading", name=f"Hits from {day} to").is_visible()
    assert page.locator(".ptrack-bar").count() == 11
    # From the field of the filter, each link is some steps of the Tab key away.
    page.get_by_label("Only where").focus()
    assert any(focuses_reader_after_tab(page) for _ in range(40))
    page.keyboard.press("Enter")
    page.wait_for_url("**where=reader%3D0**")


def test_columns_sort(page: Page, width: int) -> None:
    page.goto(REPORT)
    table = page.get_by_role("table", name="By campaign")
    assert table.get_by_role("rowheader").first.inner_text() == "8"
    table.get_by_role("columnheader", name="emails clicked").get_by_role("link").click()
    page.wait_for_url("**sort=-emails_clicked**")
    assert table.get_by_role("rowheader").first.inner_text() == "9"
    sorted_by = table.get_by_role("columnheader", name="emails clicked")
    assert sorted_by.get_attribute("aria-sort") == "descending"


def test_the_chart_looks_right(page: Page) -> None:
    page.goto(REPORT)
    box = page.locator("svg[role=img]").bounding_box()
    assert box is not None
    assert box["width"] > 300
    assert box["height"] > 80
    assert page.locator(".ptrack-bar").count() == 30
    background = style(page, "body", "backgroundColor")
    assert contrast(style(page, ".ptrack-bar", "fill"), background) >= 3
    assert contrast(style(page, "svg[role=img] text", "fill"), background) >= 4.5
    boxes = [label.bounding_box() for label in page.locator(".ptrack-date:visible").all()]
    assert len(boxes) >= 3
    assert all(left["x"] + left["width"] < right["x"] for left, right in pairwise(boxes))  # type: ignore[index]
    last, width = boxes[-1], page.viewport_size["width"]  # type: ignore[index]
    assert last["x"] + last["width"] < width  # type: ignore[index]


def test_the_background_is_as_the_visitor_wants_it(page: Page, scheme: str) -> None:
    page.goto(REPORT)
    assert (luminance(style(page, "body", "backgroundColor")) < 0.2) is (scheme == "dark")


def test_a_csv_file_is_downloaded(page: Page) -> None:
    page.goto(REPORT)
    with page.expect_download() as download:
        page.get_by_role("link", name="its hits of pixels").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) > 60
    assert lines[0].startswith("time of request,kind,")
    assert download.value.suggested_filename == "ptrack-hits.csv"


def test_the_pages_read_from_right_to_left(open_page: Any) -> None:
    page = open_page("--language", "ar")
    for url in (REPORT, LIST, PAGES["report-months"]):
        page.goto(url)
        assert style(page, "body", "direction") == "rtl"
        look(page)


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
