"""A community with a building and two homes, and small files."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

from tanlin.community import services as community
from tanlin.community.queries import SYSTEM
from tanlin.meter import services


def world() -> dict[str, Any]:
    """Areas by slug: street, here (community), building, home, there (another community)."""
    areas: dict[str, Any] = {}
    for slug, level, parent in (
        ("street", "street", None),
        ("here", "community", "street"),
        ("building", "building", "here"),
        ("home", "home", "building"),
        ("there", "community", "street"),
    ):
        areas[slug] = community.create_area(
            SYSTEM, slug=slug, name=slug, level=level, parent=areas.get(parent or ""), region="CN-GD-SZ"
        )
    return areas


def hourly_csv(
    numbers: list[str], hours: int, first: str = "2025-06-01", bad: int = 0, plus: float = 0.0
) -> bytes:
    """Long hourly electricity of meters in UTF-8; reading k of meter m is m*1000 + k + plus. ``bad`` rows are no numbers."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["表号", "抄表时间", "用电量(kWh)"])
    start = datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp()
    left = bad
    for m, number in enumerate(numbers):
        for k in range(hours):
            moment = datetime.fromtimestamp(start + 3600 * k, UTC)
            value: Any = m * 1000 + k + plus
            if left:
                value, left = "坏", left - 1
            writer.writerow([number, moment.strftime("%Y-%m-%d %H:%M"), value])
    return out.getvalue().encode()


def checked(area: Any, data: bytes, name: str = "readings.csv") -> Any:
    """An import of these bytes, checked."""
    return services.check(services.start_import(area, io.BytesIO(data), name, SYSTEM))


def placed(imp: Any, place: str) -> Any:
    """The same import with all unknown meters at one place."""
    from tanlin.meter import queries

    answers = {queries.key_of(m): {"place": place} for m in imp.report["unknown"]}
    return services.assign(imp, answers, SYSTEM)


def imported(area: Any, data: bytes, place: str = "home", name: str = "readings.csv") -> Any:
    """The bytes brought in and refreshed."""
    return services.import_now(placed(checked(area, data, name), place), SYSTEM, partial=False)
