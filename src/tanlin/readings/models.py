"""Batches of readings and the one row that says what readers see."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Batch(models.Model):
    """One append to the log, or the undoing of one. Numbers are dense and follow the order of commits."""

    class Status(models.TextChoices):
        """Open while it is written; void when it was never finished, so that its rows do not count."""

        OPEN = "open"
        COMMITTED = "committed"
        VOID = "void"

    number = models.PositiveBigIntegerField(unique=True)
    state = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    source = models.TextField()
    voids = models.ForeignKey("self", models.PROTECT, null=True, related_name="voided_by", to_field="number")
    rows = models.PositiveBigIntegerField(default=0)
    meters = models.PositiveIntegerField(default=0)
    first_start = models.BigIntegerField(null=True)
    last_end = models.BigIntegerField(null=True)
    created = models.DateTimeField()
    committed_at = models.DateTimeField(null=True)
    refreshed = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(number__gt=0), name="readings_batch_number"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "committed", "void"]), name="readings_batch_state"
            ),
            models.CheckConstraint(
                condition=Q(state="committed", committed_at__isnull=False)
                | (~Q(state="committed") & Q(committed_at__isnull=True)),
                name="readings_batch_committed_at",
            ),
            models.CheckConstraint(
                condition=Q(voids__isnull=True) | Q(voids__lt=models.F("number")), name="readings_batch_voids"
            ),
            # Batches are written one after another: never two open at once.
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="open"), name="readings_batch_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"batch {self.number} ({self.state})"


class State(models.Model):
    """What readers see: every batch up to ``watermark``, in these versions of the tables. One row, id 1."""

    watermark = models.PositiveBigIntegerField(default=0)
    log = models.PositiveBigIntegerField()
    current = models.PositiveBigIntegerField()
    days = models.PositiveBigIntegerField()
    digests = models.PositiveBigIntegerField()
    refreshed_at = models.DateTimeField(null=True)
    #: The log's version before a merge of its files that has not ended.
    merging = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="readings_state_single")]

    def __str__(self) -> str:
        return f"readings up to batch {self.watermark}"
