"""Verbs of an import: a file is kept, understood, checked, agreed to, brought in, undone.

Nothing reaches the store before ``run``, and ``run`` may be killed at any point and run again: the batch is
linked to its import in the transaction that commits it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow.compute as pc
from django.db import transaction
from django.utils import timezone

from tanlin.community import queries as community
from tanlin.kernel.errors import BadInput, Conflict, TanlinError, Text, Where
from tanlin.kernel.period import zone
from tanlin.kernel.ports import enqueue, report_event
from tanlin.meter import queries, sheets, staging
from tanlin.meter.models import Import, MeterRow, SourceMapping
from tanlin.meter.services.registry import Spec, bad_digits, change, register
from tanlin.meter.services.values import IMPORT_SOURCE, add_readings, refresh, undo_batch
from tanlin.readings import services as readings
from tanlin.record import services as record

if TYPE_CHECKING:
    from tanlin.community.queries import Area

#: Files up to this many bytes are checked at once, larger ones by a job.
SMALL = 2 * 2**20
State = Import.State
Progress = Callable[[int], None]


def start_import(
    area: Area, stream: BinaryIO, filename: str, actor: Any, *, carrier: str | None = None
) -> Import:
    """Keep a file as evidence and plan how to read it.

    Raises BadInput for a file that cannot be read; then nothing is kept.
    """
    name = staging.safe_name(filename)
    with TemporaryDirectory(dir=staging.folder()) as here:
        path = Path(here) / name
        with path.open("wb") as file:
            shutil.copyfileobj(stream, file)
        plans = staging.plan(sheets.read(path), lambda mark: _recall(area, mark), area.tz, carrier)
        with transaction.atomic(), path.open("rb") as file:
            kept = record.store_evidence(file, name=name, media_type="", area=area, actor=actor)
            return Import.objects.create(
                area=area,
                evidence=kept.sha256,
                filename=name,
                mapping=[p.to_json() for p in plans],
                actor_id=getattr(actor, "pk", None),
            )


def _recall(area: Area, mark: str) -> dict[str, Any] | None:
    near = SourceMapping.objects.filter(area__in=area.ancestor_ids, fingerprint=mark)
    row = near.order_by("-area__path").first()
    return row.mapping if row else None


def set_plans(imp: Import, plans: list[staging.Plan]) -> Import:
    """Settle how the sheets are read. What an earlier check found is dropped."""
    imp = _expect(imp, State.UPLOADED, State.CHECKED, State.REFUSED)
    staging.drop(imp.pk)
    imp.mapping, imp.report, imp.answers = [p.to_json() for p in plans], {}, {}
    imp.state = State.UPLOADED
    imp.save()
    return imp


def request_check(imp: Import, actor: Any) -> Import:
    """Check a small file now, a larger one by a job."""
    imp = _expect(imp, State.UPLOADED, State.REFUSED)
    if queries.source_of(imp).stat().st_size <= SMALL:
        with suppress(BadInput):  # kept in the report; the page shows it
            check(imp)
    else:
        _hand_over(imp, State.CHECKING, "meter.check", actor)
    return Import.objects.get(pk=imp.pk)


def check(imp: Import, progress: Progress | None = None) -> Import:
    """Read the whole file, stage its rows and remember the mapping. Raises BadInput, kept in the report."""
    imp = _expect(imp, State.UPLOADED, State.CHECKING, State.REFUSED)
    plans = queries.plans(imp)
    try:
        with staging.named(queries.source_of(imp), imp.filename) as path:
            report = staging.check(path, plans, queries.known(imp.area), imp.pk, progress)
    except BadInput as error:
        _save(imp, State.REFUSED, report={"error": error.as_dict()})
        raise
    with transaction.atomic():
        _save(imp, State.CHECKED, report=report | {"outside": queries.outside(imp)})
        for plan in plans:
            if plan.use and plan.mapping is not None:
                SourceMapping.objects.update_or_create(
                    area=imp.area,
                    fingerprint=plan.fingerprint,
                    defaults={"mapping": plan.to_json()["mapping"]},
                )
    return imp


def assign(
    imp: Import, answers: Mapping[str, Mapping[str, Any]], actor: Any, *, backdate: bool = False
) -> Import:
    """Settle where unknown meters stand: ``queries.key_of(meter)`` → place (slug or name), product, multiplier,
    tariff, digits (of a register).

    A number left without a place is not imported. ``backdate``: registered meters hold from the first day of
    the file's readings; that needs the right ``meters``. Raises BadInput for a place outside the import's.
    """
    imp = _expect(imp, State.CHECKED)
    if backdate:
        community.require(actor, imp.area, "meters")
    keys = {queries.key_of(meter) for meter in imp.report["unknown"]}
    settled = {}
    for key, answer in answers.items():
        if key not in keys:
            raise BadInput(
                "meter.not_in_file",
                Text("文件里没有这个表号。", "The file does not name this meter."),
                where=Where(value=key),
            )
        if answer.get("place"):
            place = queries.place_below(actor, imp.area, answer["place"])
            settled[key] = {**answer, "place": place.slug}
        if not float(answer.get("multiplier") or 1) > 0:
            raise BadInput(
                "meter.bad_multiplier",
                Text("倍率必须大于 0。", "The multiplier must be greater than 0."),
                where=Where(column="倍率", value=str(answer["multiplier"])),
            )
        digits = answer.get("digits")
        if digits is not None and not 3 <= digits <= 12:
            raise bad_digits(str(digits))
    twice = queries.counted_twice(imp, settled)
    _save(imp, State.CHECKED, answers=settled, report=imp.report | {"backdate": backdate, "twice": twice})
    return imp


def confirm(imp: Import, actor: Any, *, partial: bool = False, twice: bool = False) -> Import:
    """Queue the import.

    Raises BadInput where bad rows were not agreed to be left out (``partial``), where meters that may count
    the same were not said to differ (``twice``), or nothing is left.
    """
    imp = _agreed(imp, partial, twice)
    return _hand_over(imp, State.IMPORTING, "meter.import", actor)


def _agreed(imp: Import, partial: bool, twice: bool) -> Import:
    imp = _expect(imp, State.CHECKED)
    if imp.counts.get("bad") and not partial:
        raise BadInput(
            "meter.bad_rows",
            Text(f"有 {imp.counts['bad']} 行有误。", f"Bad rows: {imp.counts['bad']}."),
            remedy=Text(
                "请修改文件后重新上传，或同意只导入其余各行。",
                "Mend the file and upload it again, or agree to import the other rows only.",
            ),
        )
    if imp.report.get("twice") and not twice:
        one = imp.report["twice"][0]
        raise BadInput(
            "meter.counted_twice",
            Text(
                f"“{one['number']}”可能与已登记的“{one['other']}”称的是同一批垃圾，会计两次。",
                f"“{one['number']}” may weigh the same waste as the registered “{one['other']}”, which would count twice.",
            ),
            remedy=Text(
                "确是不同的垃圾，请勾选后导入（命令行加 --yes）；否则请跳过新的称重点，或先停用原来的。",
                "If the waste differs, tick that and import (--yes on the command line); else leave the new one out or end the old one first.",
            ),
        )
    if not queries.will_import(imp):
        raise BadInput(
            "meter.nothing_to_import",
            Text("没有可导入的读数。", "No reading can be imported."),
            remedy=Text(
                "请为未登记的表号选择地点。", "Choose a place for the meters that are not registered."
            ),
        )
    return imp


def _hand_over(imp: Import, state: str, kind: str, actor: Any) -> Import:
    with transaction.atomic():
        job = enqueue(kind, {"import_id": imp.pk}, actor=actor, area=imp.area)
        _save(imp, state, job=job.pk)
    return imp


def run(imp: Import, actor: Any, progress: Progress | None = None) -> Import:
    """Register the unknown meters and store the staged rows as one batch, once, however often it is run.

    ``progress`` may raise to cancel until the batch is being written.
    """
    readings.recover()  # a batch of this import whose writer died is linked now
    imp = Import.objects.select_related("area").get(pk=imp.pk)
    if imp.state in (State.DONE, State.UNDONE):
        return imp
    _expect(imp, State.IMPORTING)
    _report(progress, 1)
    with transaction.atomic():
        new = _register(imp, actor)
        _backdate(imp, actor)
    _report(progress, 2)
    rows, left = staging.with_ids(imp.pk, queries.known(imp.area))
    ids = pc.unique(rows["meter_id"]).to_pylist()
    result = {"rows": rows.num_rows, "left": left, "meters": new, "meter_ids": ids}
    _report(progress, 3)

    def link(batch: Any) -> None:
        _finish(imp, batch.number, {**result, "new": batch.rows})

    source = IMPORT_SOURCE.format(pk=imp.pk, filename=imp.filename)
    if add_readings(rows, source=source, actor=actor, area=imp.area, also=link) is None:
        with transaction.atomic():
            _finish(imp, None, {**result, "new": 0})
            report_event("meter.import_unchanged", actor=actor, area=imp.area, subject=imp.filename)
    staging.rows_file(imp.pk).unlink(missing_ok=True)
    return imp


def _report(progress: Progress | None, step: int) -> None:
    if progress is not None:
        progress(step)


def _finish(imp: Import, batch: int | None, result: dict[str, Any]) -> None:
    _save(imp, State.DONE, batch=batch, finished=timezone.now(), report={**imp.report, "result": result})


def _register(imp: Import, actor: Any) -> int:
    """Meters of the file that have a place and are still unknown; a second run finds none."""
    known = queries.known(imp.area)
    have = set(zip(*(known[name].to_pylist() for name in staging.KEY), strict=True))
    specs = []
    for meter in imp.report["unknown"]:
        answer = imp.answers.get(queries.key_of(meter))
        if answer is not None and (meter["number"], meter["carrier"], meter["channel"]) not in have:
            specs.append(_spec(imp, meter, answer, actor))
    if specs:
        register(specs, actor=actor, area=imp.area)
    return len(specs)


def _backdate(imp: Import, actor: Any) -> None:
    """Registered meters hold from the first day of the file's readings; a second run changes nothing."""
    if not imp.report.get("backdate"):
        return
    for item in imp.report.get("outside", ()):
        row = (
            MeterRow.objects.filter(
                meter=item["meter_id"], channel=item["channel"], superseded_at__isnull=True
            )
            .select_related("place")
            .order_by("valid_from")
            .first()
        )
        day = local_day(item["first"], row.place.tz) if row else None
        if row is not None and day is not None and day < row.valid_from:
            change(row, {"valid_from": day}, actor=actor, reason=f"import {imp.pk}: {imp.filename}")


def _spec(imp: Import, meter: dict[str, Any], answer: dict[str, Any], actor: Any) -> Spec:
    place = queries.place_below(actor, imp.area, answer["place"])
    return Spec(
        owner=queries.owner_of(place),
        place=place,
        carrier=meter["carrier"],
        number=meter["number"],
        channel=meter["channel"],
        kind=answer.get("kind") or meter["kind"],
        unit=meter["unit"],
        name=meter["name"][:120],
        product=answer.get("product") or meter["product"],
        multiplier=float(answer.get("multiplier") or meter["multiplier"] or 1),
        tariff=answer.get("tariff", ""),
        digits=answer.get("digits"),
        valid_from=local_day(meter["first"], place.tz),
    )


def local_day(second: int, tz: str) -> date:
    """The local day of an epoch second."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).astimezone(zone(tz)).date()


def undo_import(imp: Import, actor: Any) -> Import:
    """Void the batch of an import; its readings no longer count, and the file can be imported again."""
    imp = _expect(imp, State.DONE)
    if imp.batch is None:
        raise Conflict(
            "meter.nothing_to_undo", Text("这次导入没有写入读数。", "This import wrote no reading.")
        )

    def link(batch: Any) -> None:
        _save(imp, State.UNDONE, undo_batch=batch.number, finished=timezone.now())

    undo_batch(
        imp.batch,
        imp.report["result"].get("meter_ids"),
        actor=actor,
        area=imp.area,
        source=f"undo {imp.pk}: {imp.filename}",
        also=link,
    )
    return imp


def repeat(imp: Import, actor: Any) -> Import:
    """A new import of the same file, read the same way."""
    imp = _expect(imp, State.UNDONE, State.DONE)
    return Import.objects.create(
        area=imp.area,
        evidence=imp.evidence,
        filename=imp.filename,
        mapping=imp.mapping,
        actor_id=getattr(actor, "pk", None),
    )


def discard(imp: Import) -> None:
    """Forget an import that stored nothing; the file stays among the evidence."""
    imp = _expect(imp, State.UPLOADED, State.CHECKED, State.REFUSED)
    staging.drop(imp.pk)
    imp.delete()


def import_now(imp: Import, actor: Any, *, partial: bool, progress: Progress | None = None) -> Import:
    """Confirm, run and refresh at once, for the command line and the demonstration; ``partial`` agrees to all."""
    imp = _agreed(imp, partial, twice=partial)
    _save(imp, State.IMPORTING)
    imp = run(imp, actor, progress)
    refresh()
    return imp


def _expect(imp: Import, *states: str) -> Import:
    """The import as it stands now. Raises Conflict in any other state."""
    found = Import.objects.select_related("area").get(pk=imp.pk)
    if queries.stage(found) not in states and found.state not in states:
        raise Conflict(
            "meter.import_state",
            Text("导入的状态已改变。", "The import has moved on meanwhile."),
            remedy=Text("请刷新页面。", "Reload the page."),
        )
    return found


def _save(imp: Import, state: str, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(imp, name, value)
    imp.state = state
    imp.save(update_fields=["state", *fields])


def failed(imp: Import, error: TanlinError) -> None:
    """Keep why the import could not be done; the check stands and it can be tried again."""
    _save(imp, State.CHECKED, report={**imp.report, "error": error.as_dict()})
