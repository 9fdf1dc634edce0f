"""``tanlin meter …``: files in, registry, corrections, undo; with every right."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tanlin.kernel import cli as shared
from tanlin.kernel.errors import BadInput, NotFound, Text, Where

if TYPE_CHECKING:
    from tanlin.meter.models import Import

place_option = click.option("--place", "slug", required=True, help="地点的网址标识 / slug of the place")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
#: Bad rows printed; the rest are counted.
PRINTED = 20


@click.group()
def cli() -> None:
    """表计与读数：导入、登记、更正、撤销。 / Meters and readings."""


@cli.command("import")
@file_argument
@place_option
@click.option("--mapping", help="各列的含义（JSON） / what the columns mean: fields of a mapping as JSON")
@click.option("--carrier", help="文件未写明时的能源品种 / carrier where the file is silent")
@click.option(
    "--new-meters-at", "new_at", help="新表号所在地点 / place of the meters that are not registered"
)
@click.option("--product", default="", help="新表的产品 / product of the new meters, e.g. natural_gas")
@click.option(
    "--backdate",
    is_flag=True,
    help="已登记的表计自文件首条读数起启用 / registered meters are in use since the first reading of the file",
)
@click.option("--yes", is_flag=True, help="有误的行跳过，其余导入 / leave bad rows out, import the others")
@shared.json_option
def import_file(
    file: Path,
    slug: str,
    mapping: str | None,
    carrier: str | None,
    new_at: str | None,
    product: str,
    backdate: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """导入读数文件。 / Import a file of readings; exit code 2 when it is refused."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries, services

    place = area(SYSTEM, slug)
    with file.open("rb") as stream:
        imp = services.start_import(place, stream, file.name, SYSTEM, carrier=carrier)
    try:
        if mapping:
            imp = services.set_plans(imp, _answered(imp, mapping))
        with shared.progress("检查 / checking", max(1, file.stat().st_size)) as advance:
            imp = services.check(imp, lambda _rows: advance(1))
        _print_errors(imp)
        _print_remarks(imp)
        answers = {queries.key_of(m): {"place": new_at, "product": product} for m in imp.report["unknown"]}
        if answers and not new_at:
            raise _unplaced(imp)
        imp = services.assign(imp, answers, SYSTEM, backdate=backdate)
        _print_outside(imp)
        with shared.progress("导入 / importing", 3) as advance:
            imp = services.import_now(imp, SYSTEM, partial=yes, progress=lambda _step: advance(1))
    except BadInput:
        services.discard(imp)
        raise
    result = {"import": imp.pk, "state": imp.state, "batch": imp.batch, **imp.counts, **_plain(imp)}
    unchanged = "与已有读数一致，未写入。 / Equal to the stored readings, nothing was written."
    done = f"导入 {imp.pk}：写入 {result['new']} 条读数。 / Import {imp.pk}: {result['new']} readings."
    shared.emit(result, as_json, done if imp.batch else unchanged)


def _plain(imp: Import) -> dict[str, Any]:
    return {k: v for k, v in imp.report["result"].items() if k != "meter_ids"}


def _answered(imp: Import, text: str) -> list[Any]:
    """The plans with fields of the mapping settled by JSON. Raises BadInput."""
    import json
    from dataclasses import fields, replace

    from tanlin.meter import Mapping, queries

    try:
        body = json.loads(text)
        known = {field.name for field in fields(Mapping)}
        if not isinstance(body, dict) or not set(body) <= known:
            raise ValueError(f"fields: {', '.join(sorted(known))}")
    except ValueError as error:
        raise BadInput(
            "meter.bad_mapping",
            Text("--mapping 看不懂。", "--mapping cannot be read."),
            remedy=Text(f"请写成 JSON：{error}", f"Write JSON: {error}"),
        ) from error
    body = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
    return [
        replace(plan, mapping=plan.mapping.answer(**body)) if plan.mapping else plan
        for plan in queries.plans(imp)
    ]


def _print_errors(imp: Import) -> None:
    """The first bad rows on standard error, with place and remedy in both languages."""
    import pyarrow.parquet as pq

    from tanlin.meter import staging

    if not imp.counts["bad"]:
        return
    rows = pq.read_table(staging.errors_file(imp.pk)).to_pylist()
    for row in rows[:PRINTED]:
        where = Where(row["file"], row["sheet"] or None, row["row"], row["column"], row["value"])
        text = Text(row["message_zh"], row["message_en"])
        click.echo(
            str(BadInput(row["code"], text, remedy=Text(row["remedy_zh"], row["remedy_en"]), where=where)),
            err=True,
        )
    if len(rows) > PRINTED:
        click.echo(f"… 共 {len(rows)} 处 / {len(rows)} in all", err=True)


def _print_remarks(imp: Import) -> None:
    """The doubts, on standard error."""
    for remark in imp.report["remarks"]:
        text, remedy = Text(**remark["message"]), Text(**remark["remedy"])
        click.echo(
            str(BadInput(remark["code"], text, remedy=remedy, where=Where(**remark["where"]))), err=True
        )


def _print_outside(imp: Import) -> None:
    """What will not count, on standard error."""
    early = sum(item["early"] for item in imp.report["outside"])
    late = sum(item["late"] for item in imp.report["outside"])
    if early and not imp.report["backdate"]:
        click.echo(
            f"{early} 条读数早于表计登记的启用日期，不会计入；如表计确已启用，请加 --backdate。 / "
            f"{early} readings start before their meters are registered as in use and will not count; "
            "add --backdate if they were in use.",
            err=True,
        )
    if late:
        click.echo(
            f"{late} 条读数晚于表计登记的停用日期，不会计入。 / "
            f"{late} readings start after the registered end of their meters and will not count.",
            err=True,
        )


def _unplaced(imp: Import) -> BadInput:
    numbers = [meter["number"] for meter in imp.report["unknown"]]
    shown = "、".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")
    return BadInput(
        "meter.unknown_numbers",
        Text(
            f"有 {len(numbers)} 个表号未登记：{shown}。",
            f"{len(numbers)} meters are not registered: {shown}.",
        ),
        remedy=Text("请用 --new-meters-at 指明地点。", "Say where they stand with --new-meters-at."),
    )


@cli.command("list")
@place_option
@click.option("--q", default="", help="表号、名称或地点 / words of number, name or place")
@click.option("--carrier", default="", help="能源品种 / carrier")
@shared.json_option
def list_(slug: str, q: str, carrier: str, as_json: bool) -> None:
    """列出表计及其最近读数。 / Meters with latest reading and health."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries
    from tanlin.meter.api import meter_json

    place = area(SYSTEM, slug)
    found = [meter_json(line) for line in queries.listed(place, queries.search(place, q, carrier))]
    names = ("id", "number", "carrier", "channel", "kind", "place", "latest", "health")
    lines = ["\t".join(str(one[name] or "-") for name in names) for one in found]
    shared.emit(found, as_json, "\n".join(lines) or "尚无表计。 / No meter yet.")


@cli.command()
@place_option
@shared.json_option
def imports(slug: str, as_json: bool) -> None:
    """列出导入记录。 / Imports of a place, newest first."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries
    from tanlin.meter.api import import_json

    found = [import_json(imp) for imp in queries.imports(area(SYSTEM, slug))]
    lines = [f"{i['id']}\t{i['state']}\t{i['batch'] or '-'}\t{i['filename']}" for i in found]
    shared.emit(found, as_json, "\n".join(lines) or "尚无导入。 / No import yet.")


@cli.command()
@click.argument("number", metavar="IMPORT", type=int)
def undo(number: int) -> None:
    """撤销一次导入。 / Undo a whole import."""
    shared.setup()
    from tanlin.community.queries import SYSTEM
    from tanlin.meter import queries, services

    imp = services.undo_import(queries.import_by_id(SYSTEM, number), SYSTEM)
    done = services.refresh()
    click.echo(
        f"已撤销导入 {imp.pk}，更新 {done.meter_days} 个表·日。 / Undone; {done.meter_days} meter-days re-derived."
    )


@cli.command()
@place_option
@click.option("--number", required=True, help="表号 / meter number")
@click.option(
    "--channel", default="import", show_default=True, type=click.Choice(["import", "export", "generation"])
)
@click.option(
    "--time",
    "moment",
    required=True,
    help="开始的当地时间或日期 / local time or date at which it starts: 2025-06-01T08:00, 2025-06-01",
)
@click.option(
    "--seconds",
    type=click.IntRange(0),
    help="时长，同时开始的读数有几条时才需要 / length, only where several readings start then; 0: a register",
)
@click.option("--value", required=True, type=float, help="正确的数值 / correct value, before the multiplier")
@click.option("--reason", required=True, help="原因 / reason")
@shared.json_option
def correct(
    slug: str,
    number: str,
    channel: str,
    moment: str,
    seconds: int | None,
    value: float,
    reason: str,
    as_json: bool,
) -> None:
    """更正一条读数。 / Correct one stored reading; the original stays in the log."""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import queries, services

    place = area(SYSTEM, slug)
    meter = queries.meter_by_number(place, number)
    if meter is None:
        raise NotFound("meter.unknown", Text(f"没有表号 {number}。", f"There is no meter {number}."))
    tz = queries.tz_of(meter)
    found = queries.reading_at(meter, moment, tz, channel=channel, seconds=seconds)
    batch = services.correct_reading(
        meter_id=meter.pk,
        channel=channel,
        start=found["start"],
        seconds=found["seconds"],
        value=value,
        reason=reason,
        actor=SYSTEM,
        area=place,
    )
    days = services.refresh().meter_days
    result = {"batch": batch.number if batch else None, "meter_days": days}
    shared.emit(result, as_json, f"更新 {days} 个表·日。 / {days} meter-days re-derived.")


@cli.command()
@shared.json_option
def refresh(as_json: bool) -> None:
    """更新汇总和最近读数。 / Bring derived tables and latest readings up to date; prints the meter-days re-derived."""
    shared.setup()
    from tanlin.meter import services

    done = services.refresh()
    services.rebuild_latest()
    found = {"watermark": done.watermark, "meter_days": done.meter_days, "rows": done.rows}
    shared.emit(
        found, as_json, f"更新 {done.meter_days} 个表·日。 / {done.meter_days} meter-days re-derived."
    )


@cli.command()
@file_argument
@place_option
@shared.json_option
def register(file: Path, slug: str, as_json: bool) -> None:
    """按清单登记表计。 / Register meters from a CSV: number, carrier, place, kind, unit, multiplier, parent …"""
    shared.setup()
    from tanlin.community.queries import SYSTEM, area
    from tanlin.meter import services

    place = area(SYSTEM, slug)
    ids = services.register(list(_specs(file, place)), actor=SYSTEM, area=place)
    found = [{"carrier": c, "number": n, "channel": ch, "id": pk} for (c, n, ch), pk in ids.items()]
    shared.emit(found, as_json, f"登记 {len(found)} 块表。 / {len(found)} meters registered.")


def _specs(file: Path, area: Any) -> Any:
    """One spec a line of the CSV. Raises BadInput with the row."""
    from tanlin.community.queries import SYSTEM
    from tanlin.kernel.units import CANONICAL
    from tanlin.meter import queries
    from tanlin.meter.services import Spec
    from tanlin.meter.uses import use_of

    with file.open(encoding="utf-8-sig", newline="") as stream:
        for line, row in enumerate(csv.DictReader(stream), 2):
            try:
                place = queries.place_below(SYSTEM, area, row.get("place") or area.slug)
                yield Spec(
                    owner=queries.owner_of(place),
                    place=place,
                    carrier=row["carrier"],
                    number=row["number"],
                    unit=row.get("unit") or CANONICAL[row["carrier"]],
                    valid_from=date.fromisoformat(row["valid_from"]),
                    multiplier=float(row.get("multiplier") or 1),
                    parent=row.get("parent") or None,
                    name=row.get("name") or "",
                    channel=row.get("channel") or "import",
                    kind=row.get("kind") or "interval",
                    product=row.get("product") or "",
                    use=use_of(row.get("use") or row.get("用途") or ""),
                    tariff=row.get("tariff") or "",
                    digits=int(row.get("digits") or row.get("位数") or 0) or None,
                )
            except BadInput as error:
                error.where = replace(error.where or Where(), file=file.name, row=line)
                raise
            except (KeyError, ValueError) as error:
                raise BadInput(
                    "meter.bad_line",
                    Text(f"此行看不懂：{error}", f"This line cannot be read: {error}"),
                    remedy=Text(
                        "需要 number、carrier、valid_from，可有 place、kind、unit、multiplier、parent、channel、digits（位数）、use（用途）。",
                        "Needed: number, carrier, valid_from; also place, kind, unit, multiplier, parent, channel, digits, use.",
                    ),
                    where=Where(file.name, row=line),
                ) from error


from tanlin.meter.gateway_cli import gateway, gateways, listen  # noqa: E402  (they use the options above)
from tanlin.meter.quality_cli import exceptions, settle  # noqa: E402

for command in (gateway, gateways, listen, exceptions, settle):
    cli.add_command(command)
