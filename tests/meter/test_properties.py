"""Totals do not depend on the order, the batching or the repetition of what comes in; units convert there and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import count, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tanlin.community.queries import SYSTEM
from tanlin.kernel import to_canonical
from tanlin.meter import queries, services
from tanlin.readings import queries as readings
from tests.meter.support import world

#: 2025-05-31 16:00 UTC: midnight of 1 June in Shanghai.
START = 1_748_707_200
HOUR = 3600
FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: Hour → value, of one of two meters; one value a key, so that no order can contradict another.
READ = st.dictionaries(
    st.tuples(st.integers(0, 1), st.integers(0, 60)), st.integers(0, 10_000), min_size=1, max_size=40
)


class Field:
    """A community to which pairs of new meters are added, one pair an example."""

    def __init__(self) -> None:
        self.areas = world()
        self.here = self.areas["here"]
        self._pairs: Iterator[int] = count()

    def pair(self) -> list[tuple[str, int]]:
        """Numbers and ids of two new meters."""
        n = next(self._pairs)
        specs = [
            services.Spec(
                owner=self.here, place=self.areas["home"], carrier="electricity", number=f"P-{n}-{m}", unit="kWh",
                valid_from=date(2025, 1, 1),
            )
            for m in range(2)
        ]  # fmt: skip
        ids = services.register(specs, actor=SYSTEM, area=self.here)
        return sorted((number, pk) for (_, number, _), pk in ids.items())

    def add(self, pair: list[tuple[str, int]], rows: list[tuple[int, int, int]]) -> Any:
        """One batch of (meter, hour, value)."""
        first = dict.fromkeys(rows)
        table = pa.table(
            {
                "meter_id": pa.array([pair[m][1] for m, _, _ in first], pa.int64()),
                "channel": ["import"] * len(first),
                "start": pa.array([START + h * HOUR for _, h, _ in first], pa.int64()),
                "seconds": pa.array([HOUR] * len(first), pa.int32()),
                "value": pa.array([float(v) / 8 for _, _, v in first]),
                "quality": ["measured"] * len(first),
            }
        )
        return services.add_readings(table, source="part", actor=SYSTEM, area=self.here)

    def totals(self, pair: list[tuple[str, int]]) -> list[tuple[int, int, float, int]]:
        """(meter, day, value, seconds) after a refresh; eighths add up without error."""
        services.refresh()
        ids = ", ".join(str(pk) for _, pk in pair)
        sql = (
            f"SELECT meter_id, day, value, seconds FROM days WHERE meter_id IN ({ids}) ORDER BY meter_id, day"
        )
        low = pair[0][1]
        return [
            (r["meter_id"] - low, r["day"], r["value"], r["seconds"])
            for r in readings.snapshot().query(sql).to_pylist()
        ]


def expected(read: dict[tuple[int, int], int]) -> list[tuple[int, int, float, int]]:
    """The same, counted by hand."""
    sums: dict[tuple[int, int], tuple[float, int]] = {}
    for (meter, hour), value in read.items():
        key = (meter, 20250601 + hour // 24)
        total, seconds = sums.get(key, (0.0, 0))
        sums[key] = (total + value / 8, seconds + HOUR)
    return [(m, d, *found) for (m, d), found in sorted(sums.items())]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[dict[tuple[int, int], int], list[list[tuple[int, int, int]]]]:
    """What was read, and parts that together bring all of it, in any order and some of it again."""
    read = draw(READ)
    rows = draw(st.permutations([(m, h, v) for (m, h), v in read.items()]))
    again = draw(st.lists(st.sampled_from(rows), max_size=20))
    every = draw(st.permutations([*rows, *again]))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(every) - 1, 1)), max_size=4)))
    edges = [0, *cuts, len(every)]
    return read, [every[a:b] for a, b in pairwise(edges) if a < b]


@pytest.mark.django_db(transaction=True)
def test_totals_do_not_depend_on_how_imports_bring_them() -> None:
    field = Field()

    @FEW
    @given(deliveries())
    def holds(made: tuple[dict[tuple[int, int], int], list[list[tuple[int, int, int]]]]) -> None:
        read, parts = made
        pair = field.pair()
        for part in parts:
            field.add(pair, part)
        assert field.totals(pair) == expected(read)
        assert field.add(pair, [(m, h, v) for (m, h), v in read.items()]) is None  # all of it once more

    holds()


@pytest.mark.django_db(transaction=True)
def test_totals_do_not_depend_on_how_a_gateway_brings_them() -> None:
    field = Field()
    source = services.create_gateway(field.here, kind="http", name="push", config={}, actor=SYSTEM)
    inbox = queries.inbox()

    @FEW
    @given(deliveries(), st.lists(st.booleans(), min_size=5, max_size=5))
    def holds(
        made: tuple[dict[tuple[int, int], int], list[list[tuple[int, int, int]]]], flush: list[bool]
    ) -> None:
        read, parts = made
        pair = field.pair()
        for part, now in zip(parts, [*flush, *flush], strict=False):
            inbox.put(
                source.pk,
                [(pair[m][0], START + h * HOUR, HOUR, v / 8, "kWh", "import", False) for m, h, v in part],
            )
            if now:
                services.flush_all()
        services.flush_all()
        assert field.totals(pair) == expected(read)

    holds()
    inbox.close()


@pytest.mark.django_db(transaction=True)
def test_what_comes_again_never_undoes_what_a_person_decided() -> None:
    field = Field()

    @FEW
    @given(deliveries(), st.data())
    def holds(
        made: tuple[dict[tuple[int, int], int], list[list[tuple[int, int, int]]]], data: st.DataObject
    ) -> None:
        read, parts = made
        pair = field.pair()
        for part in parts:
            field.add(pair, part)
        meter, hour = data.draw(st.sampled_from(sorted(read)))
        services.correct_reading(
            meter_id=pair[meter][1], channel="import", start=START + hour * HOUR, seconds=HOUR, value=1.5,
            reason="misread", actor=SYSTEM, area=field.here,
        )  # fmt: skip
        for part in data.draw(st.permutations(parts)):
            field.add(pair, part)
        assert field.totals(pair) == expected(read | {(meter, hour): 12})

    holds()


UNITS = {
    "electricity": ["kWh", "MWh", "Wh", "度", "万千瓦时", "MJ", "GJ"],
    "water": ["m3", "吨", "L", "立方米"],
    "gas": ["m3", "立方米", "㎥"],
    "heat": ["GJ", "MJ", "kWh", "MWh"],
    "waste": ["kg", "t", "吨", "公斤"],
}


@given(
    st.sampled_from(sorted(UNITS)), st.data(), st.just(0.0) | st.floats(1e-9, 1e9) | st.floats(-1e9, -1e-9)
)
def test_units_round_trip(carrier: str, data: st.DataObject, value: float) -> None:
    """a → canonical → b → canonical → a gives the value back."""
    a, b = (data.draw(st.sampled_from(UNITS[carrier])) for _ in range(2))
    one = to_canonical([1.0], b, carrier)[0]
    there = to_canonical([value], a, carrier)[0]
    back = to_canonical([there / one], b, carrier)[0] / to_canonical([1.0], a, carrier)[0]
    assert np.isclose(back, value, rtol=1e-12, atol=0)
