"""Reads of claims: seen by those with a role at the place or above it, never in public."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tanlin.carbon.models import Claim
from tanlin.community import queries as community
from tanlin.kernel.errors import NotFound


def claims(user: Any, area: Any) -> QuerySet[Claim]:
    """Claims of a place and all below it, newest first."""
    place = community.require(user, area)
    return Claim.objects.filter(area__path__startswith=place.path).select_related("area", "entered_by")


def claim(user: Any, slug: str, pk: int, right: str = "view") -> Claim:
    """One claim of the place of that slug; raises NotFound or Forbidden."""
    area = community.area(user, slug, right)
    found = Claim.objects.filter(area=area, pk=pk).select_related("area", "entered_by").first()
    if found is None:
        raise NotFound("carbon.claim_unknown")
    return found
