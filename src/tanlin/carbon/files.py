"""An inventory from files alone: readings in Parquet, a map of meters in CSV. No database, no Django.

``map.csv`` columns: meter, place, region, carrier, channel, kind, unit, multiplier, parent; optional product,
tariff, use, uncertainty_pct. Months are those of the regions' time zone, unless the job states one. Receipts are ``<hex>.json`` in a folder beside ``files.json`` (digest → path).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tanlin.carbon.edge import Job, meters_frame, read_map, readings_table
from tanlin.carbon.factors import FactorBook, data_rows, read_facts, region_chain
from tanlin.carbon.figures import Result, results, without_use
from tanlin.carbon.inventory import Inventory, inventory
from tanlin.carbon.methods import INVENTORY
from tanlin.carbon.tariffs import TariffBook, read_tariffs
from tanlin.kernel.errors import BadInput, NotFound, Text, Where
from tanlin.kernel.period import Period, zone
from tanlin.kernel.receipt import Change, Receipt, Recomputed, build, canonical, sha256, significant

METHOD = INVENTORY


def settled(job: Job) -> Job:
    """The job with its time zone: the one stated, else that of the map's regions (``data/regions.csv``).

    Raises BadInput naming ``--tz`` for an unknown zone, a region whose zone is not known, or regions of several.
    """
    if job.tz:
        zone(job.tz)
        return job
    known = {row["region"]: row["tz"] for row in data_rows("regions.csv")}
    found: dict[str, str] = {}
    for line, row in enumerate(read_map(job.meters), start=2):
        tz = next((known[area] for area in region_chain(row["region"]) if known.get(area)), "")
        if not tz:
            zh, en = "不知道该地区的时区。", "The time zone of this region is not known."
            raise _no_zone("carbon.zone_unknown", job.meters, zh, en, line, row["region"])
        found.setdefault(tz, row["region"])
        if len(found) > 1:
            zh, en = "对照表中的地区不在同一时区。", "The regions of the map lie in several time zones."
            raise _no_zone("carbon.zones_differ", job.meters, zh, en, line, row["region"])
    if not found:
        raise _no_zone("carbon.zone_unknown", job.meters, "对照表中没有表计。", "The map has no meter.")
    return replace(job, tz=next(iter(found)))


def _no_zone(
    code: str, path: Path, zh: str, en: str, row: int | None = None, region: str | None = None
) -> BadInput:
    remedy = Text(
        "请用 --tz 给出时区，如 --tz Asia/Shanghai。", "Give it with --tz, such as --tz Asia/Shanghai."
    )
    where = Where(file=str(path), row=row, column="region", value=region)
    return BadInput(code, Text(zh, en), remedy=remedy, where=where)


def compute(job: Job, book: FactorBook | None = None) -> tuple[Inventory, list[Result]]:
    """Inventory and figures of a job. Raises BadInput naming file, row, column, value and remedy."""
    from tanlin.readings import Snapshot

    job = settled(job)
    book = book or FactorBook(read_facts(job.factors))
    rows = read_map(job.meters)
    number = {row["meter"]: i for i, row in enumerate(rows)}
    snapshot = Snapshot.from_table(readings_table(job, rows, number))
    frame = meters_frame(job, rows, number, book)
    made = inventory(snapshot, frame, job.period, book, TariffBook(read_tariffs(job.tariffs)), gwp=job.gwp)
    found = results(made)
    if not any("use" in row for row in rows):
        found = [without_use(result) for result in found]
    return made, found


def receipts(job: Job, made: Inventory, found: list[Result]) -> dict[str, Receipt]:
    """Figure key → receipt. Inputs: the files by digest, and every fact by id and vintage."""
    job = settled(job)
    files = [{"file": path.name, "sha256": sha256(path.read_bytes())} for path in job.files.values()]
    places = sorted(set(made.table["place"].to_pylist()))
    place = places[0] if len(places) == 1 else job.meters.stem
    return {
        result.key: build(
            figure=result.key,
            place=place,
            period=job.period.label,
            method=METHOD,
            parameters=job.parameters(),
            inputs=[*files, *made.facts_used],
            result=_body(result),
        )
        for result in found
    }


def _body(result: Result) -> dict[str, Any]:
    """The receipt's result; a table stands by the digest of its canonical rows, as in stored receipts."""
    body = result.body()
    if result.table is not None:
        body["table"] = sha256(canonical(significant(result.table)))
    return body


def write_receipts(job: Job, made: dict[str, Receipt], folder: Path) -> None:
    """Write ``<hex>.json`` for each, and where the files lie in ``files.json`` (outside the hash)."""
    folder.mkdir(parents=True, exist_ok=True)
    for receipt in made.values():
        (folder / f"{receipt.hash.removeprefix('sha256:')}.json").write_text(receipt.text, "utf-8")
    index = folder / "files.json"
    known = json.loads(index.read_text("utf-8")) if index.exists() else {}
    known |= {sha256(path.read_bytes()): str(path.resolve()) for path in job.files.values()}
    index.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False), "utf-8")


def replay(body: dict[str, Any], folder: Path) -> Recomputed:
    """Recompute a figure from its files with the facts as pinned, and name what is different today.

    Raises NotFound where a file is gone.
    """
    pinned = {item["file"]: item["sha256"] for item in body["inputs"] if "file" in item}
    index = folder / "files.json"
    paths = json.loads(index.read_text("utf-8")) if index.exists() else {}
    parameters, found, changes = body["parameters"], {}, []
    for role, name in parameters["files"].items():
        path = Path(paths.get(pinned[name], folder / name))
        if not path.is_file():
            raise NotFound(
                "carbon.file_gone",
                Text(f"找不到文件 {name}。", f"File {name} is gone."),
                where=Where(file=str(path)),
            )
        now = sha256(path.read_bytes())
        if now != pinned[name]:
            kind: Any = {"readings": "reading", "map": "registry"}.get(role, "fact")
            changes.append(Change(kind, name, pinned[name], now))
        found[role] = path
    job = Job(
        found["readings"],
        found["map"],
        Period.parse(body["period"]),
        parameters["tz"],
        found.get("factors"),
        found.get("tariffs"),
        parameters["local_time"],
        parameters["zeros_missing"],
        parameters["gwp"],
    )
    facts, more = _pinned_facts(body, job)
    _, made = compute(job, FactorBook(facts))
    result = next((r for r in made if r.key == body["figure"]), None)
    if result is None:
        raise NotFound("carbon.figure_unknown")
    return Recomputed(_body(result), [*changes, *more])


def _pinned_facts(body: dict[str, Any], job: Job) -> tuple[list[Any], list[Change]]:
    cited = {item["fact"]: item for item in body["inputs"] if "fact" in item and "value" in item}
    facts, changes = [], []
    for fact in read_facts(job.factors):
        was = cited.pop(fact.fact_id, None)
        if was and (was["value"], was["unit"]) != (fact.value, fact.unit):
            changes.append(Change("fact", fact.fact_id, was["value"], fact.value))
            fact = replace(fact, value=was["value"], unit=was["unit"])
        facts.append(fact)
    return facts, changes + [Change("fact", name, item["value"], None) for name, item in cited.items()]
