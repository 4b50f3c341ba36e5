"""A month of made-up hits for the report of ``demo.py --serve``, and a user who may look at it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

import ptrack
from ptrack.hits import Hit, HitRequest
from ptrack.opens.rows import describe_hit, make_row
from ptrack.opens.storing import store

VIEWER = "viewer"
READERS = 120

#: User agents that request images, and how many of a hundred hits have each.
USER_AGENTS = {
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)": 40,
    "Mozilla/5.0": 25,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148": 15,
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.2.0": 10,
    "Mozilla/5.0 (compatible; Proofpoint/2.0)": 7,
    "": 3,
}


class ViewerMiddleware:
    """Lets every visitor of the demo look at the hits, because the demo listens on this machine only."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = User.objects.get(username=VIEWER)
        return self.get_response(request)


def prepare() -> None:
    """Make the tables, the user, and the hits of four numbers of the newsletter, one a week."""
    call_command("migrate", verbosity=0)
    viewer = User.objects.create(username=VIEWER, is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_pixelhit"))
    random = Random(12)
    for week in range(4):
        sent_at = timezone.now() - timedelta(days=28 - 7 * week)
        for reader in range(READERS):
            _open_some_times({"number": 8 + week, "reader": reader}, sent_at, random)


def _open_some_times(kwargs: dict[str, int], sent_at: datetime, random: Random) -> None:
    token = ptrack.PtrackEncoder.encrypt("newsletter", **kwargs)
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        delay = timedelta(hours=random.expovariate(1 / 20))
        [user_agent] = random.choices(list(USER_AGENTS), list(USER_AGENTS.values()))
        request = HitRequest()
        request.META = {"HTTP_USER_AGENT": user_agent}
        request.ptrack = Hit(token, request.META, min(sent_at + delay, timezone.now()).timestamp())
        # The token was made just now, but the story says that its email was sent weeks ago.
        request.ptrack.issued_at = sent_at.replace(microsecond=0)
        store(make_row(describe_hit(request, ["newsletter"], kwargs)))
