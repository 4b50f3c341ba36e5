"""The tables of hits: one of pixels' hits, one of links'."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.db import models
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ptrack.destinations import DESTINATION_MAX_LENGTH
from ptrack.hits import HitKind
from ptrack.hits.judgement import USER_AGENT_MAX_LENGTH

from .fields import TextsField, escape, to_text
from .texts import ArgumentText
from .words import KINDS

#: The number of characters that the names of a hit's arguments may take: MariaDB reads an index on
#: more than 768 only in part.
ARGUMENT_NAMES_MAX_LENGTH = 700

#: The kinds of hits that surely are opens, and of those that may be.
OPEN_KINDS = tuple(kind for kind in HitKind if kind.is_open)
POSSIBLE_KINDS = tuple(kind for kind in HitKind if kind is not HitKind.SCANNER)


class HitQuerySet(models.QuerySet[Any]):
    """Stored hits."""

    def with_arguments(self, *args: Any, **kwargs: Any) -> Self:
        """Return the hits of tags that were given these arguments, and perhaps others.

        Takes positional arguments at their positions, and keyword arguments. They are compared as
        texts, character by character: 42 and "42" are one reader, ``ann`` and ``Ann`` are two.
        """
        return self.matching([*enumerate(args), *kwargs.items()])

    def matching(self, arguments: Iterable[tuple[int | str, Any]]) -> Self:
        """Return the hits with all of these arguments, pairs of a value and its position, from 0, or name before it."""
        hits = self
        for key, value in arguments:
            hits = hits.filter(Exact(ArgumentText(key), escape(to_text(value))))
        return hits


class StoredHit(models.Model):
    """One hit: who requested a pixel or followed a link and when, and with which arguments its tag was rendered."""

    id = models.UUIDField(_("hit"), primary_key=True)
    pixel_id = models.UUIDField(_("pixel"))
    #: A digest of the arguments: the pixel and the links of one email get the same ones.
    email_id = models.UUIDField(_("email"))
    args = TextsField(_("positional arguments"))
    kwargs = TextsField(_("keyword arguments"))
    #: A JSON list: the number of positional arguments, and the names of the keyword arguments.
    argument_names = models.CharField(max_length=ARGUMENT_NAMES_MAX_LENGTH)
    at = models.DateTimeField(_("time of request"))
    issued_at = models.DateTimeField(_("time of rendering"), null=True)
    age = models.DurationField(_("time to open"), null=True)
    #: See ``ptrack.opens.ages``.
    age_bucket = models.SmallIntegerField(null=True)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in HitKind])
    rule = models.CharField(_("rule"), max_length=100)
    is_secure = models.BooleanField(_("over https"))
    user_agent = models.CharField(max_length=USER_AGENT_MAX_LENGTH)
    #: The other headers that ``ptrack.hits.judge`` reads, by their names. Of ``From`` only the name is kept.
    headers = TextsField()
    address = models.GenericIPAddressField(_("IP address"), null=True)

    objects = HitQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["-at", "-pk"]
        indexes = [
            # Of one column: PostgreSQL takes rows for scattered that stand in the order of an index of two.
            models.Index(fields=["at"], name="ptrack_%(class)s_at"),
            models.Index(fields=["issued_at", "at"], name="ptrack_%(class)s_issued_at"),
            models.Index(fields=["pixel_id"], name="ptrack_%(class)s_pixel_id"),
            models.Index(fields=["argument_names"], name="ptrack_%(class)s_names"),
        ]

    def __str__(self) -> str:
        at = timezone.localtime(self.at) if timezone.is_aware(self.at) else self.at
        return gettext("%(kind)s at %(time)s") % {"kind": KINDS[HitKind(self.kind)], "time": f"{at:%Y-%m-%d %H:%M:%S}"}


class PixelHit(StoredHit):
    """One request of a pixel."""

    # A pixel's id stands in each of these columns at most once: at its first hit by a person or a
    # proxy, and at its first hit by anything but a scanner. Unique opens are counted by them in one
    # pass, for telling a million pixels apart takes longer than all the rest of a report.
    first_open_of = models.UUIDField(_("first open of"), null=True, unique=True)
    first_possible_open_of = models.UUIDField(_("first possible open of"), null=True, unique=True)

    class Meta(StoredHit.Meta):
        verbose_name = _("hit of a pixel")
        verbose_name_plural = _("hits of pixels")


class LinkHit(StoredHit):
    """One click: a request of a link."""

    url = models.CharField(_("URL"), max_length=DESTINATION_MAX_LENGTH)

    class Meta(StoredHit.Meta):
        verbose_name = _("hit of a link")
        verbose_name_plural = _("hits of links")


#: The models of both tables.
MODELS: tuple[type[StoredHit], ...] = (PixelHit, LinkHit)

#: The columns of ``PixelHit`` that mark the first hit of a pixel, and the kinds that count there.
MARKERS = {"first_open_of": OPEN_KINDS, "first_possible_open_of": POSSIBLE_KINDS}
