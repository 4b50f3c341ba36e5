from django.db import models
from django.utils import timezone


class Reader(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)
    agreed_to_tracking = models.BooleanField(default=False)


class Delivery(models.Model):
    """One email that was sent: a campaign to a reader."""

    campaign = models.PositiveIntegerField()
    reader = models.ForeignKey(Reader, models.CASCADE)
    sent_at = models.DateTimeField(default=timezone.now)
    #: Whether the reader agreed to tracking at that time, so that the email holds a pixel.
    is_tracked = models.BooleanField()
