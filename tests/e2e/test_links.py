"""Where Chromium would go, beside where a link may lead."""

from __future__ import annotations

import random
from ipaddress import ip_address
from itertools import islice
from typing import Any

from django.test import override_settings

from ptrack.destinations import to_location
from ptrack.exceptions import PtrackArgumentError

from fuzz.destinations import destinations
from support import needs_chromium

pytestmark = needs_chromium

#: How many destinations are judged; of fourteen, about one is accepted.
COUNT = 60_000
#: Returns of each URL the scheme and the host that Chromium reads in it, or null if it would not go anywhere.
READ = """urls => urls.map(url => {
    try { const { protocol, hostname, username, password } = new URL(url, "https://elsewhere.example/page");
          return [protocol, hostname, username + password]; }
    catch { return null; }
})"""


def accepted() -> dict[str, str]:
    """Return the host of each destination that a link may lead to, as ptrack reads it."""
    hosts: list[str] = []
    found = {}
    with override_settings(PTRACK_LINK_ALLOWED_HOSTS=lambda host: hosts.append(host) or True):
        for destination in islice(destinations(random.Random(1)), COUNT):
            try:
                location = to_location(destination)
            except PtrackArgumentError:
                continue
            found[location] = hosts[-1]
    return found


def canonical(host: str) -> str:
    """Return an IP address in its one spelling, and a name as it is."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return host


def test_chromium_reads_the_host_that_was_judged(browser: Any) -> None:
    hosts = accepted()
    assert len(hosts) > 2000
    page = browser.new_page()
    read = page.evaluate(READ, list(hosts))
    page.close()
    # Chromium decodes labels in IDNA, and some are wrong.
    unread = [host for host, found in zip(hosts.values(), read, strict=True) if found is None]
    assert all("xn--" in host for host in unread)
    assert len(unread) < len(hosts) / 2
    for location, host, found in zip(hosts, hosts.values(), read, strict=True):
        protocol, hostname, user = found or ("https:", host, "")
        assert protocol in ("http:", "https:"), location
        assert canonical(hostname) == canonical(host), location
        assert user == ""
