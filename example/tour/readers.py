"""The readers of the demo: their email clients, and when they open the emails and how many links they click."""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.core.mail import EmailMultiAlternatives

from ptrack.opens.ages import to_bucket
from ptrack.opens.models import LinkHit, PixelHit
from ptrack.testing import click_links, open_mail

from newsletter.models import Delivery

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#: The headers of requests by email clients, and by what stands between them and the reader.
CLIENTS = {
    "Thunderbird": {"user_agent": FIREFOX.replace("Firefox/140.0", "Thunderbird/140.2.0")},
    "Gmail's image proxy": {
        "user_agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    },
    "Apple Mail's privacy proxy": {"user_agent": "Mozilla/5.0"},
    "a browser that prefetches": {"user_agent": FIREFOX, "sec_purpose": "prefetch"},
    "a scanner": {"user_agent": "Mozilla/5.0 (compatible; Proofpoint/2.0)"},
    "somebody unknown": {"user_agent": "Mozilla/5.0 (Android 9)"},
}
BROWSER = {"user_agent": FIREFOX, "sec_fetch_mode": "navigate"}


@dataclass(frozen=True)
class Habit:
    """How somebody reads. For each campaign that they open: after how many hours, and how many links they click."""

    name: str
    client: str
    opens: dict[int, tuple[float, int]]
    agrees: bool = True


#: The one who asks for their data, and wants it erased.
VERA = Habit("Vera", "Gmail's image proxy", {9: (5, 1), 10: (5, 0)})
#: The one whose email the visitor may open.
TOM = Habit("Tom", "Thunderbird", {})
#: The one who did not agree to tracking.
NOAH = Habit("Noah", "Thunderbird", {9: (4, 2), 10: (4, 2)}, agrees=False)
HABITS = [
    Habit("Zoë", "Thunderbird", {9: (2, 2), 10: (1, 1)}),
    Habit("Ben", "Thunderbird", {9: (20, 1), 10: (9, 0)}),
    Habit("Cleo", "Gmail's image proxy", {9: (3, 1), 10: (4, 1)}),
    Habit("Dan", "Gmail's image proxy", {9: (50, 0), 10: (6, 0)}),
    Habit("Eve", "Gmail's image proxy", {9: (31, 0), 10: (2.5, 1)}),
    Habit("Fay", "Apple Mail's privacy proxy", {9: (1, 0), 10: (1, 0)}),
    Habit("Gus", "Apple Mail's privacy proxy", {9: (2, 0), 10: (3, 0)}),
    Habit("Hanna", "somebody unknown", {9: (7, 0), 10: (8, 1)}),
    Habit("Ivo", "a browser that prefetches", {10: (5, 0)}),
    Habit("Jana", "a scanner", {9: (0.1, 2), 10: (0.1, 2)}),
    Habit("Kim", "Gmail's image proxy", {10: (12, 0)}),
    Habit("Lea", "Thunderbird", {10: (26, 1)}),
    Habit("Max", "Thunderbird", {10: (40, 0)}),
    *[Habit(name, "Thunderbird", {}) for name in ("Nils", "Olga", "Pia", "Quinn", "Rosa", "Sam")],
    TOM,
    VERA,
    NOAH,
]


def read(message: EmailMultiAlternatives, campaign: int, habit: Habit) -> float:
    """Request the image of an email, and some of its links, as the reader does it. Return after how many hours."""
    if campaign not in habit.opens:
        return 0
    hours, clicks = habit.opens[campaign]
    client = CLIENTS[habit.client]
    open_mail(message, **client)
    links = re.findall(r'<a href="[^"]+">', message.alternatives[0].content)[:clicks]
    # A reader clicks in a browser, whatever requested the image.
    is_reader = habit.client not in ("a scanner", "somebody unknown")
    click_links("".join(links), **(BROWSER if is_reader else client))
    return hours


def move_back(delivery: Delivery, days: int, hours: float) -> None:
    """Pretend that an email was sent some days ago and opened some hours later: the demo cannot wait for that."""
    delivery.sent_at -= timedelta(days=days)
    delivery.save()
    age = timedelta(hours=hours)
    for model in (PixelHit, LinkHit):
        hits = model.objects.with_arguments(campaign=delivery.campaign, reader=delivery.reader_id)
        hits.update(issued_at=delivery.sent_at, at=delivery.sent_at + age, age=age, age_bucket=to_bucket(age))
