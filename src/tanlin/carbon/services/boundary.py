"""Verbs of the boundary: what an account is the account of, and why a GPC reference has no value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from tanlin.carbon.account.boundary import ATTRIBUTES, KEY
from tanlin.carbon.account.gpc import NOTATION, references
from tanlin.community import services as community
from tanlin.kernel.errors import BadInput, Text, Where


@transaction.atomic
def state_boundary(
    area: Any, values: Mapping[str, Any], valid_from: date, source: str, *, actor: Any
) -> list[str]:
    """State attributes of a boundary (see ``account.boundary.ATTRIBUTES``) from a day on; the keys stated.

    The account of the place becomes stale from that year on. Raises BadInput where nothing or an unknown attribute
    is stated, Conflict for a day that has a value already. Right: ``import``.
    """
    unknown = sorted(set(values) - set(ATTRIBUTES))
    if unknown or not values:
        raise BadInput(
            "carbon.no_boundary",
            Text("请至少填写一项核算边界。", "State at least one part of the boundary."),
            where=Where(value=", ".join(unknown) or None),
        )
    for key, value in values.items():
        community.set_attribute(actor, area, key, value, valid_from, source, right="import")
    return list(values)


def state_key(area: Any, ref: str, key: str, reason: str, valid_from: date, *, actor: Any) -> None:
    """State why a reference of the GPC has no value from a day on: NO, NE, IE or C with the reason.

    Raises BadInput for an unknown reference or key or no reason, Conflict for a day that has one already. Right:
    ``import``.
    """
    if ref not in references() or key not in NOTATION or not reason.strip():
        raise BadInput(
            "carbon.bad_notation",
            Text(
                "请选择 GPC 编号与标注并写明理由。",
                "Choose a GPC reference and a notation key, and give the reason.",
            ),
            where=Where(value=f"{ref} {key}".strip()),
        )
    community.set_attribute(actor, area, KEY + ref, key, valid_from, reason.strip(), right="import")
