"""The Overview of a place as a view model: pure, no Django, no computing of figures.

It only arranges what the inventory and the figures already say: the state in one sentence, the cards,
the pictures with their table views, and what needs a person today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import floor, hypot
from typing import TYPE_CHECKING

import numpy as np

from tanlin.carbon.pictures import Picture, days_picture, flow_picture, months_picture, quality_picture
from tanlin.carbon.reasons import reason_text
from tanlin.carbon.rows import CARRIERS, Rows, label_of, month_run, numbers_of
from tanlin.carbon.uncertainty import total
from tanlin.kernel.errors import Text
from tanlin.kernel.words import SPACE, digits
from tanlin.kernel.words import percent as share

if TYPE_CHECKING:
    import pyarrow as pa

    from tanlin.kernel.figure import Figure

LOW_COVERAGE = 0.9
COMPARABLE = 0.05  # two years whose coverage differs by more are not compared

CARDS: dict[str, Text] = {
    "carbon.co2e": Text("碳排放", "Emissions"),
    "carbon.electricity": Text("用电量", "Electricity used"),
    "carbon.energy": Text("综合能耗", "Energy used"),
    "carbon.tce": Text("综合能耗（当量值）", "Energy in standard coal (heat basis)"),
    "carbon.cost": Text("能源费用", "Energy cost"),
    "carbon.water": Text("用水量", "Water used"),
}


@dataclass(frozen=True)
class Card:
    """A figure in its place on the page; ``figure`` None: not computed yet; ``title`` None: the label of the key. ``note``: the change in words."""

    key: str
    title: Text | None
    figure: Figure | None
    note: Text | None = None


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person (``act``) or that one should know (``info``); ``target``: factors, meters or import."""

    level: str
    text: Text
    target: str


@dataclass(frozen=True)
class DeadMeter:
    """A meter without readings. ``since``: the last local day with one, None if there never was any."""

    number: str
    place: Text
    since: date | None


@dataclass(frozen=True)
class Overview:
    """The page: ``sentence`` is the state, ``note`` what the emissions leave out."""

    sentence: Text
    note: Text
    cards: tuple[Card, ...]
    carbon: Picture
    energy: Picture
    flow: Picture
    days: Picture
    quality: Picture
    needs: tuple[Need, ...]


def overview(
    *,
    year: int,
    today: date,
    this: pa.Table,
    last: pa.Table | None = None,
    days: pa.Table | None = None,
    figures: Mapping[str, Figure | None] = {},
    equivalent: Figure | None = None,
    places: Mapping[str, Text] = {},
    dead: Sequence[DeadMeter] = (),
) -> Overview:
    """Arrange a year of one place.

    Args:
        this, last: inventory tables of the year and of the year before (columns of ``carbon.inventory``).
        days: ``day`` yyyymmdd local, ``value`` kWh of electricity, optional ``coverage``; one or two years.
        figures: by key, in the order wanted after the known ones; None shows 尚未计算.
        equivalent: standard coal on the equivalent basis (等价值), told beside that of the heat basis.
        places: names of the places that occur in the tables. dead: meters that have fallen silent.
    """
    now, before = Rows(this), Rows(last)
    done = [m for m in range(1, 13) if (year, m) < (today.year, today.month)]
    known = _known_months(now, year, done, "value", carrier="electricity")
    both = _known_months(before, year - 1, known, "value", carrier="electricity")
    emitted = _known_months(before, year - 1, _known_months(now, year, done, "tco2e"), "tco2e")
    change = _change(this, last, year, both, "value", "electricity")
    notes: dict[str, Text | None] = {"carbon.tce": _coal_note(this, equivalent)}
    notes |= {"carbon.electricity": change, "carbon.co2e": _change(this, last, year, emitted, "tco2e", None)}
    return Overview(
        sentence=_sentence(this, year, today, known, both, change),
        note=_note(now),
        cards=_cards(figures, notes),
        carbon=months_picture(
            now,
            before,
            year,
            today,
            "tco2e",
            1.0,
            "tCO₂e",
            "carbon",
            Text("逐月碳排放", "Emissions by month"),
        ),
        energy=months_picture(
            now,
            before,
            year,
            today,
            "energy_kwh",
            1e3,
            "MWh",
            "energy",
            Text("逐月能源使用", "Energy use by month"),
        ),
        flow=flow_picture(now, places),
        days=days_picture(days),
        quality=quality_picture(now, year, done),
        needs=tuple(_needs(now, year, done, figures, places, dead)),
    )


# ---- sentences ------------------------------------------------------------------------------------------------------
def _known_months(rows: Rows, year: int, months: list[int], column: str, **equal: str) -> list[int]:
    """The months of a year in which anything is known."""
    if not rows.size:
        return []
    return [m for m in months if rows.sum(column, rows.mask(month=year * 100 + m, **equal)) is not None]


def _part(table: pa.Table, year: int, months: list[int], carrier: str | None) -> pa.Table:
    carriers = table["carrier"].to_pylist()
    wanted = set(numbers_of(year, months))
    return table.filter(
        [
            m in wanted and carrier in (None, c)
            for m, c in zip(table["month"].to_pylist(), carriers, strict=True)
        ]
    )


def _change(
    this: pa.Table, last: pa.Table | None, year: int, months: list[int], measure: str, carrier: str | None
) -> Text:
    """The change against the same months of last year in words, or why it is not stated.

    The errors of the two years are taken as independent. A meter that errs alike in both would err less in
    the ratio, so the interval is on the wide side.
    """
    if last is None or not months:
        return Text("去年同期暂无数据，不作比较", "no data for the same months last year, so no comparison")
    a, b = (total(_part(t, y, months, carrier), measure) for t, y in ((this, year), (last, year - 1)))
    if abs((a["coverage"] or 0.0) - (b["coverage"] or 0.0)) > COMPARABLE:
        return Text(
            f"两年数据完整率相差较大（{share(a['coverage'])} 与 {share(b['coverage'])}），不宜与去年同期比较",
            f"coverage differs between the years ({share(a['coverage'])} and {share(b['coverage'])}), so no comparison",
        )
    if not a["value"] or not b["value"]:
        return Text("去年同期为零，不作比较", "zero in one of the years, so no comparison")
    change = a["value"] / b["value"] - 1
    parts = [0.0 if t["low"] is None else (t["high"] - t["low"]) / 2 / t["value"] for t in (a, b)]
    half = abs(1 + change) * hypot(*parts)
    band = f"±{SPACE}{share(half, 1)}" if half >= 0.0005 else ""
    if abs(change) <= max(half, 0.0005):
        size = f"{share(change, 1)}{SPACE}{band}".rstrip(SPACE)
        return Text(
            f"与去年同期基本持平（{size}）", f"about the same as in the same months last year ({size})"
        )
    zh, en = ("少", "less") if change < 0 else ("多", "more")
    return Text(
        f"比去年同期{zh} {share(abs(change), 1)}" + (f"（{band}）" if band else ""),
        f"{share(abs(change), 1)} {en} than in the same months last year" + (f" ({band})" if band else ""),
    )


def _sentence(
    this: pa.Table, year: int, today: date, known: list[int], both: list[int], change: Text
) -> Text:
    """The state in one sentence, over the months that both years have, else over the months known."""
    when = Text("今年", "This year") if year == today.year else Text(f"{year} 年", f"In {year}")
    if not known:
        return Text(
            f"{when.zh}还没有完整月份的用电数据。",
            f"{when.en} there is no complete month of electricity data yet.",
        )
    run, use = month_run(both or known), total(_part(this, year, both or known, "electricity"), "value")
    amount = (
        f"{digits(use['value'] / 1e3)}{SPACE}MWh"
        if abs(use["value"]) >= 1e4
        else f"{digits(use['value'])}{SPACE}kWh"
    )
    part = share(floor((1 - (use["estimated"] or 0.0)) * 100) / 100)
    covered = use["coverage"]
    gap = covered is not None and covered < 1
    return Text(
        f"{when.zh} {run.zh}用电 {amount}，{change.zh}，其中 {part} 为实测"
        + (f"（数据完整率 {share(covered)}）。" if gap else "。"),
        f"{when.en}, {run.en}: {amount} of electricity, {change.en}; {part} of it measured"
        + (f" (coverage {share(covered)})." if gap else "."),
    )


def _note(now: Rows) -> Text:
    """Carbon in one sentence, with what is left out of it."""
    tonnes = now.sum("tco2e", now.mask()) if now.size else None
    if tonnes is None:
        return Text("碳排放暂无数据。", "Emissions: no data.")
    out = sorted(set(now["thing"][_no_factor(now)]), key=list(CARRIERS).index)
    zh, en = (
        f"已核算排放 {digits(tonnes)}{SPACE}tCO₂e（基于位置）",
        f"Emissions accounted: {digits(tonnes)}{SPACE}tCO₂e (location-based)",
    )
    if out:
        zh += f"，不含缺少因子的{'、'.join(CARRIERS[t].zh for t in out)}"
        en += f", without {', '.join(CARRIERS[t].en.lower() for t in out)}, for which a factor is missing"
    return Text(zh + "。", en + ".")


def _coal_note(this: pa.Table, equivalent: Figure | None) -> Text | None:
    """The same energy in kWh and on the equivalent basis, which counts the coal burnt to make electricity."""
    used = total(this, "energy_kwh")["value"]
    if used is None:
        return None
    kwh, coal = f"{digits(used / 1e3)}{SPACE}MWh", Text("暂无数据", "unknown")
    if equivalent is not None and equivalent.value is not None:
        amount = f"{digits(equivalent.value)}{SPACE}tce" + ("†" if equivalent.provisional else "")
        coal = Text(amount, amount)
    return Text(f"即 {kwh}；等价值 {coal.zh}", f"{kwh}; on the equivalent basis {coal.en}")


def _no_factor(rows: Rows) -> np.ndarray:
    """Rows with a use but no carbon, other than exports, which carry none."""
    return (
        np.isnan(rows["tco2e"].astype(float))
        & ~np.isnan(rows["value"].astype(float))
        & (rows["channel"] != "export")
    )


def _cards(figures: Mapping[str, Figure | None], notes: Mapping[str, Text | None]) -> tuple[Card, ...]:
    order = [key for key in CARDS if key in figures] + [key for key in figures if key not in CARDS]
    return tuple(Card(key, CARDS.get(key), figures[key], notes.get(key) or None) for key in order[:6])


# ---- what needs a person ----------------------------------------------------------------------------------------------
def _needs(
    rows: Rows,
    year: int,
    done: list[int],
    figures: Mapping[str, Figure | None],
    places: Mapping[str, Text],
    dead: Sequence[DeadMeter],
) -> Iterable[Need]:
    """Silent meters, missing factors, low coverage of the last complete month, then what is only to be known."""
    if dead:
        first = dead[0]
        since = (
            Text(f"自 {first.since} 起没有读数", f"no reading since {first.since}")
            if first.since
            else Text("从未有读数", "never read")
        )
        more = (
            Text(f"，另有 {len(dead) - 1} 块", f", and {len(dead) - 1} more")
            if len(dead) > 1
            else Text("", "")
        )
        yield Need(
            "act",
            Text(
                f"{first.place.zh}的表计 {first.number} {since.zh}{more.zh}。",
                f"Meter {first.number} at {first.place.en}: {since.en}{more.en}.",
            ),
            "meters",
        )
    if rows.size:
        missing = _no_factor(rows)
        for thing in [t for t in CARRIERS if (missing & rows.mask(thing=t)).any()]:
            codes = sorted(
                {r for r in rows["reason"][missing & rows.mask(thing=thing)] if isinstance(r, str)}
            )
            why = reason_text(
                next((c for code in codes for c in code.split(";") if c.startswith("factor")), "factor.none")
            )
            yield Need(
                "act",
                Text(
                    f"{CARRIERS[thing].zh}未计入排放：{why.zh}",
                    f"{CARRIERS[thing].en} is left out of the emissions. {why.en}",
                ),
                "factors",
            )
        yield from _low_coverage(rows, year, done, places)
        if rows["provisional"].any():
            yield Need(
                "info",
                Text(
                    "部分月份使用暂用因子（†），新因子公布后会自动重算。",
                    "Some months use a provisional factor (†); they are derived again once the new one is published.",
                ),
                "factors",
            )
        used = np.array([isinstance(f, str) for f in rows["factor_id"]]) & ~rows["verified"].astype(bool)
        if used.any():
            count = len(set(rows["factor_id"][used]))
            yield Need(
                "info",
                Text(
                    f"{count} 个排放因子的来源尚未核对。",
                    f"The source of {count} emission factor{'s' if count > 1 else ''} is not verified yet.",
                ),
                "factors",
            )
    stale = [f for f in figures.values() if f is not None and f.stale]
    if stale:
        yield Need(
            "info",
            Text(
                f"{len(stale)} 个数字正在更新，所示为上一次的结果。",
                f"{len(stale)} figures are being updated; the last result is shown.",
            ),
            "meters",
        )


def _low_coverage(rows: Rows, year: int, done: list[int], places: Mapping[str, Text]) -> Iterable[Need]:
    if not done:
        return
    month = year * 100 + done[-1]
    for thing in CARRIERS:
        mask = rows.mask(thing=thing, month=month)
        covered = rows.coverage(mask)
        if covered is None or covered >= LOW_COVERAGE:
            continue
        worst = min(
            ((rows.coverage(mask & rows.mask(place=p)), p) for p in set(rows["place"][mask])),
            key=lambda pair: (pair[0] is None, pair),
        )
        name, label = places.get(worst[1], Text(worst[1], worst[1])), label_of(year, done[-1])
        low = share(worst[0] or 0.0)
        yield Need(
            "act",
            Text(
                f"{label} {CARRIERS[thing].zh}的数据完整率只有 {share(covered)}，最低的是{name.zh}（{low}）。",
                f"{label}: coverage of {CARRIERS[thing].en.lower()} is only {share(covered)}, lowest at {name.en} ({low}).",
            ),
            "import",
        )
