"""Commands of the readings: ``tanlin readings``."""

from __future__ import annotations

import click

from tanlin.kernel.cli import emit, json_option, setup


@click.group()
def readings() -> None:
    """读数库：状态、重建、压缩。 / The store of readings: status, rebuild, compact."""


@readings.command()
@json_option
def status(as_json: bool) -> None:
    """批次、进度与行数。 / Batches, watermarks and rows."""
    setup()
    from tanlin.readings import queries

    found = queries.status()
    emit(found, as_json, lambda: "\n".join(f"{name}: {value}" for name, value in found.items()))


@readings.command()
@json_option
def rebuild(as_json: bool) -> None:
    """由原始读数重新推导全部结果。 / Derive everything anew from the log; originals are not touched."""
    setup()
    from tanlin.readings import services

    done = services.rebuild(*services.registry())
    found = {"watermark": done.watermark, "rows": done.rows, "meter_days": done.meter_days}
    emit(found, as_json, lambda: "\n".join(f"{name}: {value}" for name, value in found.items()))


@readings.command()
@json_option
def compact(as_json: bool) -> None:
    """合并小文件并删除无人使用的旧文件。 / Merge small files, delete unused ones; no reading changes."""
    setup()
    from tanlin.readings import services

    done = services.compact()
    found = {"months": done.months, "files_deleted": done.files}
    emit(found, as_json, lambda: f"months: {', '.join(done.months) or '–'}\nfiles deleted: {done.files}")
