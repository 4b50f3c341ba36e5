"""What the newsletter knows of its own emails: how many it sent, and to whom."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, QuerySet

from ptrack.hits import HitKind
from ptrack.opens.models import PixelHit

from .models import Delivery, Reader


def sent(argument: str | int, values: Sequence[str], since: datetime, until: datetime) -> dict[int, int]:
    """Return how many emails of each campaign were sent. PTRACK_OPENS_SENT names this function.

    The emails of readers who did not agree to tracking hold no pixel, so they do not count.
    """
    if argument != "campaign":
        return {}
    tracked = Delivery.objects.filter(sent_at__gte=since, sent_at__lt=until, reader__agreed_to_tracking=True)
    rows = tracked.values("campaign").annotate(number=Count("pk"))
    return {row["campaign"]: row["number"] for row in rows}


def readers_who_did_not_open(campaign: int) -> QuerySet[Reader]:
    """Return the readers who got a campaign with a pixel that nobody but scanners requested."""
    hits = PixelHit.objects.with_arguments(campaign=campaign).exclude(kind=HitKind.SCANNER)
    opened = {arguments["reader"] for arguments in hits.values_list("kwargs", flat=True)}
    return Reader.objects.filter(agreed_to_tracking=True, delivery__campaign=campaign).exclude(pk__in=opened)
