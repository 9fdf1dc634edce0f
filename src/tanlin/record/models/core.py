"""Tables of the record. Constraints are in the database first; only ``services`` and ``jobs`` write.

`Event` and `Fact` are append-only: the model refuses, and so does a trigger (see ``guards.py``).
A removed place or user leaves its events behind, so those keys carry no database constraint.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tanlin.kernel.errors import Conflict, Text

AREA = "tanlin_community.Area"


def _refuse(model: type[models.Model]) -> None:
    name = model._meta.db_table
    raise Conflict(
        "record.append_only",
        Text(f"{name} 只能追加，不能修改或删除", f"{name} is append-only: rows are never changed or deleted"),
        remedy=Text("追加一条更正记录", "Append a correcting row"),
    )


class AppendOnlyQuerySet(models.QuerySet):
    """A query set that can be read and appended to, nothing else."""

    def update(self, **kwargs: Any) -> int:
        _refuse(self.model)
        return 0

    def delete(self) -> tuple[int, dict[str, int]]:
        _refuse(self.model)
        return 0, {}


class AppendOnly(models.Model):
    """Base of tables whose rows are written once."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            _refuse(type(self))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _refuse(type(self))
        return 0, {}


class Event(AppendOnly):
    """Who did what, when, where: one link of the hash chain. ``body`` is the hashed canonical JSON."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    verb = models.CharField(max_length=64)
    area = models.ForeignKey(AREA, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    subject = models.TextField(blank=True)
    body = models.TextField()
    previous = models.CharField(max_length=71, unique=True)
    hash = models.CharField(max_length=71, unique=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["area", "id"], name="record_event_area")]  # queries.events

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.body)["data"]


class ChainHead(models.Model):
    """The one row every writer of an event locks, so that the chain cannot fork."""

    hash = models.CharField(max_length=71, blank=True)
    length = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="record_one_chain")]


class Fact(AppendOnly):
    """One dated fact: a factor, tariff or rule with its validity, source and vintage."""

    fact_id = models.CharField(max_length=160)
    kind = models.CharField(max_length=64)
    region = models.CharField(max_length=64, blank=True)
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    published = models.DateField()
    learned = models.DateTimeField()
    vintage = models.CharField(max_length=64)
    value = models.JSONField()
    unit = models.CharField(max_length=64, blank=True)
    gas = models.CharField(max_length=32, blank=True)
    uncertainty_pct = models.FloatField(null=True)
    source = models.TextField(blank=True)
    source_ref = models.TextField(blank=True)
    verified = models.BooleanField(default=False)

    class Meta:
        ordering = ["fact_id", "published", "learned", "id"]
        indexes = [models.Index(fields=["kind", "region"], name="record_fact_kind")]  # queries.facts
        constraints = [
            models.UniqueConstraint(fields=["fact_id", "published", "learned"], name="record_fact_once"),
            models.UniqueConstraint(fields=["fact_id", "vintage"], name="record_fact_vintage"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_to__gte=F("valid_from")),
                name="record_fact_validity",
            ),
        ]


class Blob(models.Model):
    """Bytes stored once under their hash; ``data`` is null when erased by law."""

    sha256 = models.CharField(primary_key=True, max_length=71)
    kind = models.CharField(max_length=32)
    data = models.BinaryField(null=True)


class ReceiptRow(models.Model):
    """A receipt under its hash. Batch, time and code version stand outside the hash."""

    hash = models.CharField(primary_key=True, max_length=71)
    body = models.TextField()
    place = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    batch = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    code = models.CharField(max_length=64)


class FigureRow(models.Model):
    """The current value of one figure of one place and period, with its receipt."""

    key = models.CharField(max_length=96)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    period = models.CharField(max_length=10)
    first_day = models.DateField()
    last_day = models.DateField()
    receipt = models.ForeignKey(ReceiptRow, models.PROTECT, related_name="+")
    value = models.FloatField(null=True)
    unit = models.CharField(max_length=32, blank=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    coverage = models.FloatField(null=True)
    estimated = models.FloatField(null=True)
    origin = models.CharField(max_length=16)
    provisional = models.BooleanField(default=False)
    reason = models.JSONField(null=True)
    table = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="+")
    computed_at = models.DateTimeField()
    stale_since = models.DateTimeField(null=True)
    marks = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "area", "period"], name="record_figure_once"),
            models.CheckConstraint(
                condition=Q(origin__in=["measured", "entered", "demonstration"]), name="record_figure_origin"
            ),
        ]
        indexes = [
            models.Index(fields=["area", "period"], name="record_figure_area"),  # queries.figures
            models.Index(
                fields=["stale_since"], condition=Q(stale_since__isnull=False), name="record_figure_stale"
            ),
        ]


class FigureFact(models.Model):
    """Which facts a figure stands on: the dirty index of facts. ``region`` is the one asked for."""

    figure = models.ForeignKey(FigureRow, models.CASCADE, related_name="facts")
    fact_id = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=64)
    region = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["figure", "fact_id", "kind", "region"], name="record_figurefact_once"
            )
        ]
        indexes = [
            models.Index(fields=["fact_id"], name="record_figurefact_fact"),
            models.Index(fields=["kind", "region"], name="record_figurefact_kind"),
        ]


class Evidence(models.Model):
    """A private file of an area; the bytes lie content-addressed under ``home()/evidence``."""

    sha256 = models.CharField(max_length=71)
    name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=128)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sha256", "area"], name="record_evidence_once")]


class Job(models.Model):
    """Long work: queue entry, progress, cancel and result in one row."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(max_length=96)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    note = models.JSONField(null=True)  # {"zh", "en"}
    heartbeat = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    area = models.ForeignKey(AREA, models.PROTECT, null=True, related_name="+")
    result = models.JSONField(null=True)
    error = models.JSONField(null=True)
    created = models.DateTimeField()
    started = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed", "cancelled"]),
                name="record_job_state",
            )
        ]
        indexes = [models.Index(fields=["state", "id"], name="record_job_queue")]  # jobs.claim

    @property
    def over(self) -> bool:
        return self.state in (self.State.DONE, self.State.FAILED, self.State.CANCELLED)

    @property
    def percent(self) -> int | None:
        """Whole per cent done, ``None`` while the total is unknown."""
        if self.state == self.State.DONE:
            return 100
        return min(100, int(100 * self.progress / self.total)) if self.total else None
