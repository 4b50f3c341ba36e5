"""Web servers that are killed or hang, and a disk that is full: every image that arrived is a row."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .broken_site import CLIENTS, BrokenSite, Outcome, get
from servers import descendants, wait_until


@pytest.mark.parametrize(("fault", "module"), [("server", "wsgi"), ("fast path", "fast_wsgi")])
def test_a_killed_web_server_has_recorded_every_image_that_it_served(
    fault: str, module: str, site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    server = site.serve(module)
    urls = site.ask("urls", hits).split()
    arrived = site.request(urls, lambda: os.kill(descendants(server.pid)[0], signal.SIGKILL))
    left = outcome(fault, urls, arrived)
    assert (left.missing, left.duplicates, left.logged) == (0, 0, 0)
    # The killed process had at most one request of each client.
    assert hits - CLIENTS <= left.images <= left.rows <= hits


@pytest.mark.usefixtures("one_database_is_enough")
def test_a_pixel_that_hangs_hangs_one_worker_and_no_other(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    # Each of the two workers does one thing at a time.
    site.serve(threads=1)
    urls = site.ask("urls", hits, 0).split()
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(get, urls[0], seconds=1200)
        wait_until("The hit that hangs", site.stopped)
        arrived = site.request(urls[1:])
        was_hanging = not hanging.done()
        site.stop_file.unlink()
        assert hanging.result()
    left = outcome("hang", urls, arrived | {0})
    assert was_hanging
    assert left == Outcome(left.fault, hits, images=hits, rows=hits)


@pytest.mark.usefixtures("one_database_is_enough")
def test_without_room_for_the_log_images_are_served_and_hits_recorded(
    site: BrokenSite, hits: int, outcome: Callable[..., Outcome]
) -> None:
    # What is written there is refused, as on a full disk.
    site.environ["FAULTS_LOG"] = "/dev/full"
    site.serve()
    # One hit in ten fails, so that there is much to log.
    urls = site.ask("urls", hits, -1, 10).split()
    arrived = site.request(urls)
    left = outcome("disk", urls, arrived)
    assert left == Outcome(left.fault, hits, images=hits, rows=hits)
    assert "No space left on device" in site.log.read_text(encoding="utf-8")
