"""Metering points, their dated rows and devices, and imports. Readings themselves live in ``tanlin.readings``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanlin.meter.uses import USES

AREA = "tanlin_community.Area"
_IMPORT_STATES = ["uploaded", "checking", "checked", "importing", "done", "undone", "refused"]


class Carrier(models.TextChoices):
    ELECTRICITY = "electricity", _("electricity")
    GAS = "gas", _("gas")
    HEAT = "heat", _("heat")
    WATER = "water", _("water")
    COOLING = "cooling", _("cooling")
    WASTE = "waste", _("waste")
    FUEL = "fuel", _("fuel")


class Channel(models.TextChoices):
    IMPORT = "import", pgettext_lazy("channel", "import")
    EXPORT = "export", pgettext_lazy("channel", "export")
    GENERATION = "generation", pgettext_lazy("channel", "generation")


class Kind(models.TextChoices):
    INTERVAL = "interval", _("interval readings")
    REGISTER = "register", _("register readings")
    BILL = "bill", _("bills")


class Meter(models.Model):
    """A metering point. Its id is the ``meter_id`` of readings and is never used again."""

    id = models.BigAutoField(primary_key=True)
    owner_area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    carrier = models.CharField(_("carrier"), max_length=12, choices=Carrier)
    number = models.CharField(_("meter number"), max_length=80)
    name = models.CharField(_("name"), max_length=120, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["owner_area", "carrier", "number"], name="meter_unique"),
            models.CheckConstraint(condition=Q(carrier__in=Carrier.values), name="meter_carrier"),
            models.CheckConstraint(condition=~Q(number=""), name="meter_numbered"),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class MeterRow(models.Model):
    """What was true of one channel of a meter from a local day to a day (exclusive).

    A correction supersedes the row and adds another; a change from a day closes it and adds another.
    ``multiplier`` turns a reading into the quantity (current transformer ratio, 倍率).
    ``use``: a key of ``uses.USES``, empty where it is mixed or not known.
    """

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="rows")
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, default=Channel.IMPORT)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.INTERVAL)
    multiplier = models.FloatField(_("multiplier"), default=1.0)
    unit = models.CharField(_("unit"), max_length=20)
    product = models.CharField(_("product"), max_length=40, blank=True)
    use = models.CharField(_("use"), max_length=12, blank=True, default="")
    place = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    parent = models.ForeignKey(Meter, models.PROTECT, null=True, blank=True, related_name="child_rows")
    tariff = models.CharField(_("tariff"), max_length=80, blank=True)
    uncertainty_pct = models.FloatField(_("uncertainty, % (95 %)"), default=2.0)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["meter", "channel", "valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["meter", "channel", "valid_from"],
                condition=Q(superseded_at__isnull=True),
                name="meter_row_from_unique",
            ),
            models.UniqueConstraint(
                fields=["meter", "channel"],
                condition=Q(superseded_at__isnull=True, valid_to__isnull=True),
                name="meter_row_open_unique",
            ),
            models.CheckConstraint(condition=Q(multiplier__gt=0), name="meter_row_multiplier"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="meter_row_dates"
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("meter")), name="meter_row_not_own_parent"
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="meter_row_channel"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="meter_row_kind"),
            models.CheckConstraint(condition=Q(use__in=["", *USES]), name="meter_row_use"),
        ]
        indexes = [
            models.Index(
                fields=["place"], condition=Q(superseded_at__isnull=True), name="meter_row_place"
            )  # queries.rows_below
        ]


class Device(models.Model):
    """The register counter installed at a metering point from ``from_es`` to ``to_es`` (epoch seconds, exclusive)."""

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="devices")
    channel = models.CharField(max_length=12, choices=Channel, default=Channel.IMPORT)
    serial = models.CharField(_("serial number"), max_length=80, blank=True)
    digits = models.PositiveSmallIntegerField(_("digits before the point"), null=True, blank=True)
    from_es = models.BigIntegerField()
    to_es = models.BigIntegerField(null=True, blank=True)
    initial = models.FloatField(_("first register reading"), null=True, blank=True)
    final = models.FloatField(_("last register reading"), null=True, blank=True)

    class Meta:
        ordering = ["meter", "channel", "from_es"]
        constraints = [
            models.UniqueConstraint(fields=["meter", "channel", "from_es"], name="device_from_unique"),
            models.UniqueConstraint(
                fields=["meter", "channel"], condition=Q(to_es__isnull=True), name="device_open_unique"
            ),
            models.CheckConstraint(
                condition=Q(to_es__isnull=True) | Q(to_es__gt=F("from_es")), name="device_dates"
            ),
        ]


class LatestReading(models.Model):
    """The reading that ends last of one channel of a meter, before the multiplier; derived from the log.

    ``batch``: the watermark at which it was read.
    """

    meter = models.ForeignKey(Meter, models.CASCADE, related_name="latest")
    channel = models.CharField(max_length=12, choices=Channel)
    start = models.BigIntegerField()
    seconds = models.IntegerField()
    value = models.FloatField()
    quality = models.CharField(max_length=60)
    batch = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["meter", "channel"], name="latest_reading_unique")]


class SourceMapping(models.Model):
    """How the columns of one source's files are read, remembered by the shape of its header."""

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    fingerprint = models.CharField(max_length=71)
    mapping = models.JSONField()
    used = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["area", "fingerprint"], name="source_mapping_unique")]


class Import(models.Model):
    """One file on its way in: uploaded, mapped, checked, then imported as one batch that can be undone."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        IMPORTING = "importing", _("being imported")
        DONE = "done", _("imported")
        UNDONE = "undone", _("undone")
        REFUSED = "refused", _("refused")

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    evidence = models.CharField(max_length=71)
    filename = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    mapping = models.JSONField(null=True)
    report = models.JSONField(default=dict)
    answers = models.JSONField(default=dict)
    job = models.BigIntegerField(null=True)
    batch = models.BigIntegerField(null=True)
    undo_batch = models.BigIntegerField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(state__in=_IMPORT_STATES), name="import_state")]

    @property
    def counts(self) -> dict[str, Any]:
        """Rows good, bad and new as the check found them."""
        return self.report.get("counts", {})


class Gateway(models.Model):
    """A source of readings from the field: who sends, how it is spoken with, and which place it serves.

    ``config``: settings of its kind without any secret. ``token_hash``: SHA-256 of the token it pushes with, which
    itself is shown once and kept nowhere. ``revision`` grows with every change, so that the listener starts it anew.
    """

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12)
    config = models.JSONField(default=dict)
    token_hash = models.CharField(max_length=64, null=True, unique=True)
    enabled = models.BooleanField(_("enabled"), default=True)
    revision = models.PositiveIntegerField(default=1)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["area", "name"]
        constraints = [
            models.UniqueConstraint(fields=["area", "name"], name="gateway_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="gateway_named"),
        ]

    def __str__(self) -> str:
        return self.name


class GatewayPoint(models.Model):
    """Which meter a point of a gateway is. ``unit``: where the source is silent; empty: that of the meter.

    ``scale``: what a value is multiplied by before its unit counts (impulses per kWh, tenths …).
    """

    gateway = models.ForeignKey(Gateway, models.CASCADE, related_name="points")
    name = models.CharField(_("point"), max_length=200)
    meter = models.ForeignKey(Meter, models.CASCADE, related_name="gateway_points")
    channel = models.CharField(_("channel"), max_length=12, choices=Channel, default=Channel.IMPORT)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    scale = models.FloatField(_("scale"), default=1.0)

    class Meta:
        ordering = ["gateway", "name"]
        constraints = [
            models.UniqueConstraint(fields=["gateway", "name"], name="gateway_point_unique"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="gateway_point_channel"),
            models.CheckConstraint(condition=~Q(scale=0), name="gateway_point_scale"),
        ]


class VeeRule(models.Model):
    """A dated rule of the checks on top of those shipped: for the meters below its area, or for one of them."""

    area = models.ForeignKey(AREA, models.CASCADE, related_name="+")
    meter = models.ForeignKey(Meter, models.CASCADE, null=True, blank=True, related_name="vee_rules")
    carrier = models.CharField(_("carrier"), max_length=12, choices=Carrier, blank=True)
    kind = models.CharField(max_length=12)
    parameter = models.CharField(max_length=20)
    value = models.FloatField(_("value"))
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=300)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    learned = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["learned", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="vee_rule_dates"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="vee_rule_reason"),
        ]


class Exceptional(models.Model):
    """Something a check found in the readings of a meter, and what a person made of it.

    [start, end) in epoch seconds; ``size`` and ``expected`` in the canonical unit before the multiplier (of a sum
    check after it). ``batch`` is what an estimate or an edit appended; ``error`` is the 95 % half-width of an
    estimate as a share of it. ``found``: the watermark at which it was found last.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        REOPENED = "reopened", _("reopened")
        ACCEPTED = "accepted", _("accepted")
        ESTIMATED = "estimated", _("estimated")
        EDITED = "edited", _("edited")
        CLEARED = "cleared", _("no longer there")

    meter = models.ForeignKey(Meter, models.CASCADE, related_name="exceptions")
    channel = models.CharField(max_length=12, choices=Channel)
    kind = models.CharField(max_length=12)
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    size = models.FloatField()
    expected = models.FloatField(null=True)
    detail = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    found = models.BigIntegerField()
    created = models.DateTimeField(auto_now_add=True)
    method = models.CharField(max_length=20, blank=True)
    error = models.FloatField(null=True)
    batch = models.BigIntegerField(null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    acted = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-start", "meter", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["meter", "channel", "kind", "start"], name="exceptional_unique"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="exceptional_span"),
        ]
        indexes = [models.Index(fields=["state", "meter"], name="exceptional_state")]


class QualityState(models.Model):
    """One row: the watermark up to which readings were checked."""

    batch = models.BigIntegerField(default=0)
