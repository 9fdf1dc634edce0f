"""Compaction: fewer files, the same readings, and nobody's files pulled away."""

import os
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from tanlin.kernel.errors import BadInput
from tanlin.readings import compact as compacting
from tanlin.readings import jobs, queries, services, set_digest
from tanlin.readings.models import State
from tests.readings.test_protocol import START, ZONES, hours, rows

pytestmark = pytest.mark.django_db(transaction=True)

DAY = 86_400
VIEWS = ("current", "days", "digests", "log")


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve batches, refreshed one by one: corrections, registers, a batch undone."""
    for number in range(11):
        services.append(
            pa.concat_tables([hours(1, n=9 + number, value=number + 1.0), hours(2, number, 5)]), source=""
        )
        services.refresh(None, ZONES)
    services.append(
        rows([(3, "", START + d * DAY, 0, 1.5 * d, "measured") for d in range(40)]), source="registers"
    )
    services.void(4)
    services.refresh(None, ZONES)


def seen(snapshot=None) -> list[pa.Table]:
    snapshot = snapshot or queries.snapshot()
    return [snapshot.query(f"SELECT * FROM {view} ORDER BY ALL") for view in VIEWS]


def files(name: str = "log") -> list[str]:
    return DeltaTable(str(queries.store().root / name)).file_uris()


def on_disk(name: str) -> int:
    return sum(1 for _ in (queries.store().root / name).glob("*/*.parquet"))


def test_a_merge_leaves_every_row_and_fewer_files(crowded) -> None:
    before, many = seen(), len(files())
    assert services.compact().months == ["2025-05", "2025-06"]
    assert len(files()) < many
    assert seen() == before


def test_a_merged_month_is_sorted_by_meter_and_time(crowded) -> None:
    services.compact()
    for file in files():
        keys = pa.parquet.read_table(file).select(["meter_id", "channel", "start", "seconds", "batch"])
        order = [(name, "ascending") for name in keys.column_names]
        assert keys.equals(keys.sort_by(order))


def test_what_a_receipt_pins_is_the_same_after_compaction_and_sweep(crowded, monkeypatch) -> None:
    """Earlier watermarks replay to equal rows and digests, undone batches included."""
    span = (START, START + 50 * DAY)
    watermarks = range(1, queries.watermark() + 1)

    def replayed() -> list[tuple]:
        found = [queries.as_of(batch, [1, 2, 3], None, *span, zones=ZONES) for batch in watermarks]
        return [
            (set_digest(old.digests), old.snapshot.query("SELECT * FROM days ORDER BY 1, 2, 3"))
            for old in found
        ]

    before, now = replayed(), queries.digests([1, 2, 3], "2025-01", "2025-12")
    monkeypatch.setattr(compacting, "retention", lambda: 0)
    for _ in range(2):
        services.compact()
    assert replayed() == before
    assert queries.digests([1, 2, 3], "2025-01", "2025-12") == now
    services.rebuild(None, ZONES)
    assert queries.digests([1, 2, 3], "2025-01", "2025-12") == now


def test_a_reader_that_opened_before_reads_on(crowded) -> None:
    pinned = queries.snapshot()
    before = seen(pinned)
    services.append(hours(1, n=3, value=77.0), source="later")
    services.refresh(None, ZONES)
    services.compact()
    assert seen(pinned) == before


def test_only_files_out_of_retention_and_out_of_use_are_deleted(crowded, monkeypatch) -> None:
    names = ("log", "current", "days", "digests")
    assert services.compact().files == 0
    monkeypatch.setattr(compacting, "retention", lambda: 0)
    services.compact()
    services.compact()
    before = seen()
    for name in names:
        assert on_disk(name) == len(files(name))
    assert seen() == before


def test_what_a_killed_writer_left_is_deleted_in_time(crowded) -> None:
    root = queries.store().root
    orphan = Path(files()[0]).with_name("part-of-a-dead-writer.parquet")
    staged = root / ".staging-dead"
    staged.mkdir()
    for path in (orphan, staged / "incoming.parquet"):
        path.write_bytes(b"x")
    services.compact()
    assert orphan.exists() and staged.exists()
    for path in (orphan, staged):
        os.utime(path, (0, 0))
    assert services.compact().files == 1
    assert not orphan.exists() and not staged.exists()


def test_the_number_of_the_last_batch_survives_merges_and_checkpoints(crowded) -> None:
    place = queries.store()
    last = place.last_batch()
    services.compact()
    DeltaTable(str(place.root / "log")).create_checkpoint()
    for file in (place.root / "log" / "_delta_log").iterdir():
        os.utime(file, (0, 0))
    services.compact()
    assert len(list((place.root / "log" / "_delta_log").glob("*.json"))) == 1
    assert place.last_batch() == last
    assert services.append(hours(1, n=19, value=11.0), source="again") is None
    batch = services.append(hours(5), source="next")
    assert batch is not None and place.last_batch() == batch.number


@pytest.mark.parametrize("torn", [True, False])
def test_a_merge_that_died_is_settled_by_the_next_writer(crowded, monkeypatch, torn: bool) -> None:
    """Torn by a power cut it is taken back, whole it stays; the readings are the same."""
    before = seen()
    with monkeypatch.context() as patch:
        patch.setattr(compacting, "merge", dying(compacting.merge))
        with pytest.raises(KeyboardInterrupt):
            services.compact()
    assert State.objects.get().merging is not None
    if torn:
        os.truncate(max(map(Path, files()), key=lambda file: file.stat().st_mtime_ns), 10)
    assert seen() == before
    services.recover()
    assert State.objects.get().merging is None
    services.rebuild(None, ZONES)
    assert seen() == before


def dying(original):
    def dies(*args):
        original(*args)
        raise KeyboardInterrupt

    return dies


def test_a_torn_checkpoint_goes_with_its_commit(crowded) -> None:
    place, before = queries.store(), seen()
    version = place.version("log")
    services._reserve("dead")
    place.append(pa.RecordBatchReader.from_batches(place.source("log").schema, []), place.last_batch() + 1)
    DeltaTable(str(place.root / "log")).create_checkpoint()
    commits = place.root / "log" / "_delta_log"
    for file in (*commits.glob(f"{version + 1:020}*"), commits / "_last_checkpoint"):
        os.truncate(file, 0)
    assert [batch.state for batch in services.recover()] == ["void"]
    assert place.version("log") == version
    services.refresh(None, ZONES)
    assert seen() == before


def test_a_second_compaction_finds_nothing_to_do(crowded) -> None:
    services.compact()
    version = queries.store().version("log")
    assert services.compact().months == []
    assert queries.store().version("log") == version


def test_the_hourly_job_reports_what_it_did(crowded) -> None:
    class Run:
        told: list[tuple[int, int]] = []

        def progress(self, done: int, total: int) -> None:
            self.told.append((done, total))

    done = jobs.compact(Run())
    assert done["months"] and Run.told[0] == (0, len(done["months"]))


@pytest.mark.parametrize("text", ["0", "-1", "day", ""])
def test_a_retention_of_less_than_an_hour_is_refused(monkeypatch, text: str) -> None:
    monkeypatch.setenv("TANLIN_RETENTION_HOURS", text)
    with pytest.raises(BadInput, match="TANLIN_RETENTION_HOURS"):
        services.compact()


def test_compaction_before_the_first_append_does_nothing() -> None:
    assert services.compact() == services.Compacted([], 0)
