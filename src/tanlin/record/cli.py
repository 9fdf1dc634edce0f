"""Commands of the record: ``tanlin receipt``, ``tanlin work``, ``tanlin record``."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from tanlin.kernel.cli import emit, json_option, setup
from tanlin.kernel.errors import BadInput, NotFound, Text, Where

folder_option = click.option(
    "--receipts",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read receipts from this folder, not from the database / 从该文件夹读取溯源单",
)


@click.group()
def receipt() -> None:
    """溯源单：查看、复算。 / Receipts: show and replay."""


@receipt.command()
@click.argument("digest", metavar="HASH")
@folder_option
@json_option
def show(digest: str, folder: Path | None, as_json: bool) -> None:
    """查看溯源单。 / Show a receipt."""
    setup(check=folder is None)
    from tanlin.community.queries import SYSTEM
    from tanlin.record import queries
    from tanlin.record.api import receipt_json

    if folder is not None:
        body = read_receipt(folder, digest)
        stored: dict[str, Any] = {"hash": queries.full_hash(digest), "receipt": body}
    else:
        stored = receipt_json(queries.receipt(SYSTEM, digest))
    emit(stored, as_json, lambda: json.dumps(stored, ensure_ascii=False, indent=2))


@receipt.command()
@click.argument("digest", metavar="HASH")
@folder_option
@json_option
def replay(digest: str, folder: Path | None, as_json: bool) -> None:
    """复算溯源单。 / Recompute a receipt; exit code 1 unless it is equal."""
    setup(check=folder is None)
    from tanlin.community.queries import SYSTEM
    from tanlin.record import queries
    from tanlin.record.replay import change_text, replay_json

    if folder is not None:
        body = read_receipt(folder, digest)
        answer, code = queries.replay_body(body, None, folder), "{id} {version}".format(**body["method"])
    else:
        answer, code = queries.replay(SYSTEM, digest), queries.receipt(SYSTEM, digest).code
    found = replay_json(answer, code)
    lines = [Text(**found["message"]), *map(change_text, answer.changes)]
    emit(found, as_json, "\n".join(f"{line.zh} / {line.en}" for line in lines))
    sys.exit(0 if answer.answer == "equal" else 1)


def read_receipt(folder: Path, digest: str) -> dict[str, Any]:
    """The body of ``<hex>.json`` in a folder. Raises NotFound, or BadInput when it does not hash to its name."""
    from tanlin.kernel.receipt import canonical, sha256

    name = digest.removeprefix("sha256:")
    path = folder / f"{name}.json"
    if not path.is_file():
        raise NotFound("record.receipt_unknown", Text(f"没有溯源单 {name}。", f"No receipt {name}."))
    body: dict[str, Any] = json.loads(path.read_text("utf-8"))
    if sha256(canonical(body)) != f"sha256:{name}":
        text = Text(
            "溯源单内容与其编号不符，可能被改动过。", "The receipt does not hash to its name: it was changed."
        )
        raise BadInput("record.receipt_altered", text, where=Where(file=str(path)))
    return body


@click.command()
@click.option("--once", is_flag=True, help="Do what waits, then stop / 处理完排队任务后退出")
@json_option
def work(once: bool, as_json: bool) -> None:
    """执行排队的任务。 / Run queued jobs until stopped."""
    setup()
    from tanlin.record import jobs
    from tanlin.record.api import job_json

    stop = threading.Event()

    def leave(*_: object) -> None:
        stop.set()
        raise SystemExit(0)  # a running job goes back to the queue

    signal.signal(signal.SIGTERM, leave)
    if not once:
        jobs.run_worker(stop)
        return
    done = list(jobs.work_through())
    lines = [f"{job.pk} {job.kind} {job.state}" for job in done]
    emit([job_json(job) for job in done], as_json, "\n".join(lines) or "没有排队的任务。 / Nothing waits.")
    sys.exit(1 if any(job.state == "failed" for job in done) else 0)


@click.group()
def record() -> None:
    """记录：操作日志及其校验。 / The operation log and its verification."""


@record.command()
@json_option
def verify(as_json: bool) -> None:
    """校验操作日志的哈希链。 / Walk the event chain; exit code 1 when a link is broken."""
    setup()
    from tanlin.record import queries

    chain = queries.verify_chain()
    found = {"whole": chain.whole, "events": chain.length, "head": chain.head, "broken": chain.broken}
    good = f"哈希链完整，共 {chain.length} 条。 / The chain of {chain.length} events is whole."
    bad = (
        f"哈希链断裂，事件编号：{chain.broken} / The chain is broken at events {chain.broken} (0: its head)."
    )
    emit(found, as_json, good if chain.whole else bad)
    sys.exit(0 if chain.whole else 1)


@record.command()
@click.option("--place", "slug", help="Only of this place and all below it / 只看该地点及其下级")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 100_000))
@json_option
def events(slug: str | None, limit: int, as_json: bool) -> None:
    """操作日志，最新在前。 / The operation log, newest first."""
    setup()
    from tanlin.community import queries as community
    from tanlin.record import queries

    area = community.area(community.SYSTEM, slug) if slug else None
    rows = queries.events(community.SYSTEM, area, limit=limit)
    found = [{"id": row.pk, "hash": row.hash, **json.loads(row.body)} for row in rows]
    emit(
        found,
        as_json,
        "\n".join(f"{row.pk}\t{row.at:%Y-%m-%d %H:%M:%S}\t{row.verb}\t{row.subject}" for row in rows),
    )
