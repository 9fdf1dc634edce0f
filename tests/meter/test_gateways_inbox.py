"""The inbox: nothing is told before it is on disk, nothing leaves but what was settled."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tanlin.readings import Held, Inbox, InboxFull

pytestmark = pytest.mark.database
ROW = ("p", 600, 60, 1.5, "kWh", "", False)
TABLES = "inbox, inbox_pulse, inbox_standing, inbox_newest"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[object]:
    """A file, or the tables of the session's PostgreSQL."""
    url = os.environ.get("DATABASE_URL")
    if url is None:
        yield tmp_path / "inbox.sqlite3"
        return
    yield {"conninfo": url}
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLES}")


@pytest.fixture
def inbox(address: object) -> Iterator[Inbox]:
    one = Inbox(address)
    yield one
    one.close()


def test_what_was_put_waits_for_another_process(inbox: Inbox, address: object) -> None:
    inbox.put(7, [ROW])
    found = Inbox(address).waiting(10).drop_columns("id").to_pylist()
    assert found == [
        {
            "source": 7,
            "point": "p",
            "start": 600,
            "seconds": 60,
            "value": 1.5,
            "unit": "kWh",
            "channel": "",
            "arrival": 0,
        }
    ]


def test_many_threads_share_commits_and_lose_nothing(inbox: Inbox) -> None:
    def send(source: int) -> None:
        for n in range(50):
            inbox.put(source, [(f"p{n}", n, 60, 1.0, None, "", False)])

    threads = [threading.Thread(target=send, args=(source,)) for source in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {source: one.waiting for source, one in inbox.standings().items()} == dict.fromkeys(
        range(1, 9), 50
    )


def test_only_settled_rows_leave(inbox: Inbox) -> None:
    inbox.put(1, [(f"p{n}", n, 60, 1.0, None, "", False) for n in range(5)])
    ids = inbox.waiting(10)["id"].to_pylist()
    inbox.put(1, [("late", 9, 60, 1.0, None, "", False)])
    inbox.settle(ids[:2], {"unmapped": ids[2:4]}, [(1, "p1", 1, 60, 1.0, 0)])
    assert inbox.waiting(10)["point"].to_pylist() == ["p4", "late"]
    assert inbox.standings()[1].unmapped == 2
    assert inbox.newest(1) == {"p1": (1, 60, 1.0, False)}


def test_released_rows_wait_again_and_raw_ones_stay(inbox: Inbox) -> None:
    inbox.put(1, [ROW], [Held("p", None, None, None, None, "", "ON", "unreadable")])
    inbox.settle([], {"unmapped": inbox.waiting(10)["id"].to_pylist()})
    assert inbox.release(1, "p") == 1
    assert inbox.waiting(10)["point"].to_pylist() == ["p"]
    assert [(heap.reason, heap.raw) for heap in inbox.heaps(1)] == [("unreadable", "ON")]
    assert inbox.discard(1, "unreadable", "p") == 1
    assert inbox.heaps(1) == []


def test_an_older_reading_does_not_replace_the_newest(inbox: Inbox) -> None:
    inbox.settle([], {}, [(1, "p", 900, 60, 2.0, 0)])
    inbox.settle([], {}, [(1, "p", 600, 60, 1.0, 0)])
    assert inbox.newest(1)["p"][:3] == (900, 60, 2.0)


def test_a_source_that_nobody_maps_does_not_fill_the_inbox_of_others(address: object) -> None:
    inbox = Inbox(address, most_rows=100)
    inbox.put(1, [], [Held("x", None, None, None, None, "", "?", "unreadable")] * 50)
    with pytest.raises(InboxFull) as refusal:
        inbox.put(1, [ROW])
    assert refusal.value.code == "readings.too_many_held"
    inbox.put(2, [ROW] * 50)
    with pytest.raises(InboxFull) as refusal:
        inbox.put(2, [ROW])
    assert refusal.value.code == "readings.inbox_full"
    assert sum(one.waiting + one.held for one in inbox.standings().values()) == 100
    inbox.close()


def test_a_full_disk_refuses_whole_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself says that the file may not grow, as it does on a full disk."""
    inbox = Inbox(tmp_path / "inbox.sqlite3")
    open_ = inbox.connect

    def small(*_: object) -> object:
        connection = open_()
        connection.execute("PRAGMA max_page_count = 60")
        return connection

    monkeypatch.setattr(inbox, "connect", small)
    big = [(f"{n}-" + "x" * 150, n, 60, 1.0, None, "", False) for n in range(100)]
    taken = 0
    with pytest.raises(InboxFull) as refusal:
        for _ in range(50):
            inbox.put(1, big)
            taken += 1
    assert refusal.value.code == "readings.disk_full"
    assert refusal.value.http_status == 507
    assert 0 < inbox.waiting(10_000).num_rows == taken * 100  # the refused batch left nothing behind
    inbox.settle(inbox.waiting(10_000)["id"].to_pylist(), {})
    inbox.put(1, big)
    assert inbox.waiting(10_000).num_rows == 100
    inbox.close()


def test_a_put_larger_than_what_may_wait_is_taken_when_it_comes_alone(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tanlin.readings.inbox.MOST_PENDING", 10)
    inbox.put(1, [(f"p{n}", n, 60, 1.0, None, "", False) for n in range(11)])
    assert inbox.depth(100) == 11
