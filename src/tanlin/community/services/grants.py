"""Verbs on logins and grants; the rest of the room calls them through ``services``."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from tanlin.community import queries
from tanlin.community.models import Area, RoleGrant, User
from tanlin.community.rights import ROLE_RIGHTS, System, may_grant
from tanlin.kernel.errors import BadInput, Conflict, Forbidden, NotFound, Text
from tanlin.kernel.ports import report_event


def actor_user(actor: Any) -> Any:
    """The user behind an actor for the event log; None stands for the installation itself."""
    return None if isinstance(actor, System) else actor


@transaction.atomic
def create_user(actor: Any, *, username: str, password: str, area: Area, display_name: str = "") -> User:
    """A login, vouched for at an area (right: ``users`` there). It can do nothing before its first grant.

    Raises BadInput (weak password, with the reasons), Conflict (name taken).
    """
    queries.require(actor, area, "users")
    user = User(username=username.strip(), display_name=display_name.strip())
    try:
        User.username_validator(user.username)
    except ValidationError as error:
        raise _refused(error) from error
    _check_password(password, user)
    if User.objects.filter(username__iexact=user.username).exists():
        raise Conflict(
            "community.user_exists",
            Text(f"用户名“{username}”已被使用。", f"The user name “{username}” is taken."),
        )
    user.set_password(password)
    user.save()
    report_event("community.user_created", actor=actor_user(actor), area=area, subject=user.username)
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise _refused(error) from error


def _refused(error: ValidationError) -> BadInput:
    reasons = " ".join(error.messages)
    return BadInput(
        "community.bad_login",
        Text(f"用户名或密码不合要求：{reasons}", f"User name or password not accepted: {reasons}"),
    )


@transaction.atomic
def set_password(actor: Any, user: User, password: str) -> User:
    """A new password; the sessions of the old one end.

    Right: ``users`` wherever the user holds a role, for roles that one's own role may give; never for oneself,
    so that nobody takes over a login above the own. Without any role: the keeper of the installation.
    Raises BadInput (weak password), Conflict (closed login), NotFound, Forbidden.
    """
    held = list(queries.active_grants(user).select_related("area"))
    if not held:
        _keeper_only(actor)
    for row in held:
        queries.require(actor, row.area, "users")
        _check_grant(actor, user, row.role, row.area)
    if not user.is_active:
        raise Conflict(
            "community.user_closed",
            Text(f"用户“{user.username}”已停用。", f"The login “{user.username}” is closed."),
        )
    _check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    report_event(
        "community.password_set",
        actor=actor_user(actor),
        area=held[0].area if held else None,
        subject=user.username,
    )
    return user


def new_password() -> str:
    """A random password of 16 characters that are not mistaken for one another (92 bits)."""
    letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "".join(secrets.choice(letters) for _ in range(16))


@transaction.atomic
def deactivate_user(actor: Any, user: User) -> User:
    """Close a login that no role is left for; its name stays taken, what it did stays told.

    For the keeper of the installation. Raises Forbidden, and Conflict while a grant is in force.
    """
    _keeper_only(actor)
    if queries.active_grants(user).exists():
        raise Conflict(
            "community.user_in_use",
            Text(f"用户“{user.username}”仍有角色。", f"The user “{user.username}” still holds a role."),
            remedy=Text("请先收回其角色。", "Take the roles back first."),
        )
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    report_event("community.user_deactivated", actor=None, area=None, subject=user.username)
    return user


@transaction.atomic
def restore_user(actor: Any, user: User, password: str) -> User:
    """Open a closed login again with a new password. For the keeper of the installation. Raises Forbidden."""
    _keeper_only(actor)
    user.is_active = True
    user.set_password(password)
    user.save(update_fields=["is_active", "password"])
    report_event("community.user_restored", actor=None, area=None, subject=user.username)
    return user


def _keeper_only(actor: Any) -> None:
    if not isinstance(actor, System):
        raise Forbidden()


def _check_grant(actor: Any, user: User, role: str, area: Area) -> None:
    if not may_grant(queries.roles_at(actor, area), role):
        raise Forbidden(
            "community.role_above",
            Text("您的角色不能授予或收回这一角色。", "Your role cannot give or take this role."),
        )
    if not isinstance(actor, System) and actor.pk == user.pk:
        raise Forbidden(
            "community.own_role",
            Text("不能授予或收回自己的角色。", "You cannot give or take a role of your own."),
            remedy=Text("请由另一位同事操作。", "Ask a colleague."),
        )


@transaction.atomic
def grant(actor: Any, *, user: User, role: str, area: Area, valid_to: date | None = None) -> RoleGrant:
    """Give a role over the subtree of an area from today on. Granting it twice returns the standing grant.

    Right: ``users`` there, for the roles that one's own role may give; never to oneself.
    Raises BadInput, NotFound, Forbidden.
    """
    queries.require(actor, area, "users")
    if role not in ROLE_RIGHTS:
        raise BadInput("community.unknown_role", Text(f"没有角色“{role}”。", f"There is no role “{role}”."))
    _check_grant(actor, user, role, area)
    today = timezone.localdate()
    if valid_to is not None and valid_to <= today:
        raise BadInput(
            "community.grant_past", Text("截止日期须晚于今天。", "The last day must lie after today.")
        )
    standing = queries.active_grants(user).filter(role=role, area=area).first()
    if standing is not None:
        return standing
    row = RoleGrant.objects.create(user=user, role=role, area=area, valid_from=today, valid_to=valid_to)
    report_event(
        "community.role_granted",
        actor=actor_user(actor),
        area=area,
        subject=user.username,
        data={"role": role, "to": valid_to.isoformat() if valid_to else None},
    )
    return row


@transaction.atomic
def revoke(actor: Any, grant_id: int) -> RoleGrant:
    """End a grant now. Same right as to give it. Raises NotFound, Forbidden."""
    row = RoleGrant.objects.select_for_update().select_related("area", "user").filter(pk=grant_id).first()
    if row is None:
        raise NotFound()
    queries.require(actor, row.area, "users")
    _check_grant(actor, row.user, row.role, row.area)
    today = timezone.localdate()
    if row.valid_to is not None and row.valid_to <= today:
        return row
    # valid_to is exclusive; a grant of today keeps the empty span [today, today)
    row.valid_to = max(today, row.valid_from)
    row.save(update_fields=["valid_to"])
    report_event(
        "community.role_revoked",
        actor=actor_user(actor),
        area=row.area,
        subject=row.user.username,
        data={"role": row.role},
    )
    return row
