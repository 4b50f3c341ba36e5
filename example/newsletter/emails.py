"""Sends the campaigns. Each reader gets an email of their own, so that its pixel and links can tell who it is."""

from email.utils import make_msgid

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

import ptrack

from .models import Delivery, Reader

SUBJECTS = {9: "News from the garden", 10: "Come and sow with us"}


def send_campaign(campaign: int) -> None:
    """Send a campaign to every reader."""
    for reader in Reader.objects.all():
        message = make_email(campaign, reader)
        message.send()
        Delivery.objects.create(campaign=campaign, reader=reader, is_tracked=reader.agreed_to_tracking)


def make_email(campaign: int, reader: Reader) -> EmailMultiAlternatives:
    """Return the email of a campaign for one reader."""
    beans, leaves = article_url("beans"), article_url("leaves")
    message = EmailMultiAlternatives(
        subject=SUBJECTS[campaign],
        body=f"How to sow broad beans: {beans}\nWho sleeps under the leaves: {leaves}\n",
        from_email="The garden <letters@example.com>",
        to=[f"{reader.name} <{reader.email}>"],
        # Django would ask the network for the name of this machine.
        headers={"Message-ID": make_msgid(domain="example.com")},
    )
    context = {"campaign": campaign, "reader": reader, "beans_url": beans, "leaves_url": leaves}
    message.attach_alternative(render_to_string(f"newsletter/campaign_{campaign}.html", context), "text/html")
    if campaign == 10:
        # Its template comes from an editor, and has no tags.
        ptrack.track_message(message, campaign=campaign, reader=reader.pk)
    return message


def article_url(name: str) -> str:
    """Return the absolute URL of an article."""
    return settings.SITE_URL + reverse("article", args=[name])
