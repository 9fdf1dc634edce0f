"""Persons, households and consents. Personal values lie sealed in the database; see ``tanlin.community.seal``."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tanlin.community.models.places import Area
from tanlin.community.personal import mask_name, mask_phone
from tanlin.community.seal import Master, seal, unseal
from tanlin.kernel.errors import Conflict, Text
from tanlin.kernel.paths import home, stored_secret

ERASED = "—"  # what is printed where a value was erased
_masters: dict[str, Master] = {}


def master() -> Master:
    """The master key: ``TANLIN_KEY``, else ``people.key`` in the home, made at the first use and read by its owner only."""
    secret = settings.PERSON_KEY or stored_secret(home() / "people.key")
    return _masters.setdefault(secret, Master(secret))


class SealedField(models.TextField):
    """A personal value as a token. The register of processing lists every field of this kind, in every room."""

    def __init__(self, *args: Any, right: str = "people", **kwargs: Any) -> None:
        """``right``: needed at the place to see the value."""
        self.right = right
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """As stored in a migration; the right is no matter of the database."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | ({} if self.right == "people" else {"right": self.right})


class DigestField(models.CharField):
    """Keyed HMAC of a personal value, by which it is found; "" for none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        kwargs.setdefault("max_length", 64)
        kwargs.setdefault("db_index", True)
        super().__init__(*args, **kwargs)


class DataKey(models.Model):
    """The key of one person or household, wrapped by the master key. Deleting the row erases what it sealed."""

    owner = models.UUIDField(primary_key=True, default=uuid.uuid4)
    wrapped = models.TextField()
    master = models.CharField(max_length=16, db_index=True)  # name of the master key that wraps it


class Sealing(models.Model):
    """Something whose personal values are sealed under a key of its own."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key = models.OneToOneField(DataKey, models.SET_NULL, null=True, related_name="+")

    class Meta:
        abstract = True

    def make_key(self) -> None:
        """Give it a key; before the first value is sealed.

        Raises Conflict where the keys there are were wrapped by another master key: a lost one must not be
        replaced unseen.
        """
        keeper = master()
        if DataKey.objects.filter(Q(master__lt=keeper.name) | Q(master__gt=keeper.name)).exists():
            raise Conflict(
                "community.other_master",
                Text(
                    "当前的个人信息主密钥不是本数据库的主密钥。",
                    "This is not the master key of this database.",
                ),
                remedy=Text("请恢复 TANLIN_KEY 或 people.key。", "Restore TANLIN_KEY or people.key."),
            )
        self.key = DataKey.objects.create(
            owner=self.uid, wrapped=keeper.new_key(str(self.uid)), master=keeper.name
        )

    def seal(self, field: str, text: str) -> str:
        """A token of the text for the field (a column of its own, or a name within an event)."""
        return seal(self._data_key(), text, f"{self.uid}:{field}")

    def unseal(self, field: str) -> str:
        """The value of a column in clear; "" where there is none or it was erased. For services and the reveal page."""
        token = getattr(self, field)
        return unseal(self._data_key(), token, f"{self.uid}:{field}") if token and self.key else ""

    def unseal_token(self, field: str, token: str) -> str:
        """The value of a token kept elsewhere, such as in an event; "" once the key is destroyed."""
        return unseal(self._data_key(), token, f"{self.uid}:{field}") if self.key else ""

    def _data_key(self) -> bytes:
        if self.key is None:
            raise ValueError(f"{self.uid} has no key")
        return master().unwrap(self.key.wrapped, str(self.uid))


class Person(Sealing):
    """A resident or visitor by an internal id; no login. Phone optional and not unique.

    ``area`` vouches for the person: rights follow it. ``merged_into``: the same person, registered twice.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="persons")
    name = SealedField(_("full name"))
    phone = SealedField(_("phone"))
    birth_year = SealedField(_("year of birth"))
    name_digest = DigestField()
    phone_digest = DigestField()
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    created = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("person")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True)
                | Q(name="", phone="", birth_year="", name_digest="", phone_digest="", key__isnull=True),
                name="person_erased_is_empty",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
                name="person_not_own_duplicate",
            ),
        ]
        indexes = [models.Index(fields=["area", "-id"], name="person_area")]  # queries.persons

    def __str__(self) -> str:
        return f"person:{self.pk}"

    @property
    def masked_name(self) -> str:
        """张**."""
        return mask_name(self.unseal("name")) or ERASED

    @property
    def masked_phone(self) -> str:
        """138****0000, or "" without a phone."""
        return mask_phone(self.unseal("phone"))


class Household(Sealing):
    """The people of one home. ``area`` is coarse (a building or wider); which home it is, is sealed.

    ``home`` is the address word of an area of level home, or the address in words.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="households_here")
    home = SealedField(_("home"))
    home_digest = DigestField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("household")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["area", "home_digest"], condition=~Q(home_digest=""), name="household_home_unique"
            ),
            models.CheckConstraint(condition=Q(home="") | ~Q(home_digest=""), name="household_findable"),
        ]

    def __str__(self) -> str:
        return f"household:{self.pk}"


class Membership(models.Model):
    """A person lives in a household from a day to a day (exclusive)."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    household = models.ForeignKey(Household, models.PROTECT, related_name="memberships")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)

    class Meta:
        ordering = ["valid_from", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=Q(valid_to__isnull=True), name="membership_open_unique"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="membership_dates"
            ),
        ]


class Notice(models.Model):
    """A version of the privacy notice after the shipped one (version 1); published once, never changed."""

    version = models.PositiveIntegerField(unique=True)
    valid_from = models.DateField()
    text_zh = models.TextField()
    text_en = models.TextField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["version"]
        constraints = [
            models.CheckConstraint(condition=Q(version__gt=1), name="notice_after_first"),
            models.CheckConstraint(condition=~Q(text_zh="") & ~Q(text_en=""), name="notice_both_languages"),
        ]


class Consent(models.Model):
    """A person agreed to one purpose on one version of the notice; ``ended`` when it was withdrawn or ran out.

    ``guardian``: who agreed for a minor. ``used``: the last day the purpose was served, from which retention counts.
    """

    class Channel(models.TextChoices):
        SELF = "self", _("by the person, on the own page")
        PAPER = "paper", _("on paper, entered by the worker")
        SPOKEN = "spoken", _("in person, entered by the worker")

    class End(models.TextChoices):
        WITHDRAWN = "withdrawn", _("withdrawn")
        RETENTION = "retention", _("period of retention over")
        ERASED = "erased", _("erased")

    person = models.ForeignKey(Person, models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=40)
    notice = models.PositiveIntegerField()
    channel = models.CharField(max_length=8, choices=Channel)
    guardian = models.ForeignKey(Person, models.PROTECT, null=True, related_name="consents_given")
    given = models.DateTimeField()
    used = models.DateField()
    ended = models.DateTimeField(null=True)
    end = models.CharField(max_length=12, choices=End, blank=True)
    shredded = models.BooleanField(default=False)  # what was kept for it alone is gone

    class Meta:
        ordering = ["purpose", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(ended__isnull=True), name="consent_open_unique"
            ),
            models.CheckConstraint(
                condition=Q(ended__isnull=True, end="") | (Q(ended__isnull=False) & ~Q(end="")),
                name="consent_end_told",
            ),
            models.CheckConstraint(
                condition=Q(guardian__isnull=True) | ~Q(guardian=F("person")), name="consent_guardian_other"
            ),
        ]
