"""The room as a whole: its doors and its commands."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
from click.testing import CliRunner

from tanlin.readings import services
from tanlin.readings.cli import readings
from tests.readings.test_protocol import ZONES, hours

PURE = (
    "effective",
    "registers",
    "overlap",
    "days",
    "digest",
    "engine",
    "snapshot",
    "schema",
    "store",
    "refresh",
)


def test_pure_modules_need_no_django() -> None:
    names = ", ".join(f"tanlin.readings.{name}" for name in (*PURE, "adapters.duckdb"))
    code = f"import sys, {names}; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_door_costs_nothing_until_a_name_is_used() -> None:
    code = "import sys, tanlin.readings; sys.exit('pyarrow' in sys.modules or 'duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.django_db(transaction=True)
def test_status_and_rebuild_answer_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services._connections, "registry", lambda: (None, ZONES))
    services.append(hours(1), source="a")
    services.refresh(*services.registry())
    status = json.loads(CliRunner().invoke(readings, ["status", "--json"]).output)
    assert (status["batches"], status["rows"], status["refreshed"]) == ({"committed": 1}, 48, 1)
    rebuilt = json.loads(CliRunner().invoke(readings, ["rebuild", "--json"]).output)
    assert rebuilt == {"watermark": 1, "rows": 48, "meter_days": 2}


@pytest.mark.django_db(transaction=True)
def test_any_order_of_corrections_leaves_what_the_log_derives_to() -> None:
    """Step by step, with bills and registers among the hours, equals a rebuild."""
    from tanlin.readings import queries

    bill = hours(1, n=1, value=900.0).set_column(3, "seconds", pa.array([30 * 86400], pa.int32()))
    steps = [
        hours(1, n=700),
        bill,
        hours(1, first=700, n=20),
        hours(2, n=5),
        hours(1, first=3, n=2, value=0.0),
    ]
    for number, step in enumerate(steps):
        services.append(step, source=f"step {number}")
        services.refresh(None, ZONES)
    services.void(3)
    services.refresh(None, ZONES)
    views = ("SELECT * FROM current ORDER BY 1, 2, 3", "SELECT * FROM days ORDER BY 1, 2, 3")
    before = [queries.snapshot().query(sql) for sql in views]
    services.rebuild(None, ZONES)
    assert [queries.snapshot().query(sql) for sql in views] == before
    assert before[0].filter(pa.compute.field("meter_id") == 1)["value"].to_pylist() == [900.0]
