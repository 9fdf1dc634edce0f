"""Changes of facts that were put to a preview before anything was stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models

AREA = "tanlin_community.Area"


class FactPreview(models.Model):
    """Facts as entered, and which published figures they would move.

    ``newest_fact``: number of the fact learned last before it was computed; a later one makes the preview void.
    ``result`` is null while it is computed; ``job`` computes it where there is much to do.
    """

    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    facts = models.JSONField()
    newest_fact = models.BigIntegerField(null=True)
    result = models.JSONField(null=True)
    job = models.BigIntegerField(null=True)
    confirmed = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
