"""A month of made-up hits for the report of ``demo.py --serve``, and somebody who may look at it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

import ptrack
from ptrack.hits import Hit
from ptrack.opens.models import Open

VIEWER = "viewer"
READERS = 120

#: Programs that load pictures, and how many of a hundred hits are theirs.
PROGRAMS = {
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": 40,
    "Mozilla/5.0": 25,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148": 15,
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0": 10,
    "Mozilla/5.0 (compatible; Proofpoint/2.0)": 7,
    "": 3,
}


class ViewerMiddleware:
    """Lets whoever comes to the demo look at the opens: it listens on this machine alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = User.objects.get(username=VIEWER)
        return self.get_response(request)


def prepare() -> None:
    """Make the tables, the user, and the hits of the letters of a month."""
    call_command("migrate", verbosity=0)
    viewer = User.objects.create(username=VIEWER, is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_open"))
    random = Random(12)
    for week in range(4):
        for reader in range(READERS):
            token = ptrack.PtrackEncoder.encrypt("letter", number=8 + week, reader=reader)
            sent = timezone.now() - timedelta(days=28 - 7 * week)
            for _ in range(random.choice((0, 0, 1, 1, 2))):
                _keep(token, 8 + week, reader, sent, timedelta(hours=random.expovariate(1 / 20)), random)


def _keep(token: str, number: int, reader: int, sent: datetime, delay: timedelta, random: Random) -> None:
    request = HttpRequest()
    request.META = {"HTTP_USER_AGENT": random.choices(list(PROGRAMS), list(PROGRAMS.values()))[0]}
    hit = Hit(token, request.META, min(sent + delay, timezone.now()).timestamp())
    # The token was made just now; its letter, so the story goes, weeks ago.
    hit.issued_at = sent.replace(microsecond=0)
    request.ptrack = hit
    Open.objects.record(request, ["letter"], {"number": number, "reader": reader})
