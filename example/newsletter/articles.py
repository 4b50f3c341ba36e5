"""The articles that the newsletter leads to."""

from django.conf import settings
from django.urls import reverse

TITLES = {"beans": "How to sow broad beans", "leaves": "Who sleeps under the leaves"}


def article_url(name: str) -> str:
    """Return the absolute URL of an article."""
    return settings.SITE_URL + reverse("article", args=[name])
