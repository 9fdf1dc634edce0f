"""Areas, organisations, users and grants. What must always hold is a constraint of the database."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tanlin.community.rights import ROLES


class User(AbstractUser):
    """A login of staff. A resident is a Person, kept apart from it."""

    display_name = models.CharField(_("name"), max_length=80, blank=True)

    def get_full_name(self) -> str:
        return self.display_name or self.username


class Area(models.Model):
    """One place. The tree of places is ``main``; 网格 form a second tree, hung below an area of the first.

    ``path`` lists the ids from the root, "/1/5/9/": a subtree is a prefix. ``slug`` is permanent.
    """

    class Level(models.TextChoices):
        CITY = "city", pgettext_lazy("level", "city")
        DISTRICT = "district", pgettext_lazy("level", "district")
        STREET = "street", pgettext_lazy("level", "street or town")
        COMMUNITY = "community", pgettext_lazy("level", "community")
        ESTATE = "estate", pgettext_lazy("level", "estate")
        BUILDING = "building", pgettext_lazy("level", "building")
        UNIT = "unit", pgettext_lazy("level", "unit")
        HOME = "home", pgettext_lazy("level", "home")
        QUARTER = "quarter", pgettext_lazy("level", "quarter")
        PARK = "park", pgettext_lazy("level", "park")
        SCENE = "scene", pgettext_lazy("level", "scene")
        GRID = "grid", pgettext_lazy("level", "grid")

    class Tree(models.TextChoices):
        MAIN = "main", pgettext_lazy("level", "places")
        GRID = "grid", pgettext_lazy("level", "grids")

    class Origin(models.TextChoices):
        MEASURED = "measured", _("measured data")
        DEMONSTRATION = "demonstration", _("demonstration data")

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    level = models.CharField(_("level"), max_length=12, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = models.CharField(max_length=255, unique=True, editable=False)
    tree = models.CharField(max_length=8, choices=Tree, default=Tree.MAIN)
    grid = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="members")
    tz = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    region = models.CharField(_("region of factors"), max_length=20, default="CN")
    origin = models.CharField(max_length=16, choices=Origin, default=Origin.MEASURED)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.CheckConstraint(condition=Q(path__regex=r"^(/[0-9]+)+/$") | Q(path__startswith="new:"), name="area_path"),
            models.CheckConstraint(condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="area_not_own_parent"),
            models.CheckConstraint(
                condition=Q(tree="grid", level="grid", parent__isnull=False) | (Q(tree="main") & ~Q(level="grid")),
                name="area_grid_tree",
            ),
            models.CheckConstraint(condition=Q(tree="main") | Q(grid__isnull=True), name="area_grid_of_main"),
            models.CheckConstraint(
                condition=Q(
                    level__in=[
                        "city", "district", "street", "community", "estate", "building",
                        "unit", "home", "quarter", "park", "scene", "grid",
                    ]
                ),
                name="area_level",
            ),
            models.CheckConstraint(condition=Q(origin__in=["measured", "demonstration"]), name="area_origin"),
            models.CheckConstraint(condition=~Q(slug="") & ~Q(name=""), name="area_named"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name

    @property
    def ancestor_ids(self) -> list[int]:
        """Ids from the root to this area itself."""
        return [int(part) for part in self.path.strip("/").split("/")]

    @property
    def depth(self) -> int:
        """0 for a root."""
        return self.path.count("/") - 2

    @property
    def is_demo(self) -> bool:
        return self.origin == self.Origin.DEMONSTRATION


class AreaAttribute(models.Model):
    """A dated value of an area: population (persons), floor_area_m2, label.<level> … ; ``valid_to`` is exclusive."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="attributes")
    key = models.CharField(max_length=60)
    value = models.JSONField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["area", "key", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["area", "key", "valid_from"], name="attribute_from_unique"),
            models.UniqueConstraint(
                fields=["area", "key"], condition=Q(valid_to__isnull=True), name="attribute_open_unique"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="attribute_dates"
            ),
        ]


class Organisation(models.Model):
    """A body of the 1+6+10+X network or a partner of it; ``parent`` draws the network."""

    class Kind(models.TextChoices):
        STREET_OFFICE = "street_office", _("street office")
        PARTY_COMMITTEE = "party_committee", _("community Party committee")
        RESIDENTS_COMMITTEE = "residents_committee", _("residents' committee")
        CENTRE = "centre", _("Party-mass service centre")
        STATION = "station", _("Party-mass service station")
        POST = "post", _("Party-mass service post")
        PROPERTY = "property", _("property manager")
        OWNERS = "owners", _("owners' committee")
        SOCIAL = "social", _("social organisation")
        LOCAL_UNIT = "local_unit", _("local unit")
        ENTERPRISE = "enterprise", _("enterprise")
        THIRD_PARTY = "third_party", _("third party")

    area = models.ForeignKey(Area, models.PROTECT, related_name="organisations")
    name = models.CharField(_("name"), max_length=120)
    name_en = models.CharField(_("English name"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["area", "kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["area", "name"], name="organisation_unique"),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="organisation_not_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RoleGrant(models.Model):
    """One user holds one role over the subtree of one area, from a day to a day (exclusive)."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.CharField(max_length=12, choices=[(role, role) for role in ROLES])
    area = models.ForeignKey(Area, models.PROTECT, related_name="grants")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["area", "role", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role", "area"], condition=Q(valid_to__isnull=True), name="grant_open_unique"
            ),
            models.CheckConstraint(condition=Q(role__in=list(ROLES)), name="grant_role"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="grant_dates"
            ),
        ]

    def get_role_title(self) -> Any:
        """The role in the language of the page."""
        return ROLE_TITLES[self.role]


ROLE_TITLES = {
    "operator": _("operator"),
    "district": _("district staff"),
    "street": _("street staff"),
    "worker": _("community worker"),
    "engineer": _("energy engineer"),
    "auditor": _("auditor"),
    "grid": _("grid worker"),
    "lead": _("building lead"),
    "volunteer": _("volunteer"),
    "guide": _("guide"),
    "property": _("property manager"),
    "owners": _("owners' committee"),
    "partner": _("local partner unit"),
}
