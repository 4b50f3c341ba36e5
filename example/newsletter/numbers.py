"""What the newsletter knows of its own emails: how many it sent, and to whom."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, QuerySet

from ptrack.hits import HitKind
from ptrack.opens.models import LinkHit, PixelHit

from .models import Delivery, Reader


def sent(argument: str | int, values: Sequence[str], since: datetime, until: datetime) -> dict[int, int]:
    """Return how many emails of each campaign were sent. PTRACK_OPENS_SENT names this function.

    Emails without a pixel do not count, for nobody can see whether they were opened.
    """
    if argument != "campaign":
        return {}
    tracked = Delivery.objects.filter(sent_at__gte=since, sent_at__lt=until, is_tracked=True)
    rows = tracked.values("campaign").annotate(number=Count("pk"))
    return {row["campaign"]: row["number"] for row in rows}


def readers_who_did_not_open(campaign: int) -> QuerySet[Reader]:
    """Return the readers who got a campaign with a pixel, and of whom there is no sign that they opened it.

    Who clicked a link has opened the email, even if the email client shows no images.
    """
    seen = set()
    for model in (PixelHit, LinkHit):
        hits = model.objects.with_arguments(campaign=campaign).exclude(kind=HitKind.SCANNER)
        seen |= {arguments["reader"] for arguments in hits.values_list("kwargs", flat=True)}
    return Reader.objects.filter(delivery__campaign=campaign, delivery__is_tracked=True).exclude(pk__in=seen)
