"""The register of processing (PIPL art. 55–56): every personal column of every room, from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from tanlin.community.models import SealedField
from tanlin.community.purposes import Purpose, purposes
from tanlin.community.rights import roles_with


@dataclass(frozen=True)
class FieldUse:
    """One personal column used for one purpose. ``key`` is ``room.model.field``; ``roles`` see it masked, or revealed."""

    key: str
    model: str
    field: str
    purpose: Purpose
    roles: tuple[str, ...]


def personal_fields() -> Iterator[tuple[str, Any]]:
    """(key, field) of every sealed column of the installed rooms."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedField):
                room = model._meta.app_label.removeprefix("tanlin_")
                yield f"{room}.{model._meta.model_name}.{field.name}", field


def processing() -> list[FieldUse]:
    """The register, by column and purpose. It holds what the tables are made of, no person: no right is asked."""
    return [
        FieldUse(
            key, str(field.model._meta.verbose_name), str(field.verbose_name), each, roles_with(field.right)
        )
        for key, field in personal_fields()
        for each in purposes().values()
        if key in each.fields
    ]


def unregistered() -> list[str]:
    """Personal columns that no purpose names: there must be none."""
    named = {use.key for use in processing()}
    return sorted(key for key, _field in personal_fields() if key not in named)
