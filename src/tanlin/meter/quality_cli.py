"""``tanlin meter exceptions`` and ``settle``: what the checks found, and what becomes of it."""

from __future__ import annotations

from typing import Any

import click

from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput, Text

place_option = click.option("--place", "slug", required=True, help="地点的网址标识 / slug of the place")
_STATES = ("waiting", "all", "open", "reopened", "accepted", "estimated", "edited", "cleared")


@click.command()
@place_option
@click.option("--kind", default="", help="种类 / kind: gap, negative, range, spike …")
@click.option("--state", type=click.Choice(_STATES), default="waiting", help="状态 / state")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, help="最多条数 / at most so many")
@shared.json_option
def exceptions(slug: str, kind: str, state: str, limit: int, as_json: bool) -> None:
    """列出读数异常，最新在前。 / What the checks found, newest first."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries
    from tanlin.meter.api import exception_json
    from tanlin.meter.vee import KINDS

    if kind and kind not in KINDS:
        raise click.BadParameter(", ".join(KINDS), param_hint="--kind")
    place = area(SYSTEM, slug)
    found = queries.quality.exceptions(place, kind, state)[:limit]
    rows = [exception_json(one, place.tz) for one in found]
    for row in rows:
        row["acted"] = row["acted"].isoformat() if row["acted"] else None
    names = ("id", "number", "channel", "kind", "start", "end", "size", "state")
    lines = ["\t".join(str(row[name]) for name in names) for row in rows]
    shared.emit(rows, as_json, "\n".join(lines) or "没有异常。 / Nothing was found.")


@click.command()
@click.argument("verb", type=click.Choice(["accept", "estimate", "edit", "undo"]))
@click.argument("ids", type=int, nargs=-1, required=True)
@place_option
@click.option("--reason", default="", help="原因 / reason; needed for edit")
@click.option(
    "--method", type=click.Choice(["linear", "profile", "sibling"]), help="估算方法 / method of estimate"
)
@click.option("--value", type=float, help="edit：整段电量 / edit: quantity of the whole stretch")
@shared.json_option
def settle(
    verb: str,
    ids: tuple[int, ...],
    slug: str,
    reason: str,
    method: str | None,
    value: float | None,
    as_json: bool,
) -> None:
    """处理异常：确认、估算、修正、撤销。 / Accept, estimate, edit or undo exceptions by their ids."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import services

    who: dict[str, Any] = {"area": area(SYSTEM, slug), "actor": SYSTEM, "reason": reason}
    refused: list[str] = []
    if verb == "accept":
        done = services.quality.accept(ids, **who)
    elif verb == "estimate":
        done, errors = services.quality.estimate(ids, method=method or "", **who)
        refused = [error.message() for error in errors]
    elif verb == "undo":
        done = services.quality.undo(ids, **who)
    else:
        done = _edit(ids, value, who)
    if verb != "accept":
        services.request_refresh()
    text = "\n".join([f"已处理 {done} 条。 / {done} settled.", *refused])
    shared.emit({"done": done, "refused": refused}, as_json, text)


def _edit(ids: tuple[int, ...], value: float | None, who: dict[str, Any]) -> int:
    from tanlin.meter import services

    if value is None or len(ids) != 1:
        raise BadInput(
            "meter.edit_one",
            Text("修正需要一个编号和 --value。", "An edit needs one id and --value."),
        )
    services.quality.edit(ids[0], value, **who)
    return 1
