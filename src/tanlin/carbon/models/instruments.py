"""Contracts and certificates by which electricity is bought with its attributes (Scope 2, market-based)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

AREA = "tanlin_community.Area"


class InstrumentKind(models.TextChoices):
    """By what paper the origin of electricity is shown."""

    CERTIFICATE = "certificate", _("green electricity certificate")
    CONTRACT = "contract", _("green power contract")
    SUPPLIER = "supplier", _("supplier's own factor")


class Instrument(models.Model):
    """Electricity of a stated origin for the local days [first_day, last_day]; a number is used once."""

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=InstrumentKind)
    registry = models.CharField(_("registry or supplier"), max_length=120)
    number = models.CharField(_("number"), max_length=120)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    energy_kwh = models.FloatField(_("electricity"))
    factor_kg_per_kwh = models.FloatField(_("factor"), default=0.0)
    note = models.CharField(_("note"), max_length=300, blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    undone = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["area", "first_day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registry", "number"], condition=Q(undone__isnull=True), name="instrument_once"
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="instrument_days"),
            models.CheckConstraint(condition=Q(energy_kwh__gt=0), name="instrument_energy"),
            models.CheckConstraint(condition=Q(factor_kg_per_kwh__gte=0), name="instrument_factor"),
            models.CheckConstraint(condition=Q(kind__in=InstrumentKind.values), name="instrument_kind"),
        ]
