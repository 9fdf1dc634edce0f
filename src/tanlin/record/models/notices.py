"""通知公告 and 公示: what was told to whom, who has read it, and the objections that came."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanlin.record.models.core import AREA


def new_token() -> str:
    """The lasting part of a public address: it tells nothing and cannot be guessed."""
    return secrets.token_hex(8)


class Notice(models.Model):
    """A text for an area and below it. ``roles``: whom of the staff it addresses, none for all."""

    class Kind(models.TextChoices):
        NOTICE = "notice", pgettext_lazy("notice", "notice to colleagues")
        ANNOUNCEMENT = "announcement", pgettext_lazy("notice", "public announcement")
        PUBLICITY = "publicity", pgettext_lazy("notice", "public notice with objections")

    class Result(models.TextChoices):
        STANDS = "stands", pgettext_lazy("notice", "it stands")
        CHANGED = "changed", pgettext_lazy("notice", "it is changed")
        DROPPED = "dropped", pgettext_lazy("notice", "it is dropped")

    token = models.CharField(max_length=16, unique=True, default=new_token, editable=False)
    kind = models.CharField(_("kind of notice"), max_length=12, choices=Kind)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"))
    contact = models.CharField(_("contact"), max_length=200, blank=True)
    roles = models.CharField(max_length=255, blank=True)  # "|worker|street|"
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_for = models.CharField(max_length=400, blank=True)
    result = models.CharField(max_length=8, choices=Result, blank=True)
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="publicity")
                | Q(first_day__isnull=False, last_day__gte=F("first_day")) & ~Q(contact=""),
                name="record_notice_period",
            ),
            models.CheckConstraint(
                condition=Q(result="", concluded_at__isnull=True)
                | Q(result__gt="", concluded_at__isnull=False, kind="publicity"),
                name="record_notice_result",
            ),
        ]

    @property
    def role_list(self) -> list[str]:
        return [role for role in self.roles.split("|") if role]

    @property
    def is_public(self) -> bool:
        return self.kind != self.Kind.NOTICE

    @property
    def is_shown(self) -> bool:
        return self.published_at is not None and self.withdrawn_at is None

    def is_open(self, day: Any) -> bool:
        """Whether objections are received on the day: both ends of the period inclusive."""
        return bool(
            self.is_shown and self.first_day and self.last_day and self.first_day <= day <= self.last_day
        )


class NoticeRead(models.Model):
    """A colleague has said that the notice was read."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "user"], name="record_read_once")]


class Objection(models.Model):
    """What somebody objected during the period, without the name; answered in writing."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="objections")
    received = models.DateField(_("received on"))
    text = models.TextField(_("objection"))
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.TextField(_("answer"), blank=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["received", "pk"]
