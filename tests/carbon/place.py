"""A small community with everything at once, through the real verbs and the real store.

Two months of readings in 2023. ``READ`` holds what was read, so that a test can compute its own answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from tanlin.carbon import services as carbon
from tanlin.community import services as community
from tanlin.community.models import User
from tanlin.community.queries import SYSTEM
from tanlin.kernel.period import Period
from tanlin.meter import services as meter
from tanlin.meter.models import MeterRow

ZONE = ZoneInfo("Asia/Shanghai")
YEAR = Period("2023")
HOURS = 61 * 24  # March and April
DEAD_AFTER = 500
SEED = np.random.default_rng(11)


def es(text: str) -> int:
    """Epoch seconds of a local time such as ``2023-03-01``."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


START = es("2023-03-01")


def _hours(low: float, high: float, count: int = HOURS) -> np.ndarray:
    return np.round(SEED.uniform(low, high, count), 3)


#: (number, channel) → hourly values as read.
HOURLY = {
    ("MAIN", "import"): _hours(1, 3),
    ("SUB-1", "import"): _hours(10, 20),
    ("SUB-2", "import"): _hours(10, 20),
    ("LONE", "import"): _hours(2, 4, DEAD_AFTER),
    ("PV", "generation"): _hours(0, 5),
    ("PV", "export"): _hours(0, 1),
}
#: number → (first day, end day, value) of bills; (day, value) of registers.
BILLS = {
    "BILL": [("2023-03-01", "2023-03-16", 90.0), ("2023-03-16", "2023-04-16", 310.0)],
    "WASTE": [("2023-03-01", "2023-04-01", 5000.0), ("2023-04-01", "2023-05-01", 4000.0)],
    "WATER": [("2023-03-01", "2023-04-01", 700.0), ("2023-04-01", "2023-05-01", 650.0)],
}
REGISTER = {"GAS": [("2023-03-01", 9900.0), ("2023-03-21", 9960.0), ("2023-04-10", 40.0)]}
MULTIPLIER = {"MAIN": 40.0, "LONE": 2.0}


@dataclass
class Place:
    """Areas by slug, meter ids by number, and the batch of the readings."""

    areas: dict[str, Any]
    ids: dict[str, int]
    batch: int
    users: dict[str, Any] = field(default_factory=dict)

    @property
    def area(self) -> Any:
        return self.areas["garden"]

    def row(self, number: str, channel: str = "import") -> MeterRow:
        """The row in force."""
        return MeterRow.objects.get(
            meter=self.ids[number], channel=channel, superseded_at__isnull=True, valid_to__isnull=True
        )

    def correct(self, number: str, hour: int, value: float) -> Any:
        """Correct one hourly reading; returns what the refresh says."""
        start = START + 3600 * hour
        self.commit(number, start, value)
        return meter.refresh()

    def commit(self, number: str, start: int, value: float) -> Any:
        """Correct one hourly reading and leave the derived tables behind."""
        return meter.correct_reading(
            meter_id=self.ids[number],
            channel="import",
            start=start,
            seconds=3600,
            value=value,
            reason="wrong",
            actor=SYSTEM,
            area=self.area,
        )


def areas(origin: str = "measured") -> dict[str, Any]:
    made: dict[str, Any] = {}
    for slug, level, parent in (
        ("street", "street", None),
        ("garden", "community", "street"),
        ("garden-1", "building", "garden"),
        ("garden-101", "home", "garden-1"),
        ("meadow", "community", "street"),
    ):
        made[slug] = community.create_area(
            SYSTEM, slug=slug, name=slug, level=level, parent=made.get(parent or ""), region="CN-GD-SZ",
            origin=origin,
        )  # fmt: skip
    return made


def build(origin: str = "measured") -> Place:
    """The community with its meters, facts, readings and users; nothing is derived yet."""
    made = areas(origin)
    ids = register(made)
    batch = meter.add_readings(readings(ids), source="test", actor=SYSTEM, area=made["garden"])
    meter.refresh()
    carbon.load_facts(SYSTEM)
    users = {name: User.objects.create(username=name, password="!") for name in ("keeper", "stranger")}
    community.grant(SYSTEM, user=users["keeper"], role="operator", area=made["street"])
    community.grant(SYSTEM, user=users["stranger"], role="worker", area=made["meadow"])
    return Place(made, ids, batch.number, users)


def register(made: dict[str, Any]) -> dict[str, int]:
    def spec(number: str, place: str, carrier: str = "electricity", **more: Any) -> meter.Spec:
        unit = {"electricity": "kWh", "waste": "kg"}.get(carrier, "m3")
        return meter.Spec(
            owner=made["meadow" if place == "meadow" else "garden"], place=made[place], carrier=carrier,
            number=number, unit=unit, valid_from=date(2023, 3, 1), multiplier=MULTIPLIER.get(number, 1.0), **more,
        )  # fmt: skip

    specs = [
        spec("MAIN", "garden"),
        spec("SUB-1", "garden-1", parent="MAIN"),
        spec("SUB-2", "garden-1", parent="MAIN"),
        spec("LONE", "garden-1"),
        spec("PV", "garden-1", channel="generation"),
        spec("PV", "garden-1", channel="export"),
        spec("BILL", "garden-101", kind="bill", tariff="CN-GD-SZ.residential"),
        spec("GAS", "garden-1", "gas", kind="register", product="natural_gas"),
        spec("WASTE", "garden", "waste", kind="bill"),
        spec("WATER", "garden", "water", kind="bill"),
        spec("FAR", "meadow"),
    ]
    ids = meter.register(specs, actor=SYSTEM, area=made["garden"])
    numbers = {number: pk for (_, number, _), pk in ids.items()}
    row = MeterRow.objects.get(meter=numbers["GAS"])
    # A four-digit register: 9960 → 40 is one turn.
    from tanlin.meter.models import Device

    Device.objects.create(meter=row.meter, channel="import", digits=4, from_es=START)
    return numbers


def readings(ids: dict[str, int]) -> pa.Table:
    """Everything that was read, and an hour of a meter elsewhere."""
    rows: list[tuple[int, str, int, int, float]] = []
    for (number, channel), values in HOURLY.items():
        rows += [(ids[number], channel, START + 3600 * i, 3600, float(v)) for i, v in enumerate(values)]
    for number, bills in BILLS.items():
        rows += [(ids[number], "import", es(a), es(b) - es(a), v) for a, b, v in bills]
    for number, read in REGISTER.items():
        rows += [(ids[number], "import", es(day), 0, v) for day, v in read]
    rows.append((ids["FAR"], "import", START, 3600, 7.0))
    names = ("meter_id", "channel", "start", "seconds", "value")
    kinds = (pa.int64(), pa.string(), pa.int64(), pa.int32(), pa.float64())
    columns = {n: pa.array(c, k) for n, c, k in zip(names, zip(*rows, strict=True), kinds, strict=True)}
    return pa.table(columns | {"quality": ["measured"] * len(rows)})


def tell(key: str, place: str = "garden", period: str = "2023") -> Any:
    """The published figure."""
    from tanlin.community import queries as areas_of
    from tanlin.record import queries as record

    return record.figure(areas_of.area(SYSTEM, place), key, period)


def receipts() -> int:
    """Number of receipts in the database."""
    from tanlin.record.models import ReceiptRow

    return ReceiptRow.objects.count()
