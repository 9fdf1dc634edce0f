"""``tanlin carbon account``: the account of a place and year to GPC BASIC and BASIC+."""

from __future__ import annotations

from typing import Any

import click

from tanlin.kernel.cli import emit, json_option


@click.command("account")
@click.option("--place", required=True, help="Place in the database, by its slug / 数据库中的区域")
@click.option("--year", type=click.IntRange(1990, 2100), required=True, help="2025")
@json_option
def account_command(place: str, year: int, as_json: bool) -> None:
    """碳账户（GPC BASIC、BASIC+）。 / The account of a place and year to GPC BASIC and BASIC+."""
    from tanlin.kernel.cli import setup

    setup()
    from tanlin.carbon import services
    from tanlin.carbon.queries.accounts import account_json

    answer = account_json(services.account_for_place(place, year))
    emit(answer, as_json, lambda: account_text(answer))


def account_text(answer: dict[str, Any]) -> str:
    """An account (see ``queries.accounts.account_json``) in lines: figures, boundary, GPC table, unverified facts."""
    from tanlin.carbon.account.boundary import ATTRIBUTES

    figures = answer["figures"]
    lines = [_figure(key, one) for key, one in figures.items() if "table" not in one]
    for row in answer["boundary"]:
        name, shown = ATTRIBUTES[row["key"]], "—" if row["value"] is None else row["value"]
        lines.append(
            f"{name.zh} / {name.en}: {shown}"
            + (f"  ({row['since']}; {row['source']})" if row["since"] else "")
        )
    lines += [_reference(row) for row in figures.get("carbon.gpc", {}).get("table", [])]
    lines += [f"未核实 / unverified: {name}" for name in answer["unverified"]]
    return "\n".join(lines)


def _figure(key: str, one: dict[str, Any]) -> str:
    from tanlin.carbon.account.results import LABELS

    name, shown = LABELS[key], "—"
    if one["value"] is not None:
        shown = f"{one['value']:,.6g} {one['unit']}"
        shown += f"  [{one['low']:,.6g}, {one['high']:,.6g}]" if one["low"] is not None else ""
    flags = ["暂定 / provisional"] if one["provisional"] else []
    flags += ["演示数据 / demonstration"] if one["origin"] == "demonstration" else []
    flags += [f"{one['reason']['zh']} / {one['reason']['en']}"] if one["reason"] else []
    return f"{name.zh} / {name.en}: {shown}  ({'; '.join(flags)})  {one['receipt']}"


def _reference(row: dict[str, Any]) -> str:
    name = f"{row['ref']:<8}{row['name_zh']} / {row['name_en']}"
    if row["total"] is None:
        return f"{name}: {row['key']}  ({row['reason_zh']} / {row['reason_en']})"
    mark = "" if row["verified"] else "  未核实 / unverified"
    return f"{name}: {row['total']:,.6g} tCO2e  {row['quality']}{mark}"
