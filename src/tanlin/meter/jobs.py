"""Long work of the room: checking a file, bringing it in, refreshing what readers see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.urls import reverse

from tanlin.community import queries as community
from tanlin.kernel.errors import TanlinError, Text
from tanlin.meter import queries, services
from tanlin.meter.models import Import
from tanlin.record import Run

#: The job reports at most once in so many rows.
STRIDE = 50_000


def check(run: Run, import_id: int) -> dict[str, Any]:
    """Read a whole file and stage its rows."""
    imp = Import.objects.select_related("area").get(pk=import_id)
    total = queries.source_of(imp).stat().st_size
    last = 0

    def progress(rows: int) -> None:
        nonlocal last
        if rows - last >= STRIDE:
            last = rows
            run.progress(rows, note=Text(f"已读取 {rows:,} 行", f"{rows:,} rows read"))

    run.progress(0, note=Text(f"文件 {total / 2**20:.1f} MB", f"File of {total / 2**20:.1f} MB"))
    imp = services.check(imp, progress)
    return {**imp.counts, "url": _url(imp)}


_STEPS = (
    Text("登记新表计", "Registering new meters"),
    Text("读取暂存的读数", "Reading the staged rows"),
    Text("写入读数", "Writing the readings"),
    Text("更新汇总", "Refreshing the totals"),
)


def import_file(run: Run, import_id: int) -> dict[str, Any]:
    """Bring a checked file in; run again after a crash it neither loses nor doubles a reading."""
    imp = Import.objects.select_related("area", "actor").get(pk=import_id)

    def progress(step: int) -> None:
        run.progress(step - 1, total=len(_STEPS), note=_STEPS[step - 1])

    try:
        imp = services.run(imp, run.actor or community.SYSTEM, progress)
    except TanlinError as error:
        services.failed(imp, error)
        raise
    run.progress(3, total=len(_STEPS), note=_STEPS[3])
    refreshed = services.refresh()
    return {**imp.report["result"], "meter_days": refreshed.meter_days, "url": _url(imp)}


def refresh_if_needed(run: Run, meters: Sequence[int] = ()) -> dict[str, Any]:
    """Bring the derived tables up to date when a batch waits for it, or for meters that changed."""
    if not meters and not queries.waiting_batches():
        if services.latest_until() < queries.refreshed_batch():
            services.rebuild_latest()
        return {"meter_days": 0}
    return {"meter_days": services.refresh(meters).meter_days}


def validate(run: Run) -> dict[str, Any]:
    """Check the meter-days that changed since the last pass, and which meters are silent."""
    note = Text("校验有变动的表日", "Checking the meter-days that changed")
    done = services.validate(progress=lambda part, total: run.progress(part, total=total, note=note))
    return asdict(done)


def _url(imp: Import) -> str:
    return reverse("meter:import", kwargs={"slug": imp.area.slug, "pk": imp.pk})
