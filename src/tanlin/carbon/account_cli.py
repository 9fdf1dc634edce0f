"""``tanlin carbon account``: the account of a place and year to GPC BASIC and BASIC+."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from tanlin.kernel.cli import emit, json_option
from tanlin.kernel.errors import BadInput, Text
from tanlin.kernel.words import SPACE, sign

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("account")
@click.argument("file", type=_FILE, required=False)
@click.option("--map", "meters", type=_FILE, help="CSV of meters, as for inventory / 表计对照表")
@click.option("--activities", "sheet", type=_FILE, help="Sheet of activities, as its template / 活动数据表")
@click.option("--place", help="Place in the database, by its slug / 数据库中的区域")
@click.option("--year", type=click.IntRange(1990, 2100), required=True, help="2025")
@click.option("--population", type=click.FloatRange(min=0, min_open=True), help="Persons, with FILE / 人口")
@click.option("--floor-area", type=click.FloatRange(min=0, min_open=True), help="m2, with FILE / 建筑面积")
@click.option("--factors", type=_FILE, help="Facts of your own, CSV / 自带因子")
@click.option("--gwp", type=click.Choice(["ar5", "ar6"]), default="ar5", show_default=True)
@json_option
def account_command(
    file: Path | None, meters: Path | None, place: str | None, year: int, as_json: bool, **options: Any
) -> None:
    """碳账户（GPC BASIC、BASIC+）。 / The account of a place and year to GPC BASIC and BASIC+."""
    if file is not None and meters is not None:
        answer = _of_files(file, meters, year, **options)
    elif place is not None and file is None:
        answer = _of_place(place, year)
    else:
        raise BadInput(
            "carbon.nothing_to_count",
            Text("请给出读数文件与 --map，或给出 --place。", "Give a file and --map, or --place."),
        )
    emit(answer, as_json, lambda: account_text(answer))


def _of_place(place: str, year: int) -> dict[str, Any]:
    from tanlin.kernel.cli import setup

    setup()
    from tanlin.carbon import services
    from tanlin.carbon.queries.accounts import account_json

    return account_json(services.account_for_place(place, year))


def _of_files(
    file: Path,
    meters: Path,
    year: int,
    sheet: Path | None,
    population: float | None,
    floor_area: float | None,
    factors: Path | None,
    gwp: str,
) -> dict[str, Any]:
    """As ``account_json``, without receipts: files are replayed by ``inventory --receipts``."""
    from tanlin.carbon.account.from_files import account_of_files
    from tanlin.carbon.account.results import results
    from tanlin.carbon.edge import Job
    from tanlin.kernel.period import Period

    stated = {"population": population, "floor_area_m2": floor_area}
    attributes = {key: value for key, value in stated.items() if value is not None}
    job = Job(file, meters, Period(str(year)), factors=factors, gwp=gwp)
    found = account_of_files(job, sheet, attributes, datetime.now().astimezone().date())
    figures = {}
    for one in results(found):
        reason = one.reason._asdict() if one.reason else None
        figures[one.key] = one.body() | {"reason": reason, "origin": "measured", "receipt": None}
    facts = found.facts_used
    return {
        "place": found.place,
        "year": year,
        "boundary": found.boundary.rows(),
        "verified": all(fact["verified"] for fact in facts),
        "unverified": [fact["fact"] for fact in facts if not fact["verified"]],
        "facts": facts,
        "figures": figures,
    }


def account_text(answer: dict[str, Any]) -> str:
    """An account (see ``queries.accounts.account_json``) in lines: figures, boundary, GPC table, unverified facts."""
    from tanlin.carbon.account.boundary import ATTRIBUTES
    from tanlin.carbon.account.words import stated_value

    figures = answer["figures"]
    lines = [_figure(key, one) for key, one in figures.items() if "table" not in one]
    for row in answer["boundary"]:
        name, shown = ATTRIBUTES[row["key"]], "—"
        if row["value"] is not None:
            shown = stated_value(row["key"], row["value"]).zh.replace(SPACE, " ")
        source = "演示数据 / demonstration" if row["source"] == "demonstration" else row["source"]
        lines.append(
            f"{name.zh} / {name.en}: {shown}" + (f"  ({row['since']}; {source})" if row["since"] else "")
        )
    gpc = figures.get("carbon.gpc", {}).get("table", [])
    lines += [_reference(row) for row in gpc if row["total"] is not None]
    lines += _without(gpc)
    lines += [f"未核实 / unverified: {name}" for name in answer["unverified"]]
    return "\n".join(lines)


def _figure(key: str, one: dict[str, Any]) -> str:
    from tanlin.carbon.account.results import LABELS

    name, shown = LABELS[key], "—"
    if one["value"] is not None:
        shown = f"{one['value']:,.6g} {sign(one['unit'])}"
        shown += f"  [{one['low']:,.6g}, {one['high']:,.6g}]" if one["low"] is not None else ""
    flags = ["暂定 / provisional"] if one["provisional"] else []
    flags += ["演示数据 / demonstration"] if one["origin"] == "demonstration" else []
    flags += [f"{one['reason']['zh']} / {one['reason']['en']}"] if one["reason"] else []
    marks = f"    ({'; '.join(flags)})" if flags else ""
    rows = (f"{name.zh} / {name.en}: {shown}", marks, f"    {one['receipt']}" if one["receipt"] else "")
    return "\n".join(row for row in rows if row)


def _reference(row: dict[str, Any]) -> str:
    mark = "" if row["verified"] else "  未核实 / unverified"
    value = f"{row['total']:,.6g} tCO₂e  {row['quality']}{mark}"
    name = (
        f"{row['name_zh']} / {row['name_en']}" if row["ref"] else "仅列示，不计入 / shown only, never added"
    )
    return f"{row['ref']:<8}{name}\n        {value}"


def _without(gpc: list[dict[str, Any]]) -> list[str]:
    """References without a value, those of one key and reason together."""
    groups: dict[str, list[str]] = {}
    for row in gpc:
        if row["total"] is None:
            why = f"{row['key']}  {row['reason_zh']} / {row['reason_en']}"
            groups.setdefault(why, []).append(row["ref"])
    return [
        line
        for why, refs in groups.items()
        for line in (why, fill(", ".join(refs), 80, initial_indent=" " * 8, subsequent_indent=" " * 8))
    ]
