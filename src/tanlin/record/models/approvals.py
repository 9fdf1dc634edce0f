"""审批: documents on their way, the opinions given, who stands in for whom, and the steps an area set for itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanlin.kernel.errors import Text
from tanlin.record import approval as machine
from tanlin.record.models.core import AREA


class ApprovalRule(models.Model):
    """The steps of a kind of document in an area and below it, from a day on; the shipped ones hold elsewhere."""

    kind = models.CharField(max_length=48)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    valid_from = models.DateField()
    rule = models.JSONField()  # {"steps": [{key, zh, en, roles, own}], "distinct"}

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "area", "valid_from"], name="record_rule_once")
        ]


class Approval(models.Model):
    """One document. Its steps are copied from the rule in force when it was submitted.

    ``roles`` repeats those of the step that waits as "|worker|street|", so that one query finds what waits for a user;
    ``version`` counts the acts and is compared and set by each.
    """

    class State(models.TextChoices):
        SUBMITTED = "submitted", pgettext_lazy("approval", "submitted")
        UNDER_REVIEW = "under_review", pgettext_lazy("approval", "under review")
        RETURNED = "returned", pgettext_lazy("approval", "returned")
        APPROVED = "approved", pgettext_lazy("approval", "approved")
        WITHDRAWN = "withdrawn", pgettext_lazy("approval", "withdrawn")

    kind = models.CharField(max_length=48)
    room = models.CharField(max_length=32)
    subject_kind = models.CharField(max_length=48)
    subject_id = models.CharField(max_length=64)
    title = models.CharField(_("title"), max_length=200)
    url = models.CharField(max_length=400)
    digest = models.CharField(max_length=71, blank=True)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    submitter = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State)
    rule = models.JSONField()
    round = models.PositiveSmallIntegerField(default=1)
    step = models.PositiveSmallIntegerField(default=0)
    roles = models.CharField(max_length=255, blank=True)
    own = models.BooleanField(default=False)  # the step that waits may be taken by the submitter
    distinct = models.BooleanField(default=True)  # nobody takes two steps of one round
    version = models.PositiveIntegerField(default=0)
    submitted_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-changed_at", "-pk"]
        indexes = [
            models.Index(
                fields=["area"], condition=~Q(roles=""), name="record_approval_open"
            ),  # queries.waiting
            models.Index(fields=["submitter", "-changed_at"], name="record_approval_mine"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["room", "subject_kind", "subject_id", "kind"],
                condition=Q(state__in=["submitted", "under_review", "returned"]),
                name="record_approval_one_open",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["submitted", "under_review"], roles__gt="")
                | Q(state__in=["returned", "approved", "withdrawn"], roles=""),
                name="record_approval_waits",
            ),
        ]

    @property
    def steps(self) -> tuple[machine.Step, ...]:
        return machine.steps_of(self.rule["steps"])

    @property
    def waiting(self) -> machine.Step | None:
        return self.steps[self.step] if self.state in machine.OPEN else None

    @property
    def kind_title(self) -> Text:
        return Text(**self.rule["title"])


class Opinion(models.Model):
    """One act at one step of one round: there is never a second one."""

    class Verdict(models.TextChoices):
        PASS = "pass", pgettext_lazy("approval", "passed")
        RETURN = "return", pgettext_lazy("approval", "returned")

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="opinions")
    round = models.PositiveSmallIntegerField()
    step = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=6, choices=Verdict)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["approval", "round", "step"], name="record_opinion_once")
        ]


class Delegation(models.Model):
    """A holder of a role at an area hands its steps there and below to a colleague, first and last day inclusive."""

    holder = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="record_delegations")
    role = models.CharField(max_length=12)
    area = models.ForeignKey(AREA, models.PROTECT, related_name="+")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="record_deputies")
    first_day = models.DateField()
    last_day = models.DateField()
    ended_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["to", "last_day"], name="record_delegation_to")]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="record_delegation_days"),
            models.CheckConstraint(condition=~Q(holder=F("to")), name="record_delegation_other"),
        ]

    def over(self, day: Any) -> bool:
        return self.ended_at is not None or self.last_day < day
