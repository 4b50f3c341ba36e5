"""What ``demo.py`` prints, and what ``demo.py --serve`` shows in a real browser: headless Chromium."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Page, expect

from servers import wait_until
from support import needs_chromium

DEMO = [sys.executable, "-W", "error", str(Path(__file__).parents[2] / "example" / "demo.py")]
#: Takes a file and a URL, and writes the one into the other.
WRITE_URL = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
#: The readers with these numbers opened campaign 9, or perhaps did; 21 is the one who was erased,
#: and 22 the one who did not agree.
READERS_OF_CAMPAIGN_9 = {"1", "2", "3", "4", "5", "6", "7", "8", "10"}


@pytest.fixture(scope="module")
def printed() -> str:
    """What the demo prints when it runs to its end."""
    return subprocess.run(DEMO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout


def tables(printed: str, heading: str) -> list[dict[str, list[str]]]:
    """Return the tables whose first row begins so: their cells by the first one of each row."""
    found = re.findall(rf"^   {heading}.*\n(?:.+\n)+", printed, re.M)
    rows = ([re.split(" {2,}", line.strip()) for line in lines.splitlines()] for lines in found)
    return [{first: cells for first, *cells in table} for table in rows]


def test_the_demo_prints_rates(printed: str) -> None:
    [campaigns] = tables(printed, "campaign +sent")
    assert campaigns["9"][:3] == ["20", "25 to 40 %", "15 %"]
    assert campaigns["10"][:3] == ["20", "40 to 60 %", "20 %"]


def test_the_demo_has_hits_of_all_kinds(printed: str) -> None:
    [kinds] = tables(printed, "campaign +person")
    assert kinds["campaign"] == ["person", "proxy", "prefetch", "scanner", "unknown"]
    assert "0" not in kinds["9"] + kinds["10"]


def test_the_demo_tells_who_opened_but_nothing_of_a_reader_who_did_not_agree(printed: str) -> None:
    readers, _ = tables(printed, "reader ")
    assert readers.keys() - {"reader", "All"} == READERS_OF_CAMPAIGN_9


def test_the_demo_counts_clicks_by_destination(printed: str) -> None:
    both, of_campaign_9 = (
        {url.rpartition("articles/")[2]: numbers for url, numbers in links.items()}
        for links in tables(printed, "clicks by destination")
    )
    assert (both["beans/"], both["leaves/"]) == (["7", "1", "7"], ["1", "0", "1"])
    assert (of_campaign_9["beans/"], of_campaign_9["leaves/"]) == (["3", "0", "3"], ["1", "0", "1"])


def test_the_demo_exports_a_reader_and_erases_them(printed: str) -> None:
    exported, erased = printed.split("ptrack_erase reader=21")
    assert exported.count('"model": "PixelHit"') == 2
    assert exported.count('"model": "LinkHit"') == 1
    assert "Nothing found: no hit has reader=21." in erased


class Demo:
    """A running demo: the URLs that it printed, and the file with the one that it opened in a browser."""

    def __init__(self, printed: str, opened: Path) -> None:
        self.report, self.email = re.findall(r"^(?:The report|An email)\b.*: (http\S+)$", printed, re.M)
        self.opened = opened


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    opened = tmp_path_factory.mktemp("demo") / "opened"
    script = opened.with_name("browser.py")
    script.write_text(WRITE_URL)
    environ = os.environ | {"DISPLAY": ":0", "BROWSER": f"{sys.executable} {script} {opened} %s"}
    with subprocess.Popen([*DEMO, "--serve"], stdout=subprocess.PIPE, text=True, env=environ) as started:
        assert started.stdout is not None
        yield Demo("".join(iter(started.stdout.readline, "Ctrl-C stops the server.\n")), opened)
        started.terminate()
        assert "Stopped." in started.stdout.read()
    assert started.returncode == 0


@pytest.fixture
def page(browser: Any) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_the_demo_says_so_if_its_port_is_taken(demo: Demo) -> None:
    port = urlsplit(demo.report).port
    second = subprocess.run([*DEMO, "--serve", "--port", f"{port}"], stderr=subprocess.PIPE, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"Port {port} cannot be used")


def test_the_demo_opens_the_report_in_a_browser(demo: Demo) -> None:
    wait_until("the URL", demo.opened.exists)
    assert wait_until("all of the URL", demo.opened.read_text) == demo.report


@needs_chromium
def test_the_report_of_the_demo_shows_rates(demo: Demo, page: Page) -> None:
    page.goto(demo.report)
    row = page.get_by_role("table", name="By campaign").get_by_role("row").filter(has_text="25 to 40 %")
    expect(row.get_by_role("link", name="9", exact=True).first).to_be_visible()


@needs_chromium
def test_an_open_and_a_click_in_the_email_of_the_demo_are_stored(demo: Demo, page: Page) -> None:
    page.goto(demo.email)
    page.get_by_role("link", name="Who sleeps under the leaves").click()
    page.get_by_role("heading", name="leaves").wait_for()
    hits = urljoin(demo.report, "../?where=reader%3D20")
    for url, text in ((hits, "campaign=9"), (hits.replace("pixelhit", "linkhit"), "/articles/leaves/")):
        page.goto(url)
        expect(page.locator("#result_list tbody tr")).to_have_count(1)
        expect(page.locator("#result_list")).to_contain_text(text)
