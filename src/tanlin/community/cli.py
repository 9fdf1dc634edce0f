"""``tanlin community …``: the keeper of the installation at the keyboard, with every right."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tanlin.community.rights import ROLES, SYSTEM
from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput, Text

if TYPE_CHECKING:
    from tanlin.community.models import User
    from tanlin.community.queries import Node


@click.group()
def cli() -> None:
    """区域、组织与人员。 / Areas, organisations and people."""


def draw(nodes: list[Node], depth: int = 0) -> str:
    """The forest as indented lines."""
    lines = []
    for node in nodes:
        lines.append(f"{'  ' * depth}{node.area.name}  {node.area.slug}  [{node.area.level}]")
        lines += [draw(node.children, depth + 1)] if node.children else []
    return "\n".join(lines)


@cli.command()
@click.option("--all", "everything", is_flag=True, help="含楼栋、单元和户 / with buildings, units and homes")
@shared.json_option
def tree(everything: bool, as_json: bool) -> None:
    """列出区域树。 / List the tree of areas."""
    shared.setup()
    from tanlin.community import queries

    nodes = queries.area_tree(SYSTEM, None) if everything else queries.area_tree(SYSTEM)
    shared.emit(
        [node.as_dict() for node in nodes], as_json, lambda: draw(nodes) or "尚无区域。 / No areas yet."
    )


@cli.command("area-add")
@click.argument("slug")
@click.argument("name")
@click.option("--level", required=True, help="层级 / level: district, street, community, estate, building …")
@click.option("--parent", help="上级区域的网址标识 / slug of the area above")
@click.option("--name-en", default="", help="英文名 / English name")
@click.option("--tz", help="时区 / time zone")
@click.option("--region", help="排放因子所属地区 / region of factors, e.g. CN-GD-SZ")
def area_add(
    slug: str, name: str, level: str, parent: str | None, name_en: str, tz: str | None, region: str | None
) -> None:
    """新增区域。 / Add an area."""
    shared.setup()
    from tanlin.community import queries, services

    above = queries.area(SYSTEM, parent) if parent else None
    area = services.create_area(
        SYSTEM, slug=slug, name=name, level=level, parent=above, name_en=name_en, tz=tz, region=region
    )
    click.echo(area.slug)


def find_user(username: str) -> User:
    """A login by its name. Raises BadInput."""
    from tanlin.community.models import User

    user = User.objects.filter(username=username).first()
    if user is None:
        raise BadInput(
            "community.unknown_user", Text(f"没有用户“{username}”。", f"There is no user “{username}”.")
        )
    return user


@cli.command("user-add")
@click.argument("username")
@click.option("--place", required=True, help="区域的网址标识 / slug of the area")
@click.option("--role", required=True, type=click.Choice(ROLES), help="角色 / role")
@click.option("--name", default="", help="姓名 / name")
@click.option(
    "--password",
    prompt="密码 / Password",
    hide_input=True,
    confirmation_prompt=True,
    envvar="TANLIN_PASSWORD",
)
def user_add(username: str, place: str, role: str, name: str, password: str) -> None:
    """新增用户并授予角色（密码可由 TANLIN_PASSWORD 给出）。 / Add a user with a role (TANLIN_PASSWORD may give the password)."""
    shared.setup()
    from django.db import transaction

    from tanlin.community import queries, services

    area = queries.area(SYSTEM, place)
    with transaction.atomic():
        user = services.create_user(
            SYSTEM, username=username, password=password, display_name=name, area=area
        )
        services.grant(SYSTEM, user=user, role=role, area=area)
    click.echo(username)


@cli.command("set-password")
@click.argument("username")
@click.option("--generate", is_flag=True, help="随机生成，只显示一次 / make one and print it once")
def set_password(username: str, generate: bool) -> None:
    """设置新密码（可由 TANLIN_PASSWORD 给出）。 / Set a new password (TANLIN_PASSWORD may give it)."""
    shared.setup()
    from tanlin.community import services

    user = find_user(username)
    if generate:
        password = services.new_password()
    else:
        password = os.environ.get("TANLIN_PASSWORD") or click.prompt(
            "密码 / Password", hide_input=True, confirmation_prompt=True
        )
    services.set_password(SYSTEM, user, password)
    click.echo(password if generate else f"{username} 的密码已更新。 / New password set for {username}.")


@cli.command()
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
@click.argument("place")
def grant(username: str, role: str, place: str) -> None:
    """授予角色。 / Grant a role over a place and all below it."""
    shared.setup()
    from tanlin.community import queries, services

    services.grant(SYSTEM, user=find_user(username), role=role, area=queries.area(SYSTEM, place))
    click.echo(f"{username} {role} {place}")
