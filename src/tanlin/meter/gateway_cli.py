"""``tanlin meter listen``, ``gateways`` and ``gateway``: readings from the field."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput, Text, Where

place_option = click.option("--place", "slug", required=True, help="地点的网址标识 / slug of the place")


@click.command()
@click.option(
    "--once", is_flag=True, help="只把收件箱写入读数，然后结束 / take the inbox into the log, then end"
)
@shared.json_option
def listen(once: bool, as_json: bool) -> None:
    """监听各网关，并按时写入读数。 / Speak with all gateways and take what they send into the log."""
    shared.setup()
    from tanlin.meter import listen as listening
    from tanlin.meter import services
    from tanlin.meter.services.listening import Installation, only_listener

    if once:
        done = asdict(services.flush_all())
        shared.emit(
            done,
            as_json,
            f"写入 {done['new']} 条，搁置 {done['held']} 条。 / {done['new']} stored, {done['held']} held.",
        )
        return
    with only_listener():
        listening.run(Installation(), lambda text: click.echo(text, err=True))


@click.command()
@place_option
@shared.json_option
def gateways(slug: str, as_json: bool) -> None:
    """列出网关及其状态。 / Gateways of a place and how they stand."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries

    found = [
        {
            "id": line.gateway.pk,
            "name": line.gateway.name,
            "kind": line.gateway.kind,
            "place": line.gateway.area.slug,
            "points": line.mapped,
            **asdict(line.standing),
            "state": line.state,
        }
        for line in queries.gateways(area(SYSTEM, slug))
    ]
    names = ("id", "kind", "name", "state", "rate", "waiting", "unmapped", "held")
    lines = ["\t".join(str(one[name]) for name in names) for one in found]
    shared.emit(found, as_json, "\n".join(lines) or "尚无网关。 / No gateway yet.")


@click.command()
@place_option
@click.option("--kind", required=True, help="类型 / http, mqtt …")
@click.option("--name", required=True, help="名称 / name")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="设置 / a setting; repeat it")
@click.option("--secret-file", type=click.File("r"), help="密码所在文件 / file that holds the password")
@shared.json_option
def gateway(slug: str, kind: str, name: str, pairs: tuple[str, ...], secret_file: Any, as_json: bool) -> None:
    """新建网关；HTTP 推送的令牌仅显示一次。 / Set up a gateway; the token of HTTP push is printed this once."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import services

    wrong = next((pair for pair in pairs if "=" not in pair), None)
    if wrong is not None:
        raise BadInput(
            "meter.bad_setting",
            Text("--set 须写成 NAME=VALUE。", "Write --set as NAME=VALUE."),
            where=Where(value=wrong),
        )
    config = dict(pair.split("=", 1) for pair in pairs)
    config = {key: value.replace("\\n", "\n") for key, value in config.items()}
    secret = secret_file.read().strip() if secret_file else ""
    made = services.create_gateway(
        area(SYSTEM, slug), kind=kind, name=name, config=config, actor=SYSTEM, secret=secret
    )
    token = services.new_token(made, actor=SYSTEM) if kind == "http" else None
    shown = f"网关 {made.pk}。 / Gateway {made.pk}." + (f"\n{token}" if token else "")
    shared.emit({"id": made.pk, "token": token}, as_json, shown)
