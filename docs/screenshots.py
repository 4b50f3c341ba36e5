"""Takes the screenshots of the manual from the example project, in headless Chromium: ``tox run -e screenshots``."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
#: The width of the window in pixels of CSS, and how many real pixels each of them has.
WIDTH, SCALE = 1080, 2
#: Enough for an admin page, and the file stays small.
COLOURS = 32


@contextmanager
def demo() -> Iterator[str]:
    """Run the demo, and give the URL of the report."""
    command = [sys.executable, str(ROOT / "example" / "demo.py"), "--serve", "--port", "8000"]
    # The demo opens a browser where it finds a display.
    environ = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as started:
        assert started.stdout is not None
        yield next(line.split()[-1] for line in started.stdout if "/report/" in line)
        started.terminate()
        started.stdout.read()


def main() -> int:
    chromium = shutil.which("chromium")
    if chromium is None:
        print("There is no chromium here. Debian's package is called chromium.", file=sys.stderr)
        return 1
    with demo() as report, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 720}, device_scale_factor=SCALE)
        # Without the sidebar of the admin there is room for the columns of the table.
        page.add_init_script("localStorage.setItem('django.admin.navSidebarIsOpen', 'false')")
        page.goto(report)
        # The admin scrolls its content, not the page.
        content = page.locator("#content").evaluate("element => element.getBoundingClientRect().bottom")
        page.set_viewport_size({"width": WIDTH, "height": round(content)})
        image = page.screenshot()
        browser.close()
    IMAGES.mkdir(exist_ok=True)
    file = IMAGES / "report.png"
    Image.open(io.BytesIO(image)).convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
