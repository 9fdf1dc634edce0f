"""The page of comparisons as a view model: two years, the decline in two views, and places side by side. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tanlin.carbon.account.base_year import Recalculation
from tanlin.carbon.account.compare import Comparison
from tanlin.carbon.account.shown.pictures import PERSON, YearValue, lines_picture, path_picture, steps_picture
from tanlin.carbon.account.targets import Point, Position, path_of, position
from tanlin.carbon.account.words import stated_value, stream_name
from tanlin.carbon.pictures import Picture
from tanlin.carbon.reasons import reason_text
from tanlin.carbon.rows import month_run
from tanlin.kernel.errors import Text
from tanlin.kernel.figure import Figure
from tanlin.kernel.words import SPACE, digits
from tanlin.kernel.words import percent as share

#: Effect → its name and what it means.
EFFECTS: dict[str, tuple[Text, Text]] = {
    "activity": (
        Text("用量", "Activity"),
        Text("用得多了还是少了", "whether more or less was used"),
    ),
    "structure": (
        Text("结构", "Mix"),
        Text("各地点、各类别之间的比重变化", "how the shares of places and kinds moved"),
    ),
    "factor": (
        Text("因子", "Factor"),
        Text("每单位的排放变化，如电网变清洁", "emissions of a unit, such as a cleaner grid"),
    ),
}
NOT_FIXED = Text(
    "尚未固定基准年总量的溯源单，无法判断是否需要重算。",
    "No receipt was fixed for its total, so whether it must be recalculated cannot be told.",
)
_UNIT = f"{SPACE}tCO₂e"


@dataclass(frozen=True)
class Years:
    """Two years compared. ``left_out``: (what, why) of what is in neither sum."""

    before: int
    after: int
    sentence: Text
    basis: Text
    steps: Picture
    streams: Picture
    left_out: list[tuple[Text, Text]]


@dataclass(frozen=True)
class Place:
    """A place beside others. ``refused``: why its number must not be set against that of the first place.
    ``boundary``: what of it is not said of all places at once.
    """

    slug: str
    name: Text
    basic: Figure | None
    per_person: Figure | None
    boundary: list[Text]
    refused: Text | None


@dataclass(frozen=True)
class Places:
    """Places side by side, and what of their boundaries all of them share."""

    common: list[Text]
    rows: list[Place]


@dataclass(frozen=True)
class Target:
    """The way to a target and the base year. ``path`` None: no target is stated; ``base`` None: no base year."""

    path: Picture | None
    verdict: str
    said: Text | None
    sources: list[tuple[int, Text, str]]
    base: int | None
    recalculated: Text | None


def target_shown(
    points: Sequence[Point], year: int, values: Sequence[YearValue], base: tuple[int, Recalculation] | None
) -> Target:
    """Where a year lies against the path of tonnes per person.

    Args:
        values: published figures per person by year, with their intervals. base: the base year and its state.
    """
    state = (base[0], base[1].why if base[1].due is not None else NOT_FIXED) if base else (None, None)
    if not points:
        return Target(None, "no_path", None, [], *state)
    now = next((one for one in values if one.year == year), YearValue(year, None))
    found = position(list(points), year, now.value, now.low, now.high)
    path = path_of(list(points), max(one.year for one in values) if values else year)
    sources = [(one.year, _per_person(one.value), one.source) for one in points]
    return Target(
        path_picture(path, values, _target_said(year, now, found)),
        found.verdict,
        Text(f"{year} 年{found.text.zh}", f"{year}: {found.text.en}"),
        sources,
        *state,
    )


def _per_person(value: float) -> Text:
    return Text(f"{digits(value)}{SPACE}{PERSON.zh}", f"{digits(value)}{SPACE}{PERSON.en}")


def _target_said(year: int, now: YearValue, found: Position) -> Text:
    if now.value is None or found.target is None:
        return found.text
    value, target = _per_person(now.value), _per_person(found.target)
    band = ""
    if now.low is not None and now.high is not None:
        band = f"（{digits(now.low)}–{digits(now.high)}）"
    return Text(
        f"{year} 年人均 {value.zh}{band}，当年路径为 {target.zh}。",
        f"{year}: {value.en} {band.replace('（', '(').replace('）', ')')}; the path stands at {target.en}.",
    )


def years_shown(before: int, after: int, made: Comparison) -> Years:
    """Two years in words, as steps and as a table of streams."""
    effects = made.effects or {}
    steps = steps_picture(
        YearValue(before, made.before),
        YearValue(after, made.after),
        [(EFFECTS[name][0], effects[name]) for name in EFFECTS if name in effects],
    )
    rows = made.rows.to_pylist()
    good = [row for row in rows if row["reason"] is None]
    left = {(row["stream"], row["reason"]): None for row in rows if row["reason"] is not None}
    return Years(
        before,
        after,
        _sentence(before, after, made),
        _basis(made),
        steps,
        _streams_picture(before, after, good),
        [(stream_name(stream), reason_text(why)) for stream, why in left],
    )


def _sentence(before: int, after: int, made: Comparison) -> Text:
    if made.before is None or made.after is None:
        return Text(
            f"{before} 年与 {after} 年没有可以相比的部分。",
            f"Nothing of {before} and {after} can be compared.",
        )
    change = made.after - made.before
    low, high = made.difference["low"], made.difference["high"]
    band = Text("", "")
    if low is not None and high is not None:
        half = (high - low) / 2
        band = Text(f" ± {digits(half)}", f" ± {digits(half)}")
        if low <= 0 <= high:
            return Text(
                f"{before} 年到 {after} 年的变化（{_signed(change)}{band.zh}{_UNIT}）小于不确定性，不能说升了还是降了。",
                f"The change from {before} to {after} ({_signed(change)}{band.en}{_UNIT}) is smaller than its uncertainty: "
                "neither a rise nor a fall can be stated.",
            )
    zh, en = ("减少", "less") if change < 0 else ("增加", "more")
    part = f"（{share(abs(change) / made.before, 1)}）" if made.before else ""
    part_en = f" ({share(abs(change) / made.before, 1)})" if made.before else ""
    return Text(
        f"{after} 年比 {before} 年{zh} {digits(abs(change))}{band.zh}{_UNIT}{part}。",
        f"{after}: {digits(abs(change))}{band.en}{_UNIT} {en} than {before}{part_en}.",
    )


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + digits(value)


def _basis(made: Comparison) -> Text:
    """Over what the two years are compared."""
    if not made.months:
        return Text("", "")
    run = month_run(made.months)
    whole = len(made.months) == 12
    months = Text("全年", "the whole year") if whole else Text(f"{run.zh}", run.en)
    return Text(
        f"只比较两年都有数的部分：{months.zh}。按 BASIC+ 范围，比碳账页的 BASIC 多跨界出行、线损、制冷剂和绿地。",
        f"Only what both years know is compared: {months.en}. By BASIC+, which adds to the BASIC of the account "
        "journeys across the boundary, losses of the grid, refrigerants and greenery.",
    )


def _streams_picture(before: int, after: int, rows: Sequence[Mapping[str, Any]]) -> Picture:
    """Change by stream as bars, with its effects in the table view; the largest change first."""
    title = Text("哪些项目变了", "What changed")
    sums: dict[str, dict[str, float]] = {}
    for row in rows:
        held = sums.setdefault(row["stream"], dict.fromkeys(("before", "after", *EFFECTS), 0.0))
        for name in held:
            held[name] += row[name]
    if not sums:
        return Picture("streams", title, Text("暂无数据。", "No data."), None, None)
    order = sorted(sums, key=lambda key: -abs(sums[key]["after"] - sums[key]["before"]))
    bars: list[dict[str, Any]] = [
        {
            "name": stream_name(key),
            "thing": "grid" if sums[key]["after"] > sums[key]["before"] else "baseline",
            "value": sums[key]["after"] - sums[key]["before"],
            "low": None,
            "high": None,
        }
        for key in order[:8]
    ]
    most, size = stream_name(order[0]), bars[0]["value"]
    summary = Text(
        f"变化最大的是{most.zh}（{_signed(size)}{_UNIT}）。",
        f"{most.en} changed most ({_signed(size)}{_UNIT}).",
    )
    columns = [
        Text("项目", "Stream"),
        Text(f"{before}（tCO₂e）", f"{before} (tCO₂e)"),
        Text(f"{after}（tCO₂e）", f"{after} (tCO₂e)"),
        *(text for text, _ in EFFECTS.values()),
    ]
    table = [
        [stream_name(key), *(sums[key][name] for name in ("before", "after", *EFFECTS))] for key in order
    ]
    spec = {"kind": "bars", "unit": "tCO₂e", "rows": bars, "marks": []}
    return Picture("streams", title, summary, spec, {"columns": columns, "rows": table})


def decline_picture(changes: Mapping[int, Comparison]) -> Picture | None:
    """Years with their own factors and with those kept, the first one 100; ``changes``: year → against the one before.

    Each year stands on what it shares with the year before, so the years are linked as a chain; the chain begins
    where it was last broken. None without a link.
    """
    linked = _chain(changes)
    if not linked:
        return None
    base, last = linked[0] - 1, linked[-1]
    moving, frozen = [YearValue(base, 100.0)], [YearValue(base, 100.0)]
    for year in linked:
        made = changes[year]
        moving.append(YearValue(year, _times(moving[-1].value, made.after, made.before)))
        frozen.append(YearValue(year, _times(frozen[-1].value, made.frozen, made.before)))
    return lines_picture(
        "decline",
        Text("下降的两种看法", "The decline in two views"),
        _decline_said(base, last, moving[-1].value, frozen[-1].value),
        Text(f"{base} 年 = 100", f"{base} = 100"),
        [
            (Text("各年因子", "Each year's factors"), "carbon", moving),
            (Text("冻结因子", "Frozen factors"), "electricity", frozen),
        ],
    )


def _chain(changes: Mapping[int, Comparison]) -> list[int]:
    """The newest run of years without a gap that are compared with the year before."""
    out: list[int] = []
    for year in sorted((year for year, made in changes.items() if made.before), reverse=True):
        if out and year != out[-1] - 1:
            break
        out.append(year)
    return out[::-1]


def _times(value: float | None, after: float | None, before: float | None) -> float | None:
    return None if value is None or after is None or not before else value * after / before


def _decline_said(base: int, last: int, moving: float | None, frozen: float | None) -> Text:
    if moving is None:
        return Text("暂无数据。", "No data.")
    own = _percent(moving - 100)
    if frozen is None:
        return Text(f"{last} 年比 {base} 年 {own}。", f"{last} against {base}: {own}.")
    kept = _percent(frozen - 100)
    if kept == own:
        return Text(
            f"{last} 年比 {base} 年 {own}；因子没有变化，两种看法相同。",
            f"{last} against {base}: {own}; the factors did not change, so both views agree.",
        )
    return Text(
        f"{last} 年比 {base} 年 {own}；若因子保持不变，则为 {kept}，其余来自因子本身的变化。",
        f"{last} against {base}: {own}; with the factors kept, {kept}. The rest is the factors' own change.",
    )


def _percent(change: float) -> str:
    return ("+" if change > 0 else "") + share(change / 100, 1)


def places_shown(rows: Sequence[tuple[str, Text, Mapping[str, Figure]]], names: Mapping[str, Text]) -> Places:
    """Places beside the first one, each with its boundary; a place with another boundary is refused.

    Args:
        rows: slug, name and the figures ``carbon.basic``, ``carbon.per_person``, ``carbon.boundary`` of a place.
        names: of the attributes that make a boundary.
    """
    bounds = [_bounds(figures) for _, _, figures in rows]
    own = rows[0][0]
    shared = {key: value for key, value in bounds[0].items() if _is_shared(key, value, bounds)}
    found = [
        Place(
            slug,
            name,
            figures.get("carbon.basic"),
            figures.get("carbon.per_person"),
            _said({key: value for key, value in bound.items() if key not in shared}, names),
            _refusal(None if slug == own else bounds[0], bound, figures.get("carbon.per_person"), names),
        )
        for (slug, name, figures), bound in zip(rows, bounds, strict=True)
    ]
    return Places(_said(shared, names), found)


def _is_shared(key: str, value: Any, bounds: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every one of several places states a rule of its boundary in the same words."""
    return key in ALIKE and len(bounds) > 1 and all(bound.get(key) == value for bound in bounds)


def _bounds(figures: Mapping[str, Figure]) -> dict[str, Any]:
    held = figures.get("carbon.boundary")
    return {row["key"]: row["value"] for row in (held.table or [] if held else [])}


def _said(bound: Mapping[str, Any], names: Mapping[str, Text]) -> list[Text]:
    """What of a boundary is stated, a phrase each."""
    out = []
    for key, name in names.items():
        value = bound.get(key)
        if value is not None:
            shown = stated_value(key, value)
            out.append(Text(f"{name.zh} {shown.zh}", f"{name.en}: {shown.en}"))
    return out


#: Attributes in which two boundaries must agree before their figures per person may be compared.
ALIKE = ("population.definition", "boundary.rules")


def _refusal(
    first: Mapping[str, Any] | None,
    other: Mapping[str, Any],
    per_person: Figure | None,
    names: Mapping[str, Text],
) -> Text | None:
    """Why a place is not set against the first one; ``first`` None: it is the first one itself."""
    if per_person is None:
        return Text("尚未计算", "not computed yet")
    if per_person.value is None:
        return per_person.reason or Text("暂无数据", "no data")
    if first is None:
        return None
    unsaid = [names[key] for key in ALIKE if not first.get(key) or not other.get(key)]
    if unsaid:
        return Text(
            f"{'、'.join(n.zh for n in unsaid)}未填写，不能比较",
            f"not comparable: {', '.join(n.en.lower() for n in unsaid)} not stated",
        )
    differ = [names[key] for key in ALIKE if first[key] != other[key]]
    if not differ:
        return None
    return Text(
        f"{'、'.join(n.zh for n in differ)}不一致，不能比较",
        f"not comparable: {', '.join(n.en.lower() for n in differ)} not the same",
    )
