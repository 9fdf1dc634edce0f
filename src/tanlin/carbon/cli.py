"""``tanlin carbon``: inventory of files or of a place, claims, the factors and the tariffs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tanlin.carbon.account_cli import account_command
from tanlin.carbon.activity_cli import activities_command
from tanlin.carbon.claim_cli import claim_command
from tanlin.kernel.cli import emit, json_option
from tanlin.kernel.errors import BadInput, Text

_FILE = click.Path(dir_okay=False, path_type=Path)
_MEASURES = {
    "tco2e": Text("碳排放", "emissions"),
    "energy_kwh": Text("能源用量", "energy used"),
    "tce": Text("标准煤（当量值）", "standard coal, heat basis"),
    "cost": Text("费用", "cost"),
}


@click.group()
def cli() -> None:
    """碳排放：清单、因子、价格。 / Carbon: inventory, factors, tariffs."""


cli.add_command(account_command)
cli.add_command(activities_command)
cli.add_command(claim_command)


@cli.command("inventory")
@click.argument("file", type=_FILE, required=False)
@click.option(
    "--map",
    "meters",
    type=_FILE,
    help="CSV: meter, place, region, carrier, channel, kind, unit, multiplier, parent",
)
@click.option("--place", help="Place in the database, by its slug / 数据库中的区域")
@click.option("--year", "--period", "label", required=True, help="2025, 2025-06")
@click.option("--factors", type=_FILE, help="Facts of your own, CSV / 自带因子")
@click.option("--tariffs", type=_FILE, help="Tariffs of your own, JSON / 自带价目")
@click.option(
    "--tz",
    default="",
    help="Calendar of the places; without it that of their regions / 当地时区，默认取自所在地区",
)
@click.option(
    "--local-time", is_flag=True, help="Times without a zone are local, not UTC / 无时区的时间按当地时间"
)
@click.option(
    "--zeros-missing",
    is_flag=True,
    help="Runs of 24 or more zeros of electricity are missing / 连续零值视为缺失",
)
@click.option("--gwp", type=click.Choice(["ar5", "ar6"]), default="ar5", show_default=True)
@click.option(
    "--receipts",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write receipts here / 溯源单目录",
)
@json_option
def inventory_command(
    file: Path | None,
    meters: Path | None,
    place: str | None,
    label: str,
    folder: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """碳排放清单。 / Inventory by month, place, scope and carrier."""
    from tanlin.kernel.period import Period

    period = Period.parse(label)
    if place is not None and file is None:
        _of_place(place, period, as_json)
        return
    if file is not None and meters is not None:
        from tanlin.carbon.edge import Job

        answer = _of_files(Job(file, meters, period, **options), folder)
    else:
        raise BadInput(
            "carbon.nothing_to_count",
            Text("请给出读数文件与 --map，或给出 --place。", "Give a file and --map, or --place."),
        )
    emit(answer, as_json, lambda: _text(answer))


def _of_place(slug: str, period: Any, as_json: bool) -> None:
    from tanlin.kernel.cli import setup

    setup()
    from tanlin.carbon import services
    from tanlin.carbon.queries import inventory_json

    figures = services.inventory_for_place(slug, period)
    emit(
        inventory_json(figures),
        as_json,
        lambda: "\n".join(_figure_text(f) for f in figures.values() if not f.table),
    )


def _figure_text(figure: Any) -> str:
    from tanlin.carbon.account.results import LABELS as ACCOUNT
    from tanlin.carbon.figures import LABELS

    name, shown = (LABELS | ACCOUNT)[figure.key], "—"
    if figure.value is not None:
        shown = f"{figure.value:,.6g} {figure.unit}"
        shown += f"  [{figure.low:,.6g}, {figure.high:,.6g}]" if figure.low is not None else ""
    flags = [f"{figure.coverage:.1%}"] if figure.coverage is not None else []
    flags += ["演示数据 / demonstration"] if figure.origin == "demonstration" else []
    flags += ["暂定 / provisional"] if figure.provisional else []
    flags += ["待更新 / stale"] if figure.stale else []
    flags += [f"{figure.reason.zh} / {figure.reason.en}"] if figure.reason else []
    return f"{name.zh} / {name.en}: {shown}  ({'; '.join(flags)})  {figure.receipt}"


def _of_files(job: Any, folder: Path | None) -> dict[str, Any]:
    from tanlin.carbon.files import compute, receipts, write_receipts

    made, found = compute(job)
    kept = receipts(job, made, found)
    if folder is not None:
        write_receipts(job, kept, folder)
    return {
        "period": job.period.label,
        "totals": made.totals,
        "figures": [
            {"key": r.key, **{k: v for k, v in r.body().items() if k != "table"}, "receipt": kept[r.key].hash}
            for r in found
        ],
        "table": made.table.to_pylist(),
        "breakdown": made.breakdown.to_pylist(),
        "facts": made.facts_used,
    }


def _text(answer: dict[str, Any]) -> str:
    from tanlin.carbon.reasons import reason_text

    lines = []
    for measure, total in answer["totals"].items():
        name = _MEASURES[measure]
        if total["value"] is None:
            shown = "—"
        else:
            shown = f"{total['value']:,.6g} {total['unit']}"
            if total["low"] is not None:
                shown += f"  [{total['low']:,.6g}, {total['high']:,.6g}]"
        flags = [f"{total['coverage']:.1%}"] if total["coverage"] is not None else []
        flags += ["暂定 / provisional"] if total["provisional"] else []
        flags += ["未核实 / unverified"] if not total["verified"] else []
        flags += [
            f"{reason_text(code).zh} / {reason_text(code).en} ×{n}" for code, n in total["unknown"].items()
        ]
        lines.append(f"{name.zh} / {name.en}: {shown}  ({'; '.join(flags)})")
    lines += [f"{figure['key']}  {figure['receipt']}" for figure in answer.get("figures", [])]
    return "\n".join(lines)


@cli.command("factors")
@click.option("--kind", help="grid_location, fuel, tce …")
@click.option("--region", help="CN-GD: that region and what holds it / 该地区及其上级")
@json_option
def factors_command(kind: str | None, region: str | None, as_json: bool) -> None:
    """随附的排放因子与系数。 / The shipped factors and coefficients."""
    from tanlin.carbon.factors import read_facts, region_chain

    areas = region_chain(region) if region else ()
    facts = [f for f in read_facts() if kind in (None, f.kind) and (not region or f.region in areas)]
    lines = (
        f"{f.fact_id}\t{f.value:g} {f.unit}\t{f.valid_from or ''}–{f.valid_to or ''}\t{'✓' if f.verified else '未核实 / unverified'}"
        for f in facts
    )
    emit([f.as_dict() for f in facts], as_json, lambda: "\n".join(lines))


@cli.command("tariffs")
@json_option
def tariffs_command(as_json: bool) -> None:
    """随附的价目。 / The shipped tariffs."""
    from tanlin.carbon.tariffs import read_tariffs

    records = read_tariffs()
    lines = (
        f"{r['tariff_id']}\t{r['name_zh']} / {r['name_en']}\t{r['valid_from'] or ''}–{r['valid_to'] or ''}"
        for r in records
    )
    emit(records, as_json, lambda: "\n".join(lines))
