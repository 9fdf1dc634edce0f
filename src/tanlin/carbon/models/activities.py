"""Activity data that no meter gives: fuels, travel, waste by treatment, sewage, leaks, planting."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

AREA = "tanlin_community.Area"


class Source(models.TextChoices):
    """Where an amount comes from, the surest first."""

    METER = "meter", _("meter")
    BILL = "bill", _("bill")
    DOCUMENT = "document", _("document")
    SURVEY = "survey", _("survey")
    ESTIMATE = "estimate", _("estimate")


class ActivitySheet(models.Model):
    """One import or one form: its rows are undone together, and never changed."""

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    name = models.CharField(_("file or form"), max_length=200)
    sha256 = models.CharField(max_length=71, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True, blank=True)
    undone_reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "sha256"],
                condition=Q(undone__isnull=True) & ~Q(sha256=""),
                name="activity_sheet_once",
            )
        ]


class Activity(models.Model):
    """An amount of a stream in the local days [first_day, last_day] of an area, in the stream's unit.

    ``stated`` keeps the amount and unit as they were entered.
    """

    sheet = models.ForeignKey(ActivitySheet, models.CASCADE, related_name="activities")
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    stream = models.CharField(_("stream"), max_length=60)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    amount = models.FloatField(_("amount"))
    unit = models.CharField(_("unit"), max_length=20)
    stated = models.CharField(_("as entered"), max_length=80, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    uncertainty_pct = models.FloatField(_("95 % half-range in percent"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ["area", "stream", "first_day", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="activity_days"),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="activity_source"),
            models.CheckConstraint(
                condition=Q(uncertainty_pct__isnull=True) | Q(uncertainty_pct__gte=0),
                name="activity_uncertainty",
            ),
        ]
        indexes = [models.Index(fields=["area", "first_day", "last_day"], name="activity_when")]
