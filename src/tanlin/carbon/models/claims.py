"""Claims that were put to the check, with their answers."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Claim(models.Model):
    """What somebody stated, and the answer by its receipt. Seen by the area and those above it, never published."""

    area = models.ForeignKey("tanlin_community.Area", models.PROTECT, related_name="+")
    statement = models.JSONField()
    verdict = models.CharField(max_length=12)
    receipt = models.CharField(max_length=71)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
