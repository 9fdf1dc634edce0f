"""What the columns of a sheet mean: guessed from its words and cells, put to the user, remembered as JSON.

Nothing is guessed where two readings are possible: such points become ``questions``, and ``parse`` refuses
until ``Mapping.answer`` settles them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, NamedTuple

from tanlin.kernel.errors import Text
from tanlin.kernel.period import DAY, DEFAULT_TZ
from tanlin.meter import cells, words
from tanlin.meter.headers import Found, find_header, refuse_twice, time_header, times
from tanlin.meter.sheets import Sheet

#: A meter's number may be spread over several columns (楼栋, 单元, 房号), joined by spaces.
NUMBER_ROLES = ("number", "number2", "number3", "number4")
Layout = Literal["long", "wide_meters", "wide_time"]


class Question(NamedTuple):
    """A field of the mapping that only the user can settle, with the options to offer."""

    field: str
    text: Text
    options: tuple[str, ...]


@dataclass(frozen=True)
class Mapping:
    """The meaning of a sheet. Columns are named by their header (both rows joined by a space).

    columns: role → header; roles number (number2 … number4), time, hour, month, period, from, to, previous, current, unit, carrier,
    channel, stream, multiplier, name. values: the value columns (wide layouts: those of this file).
    ignore: columns left out; in wide layouts a new column that is neither is a value. carrier "" = by column,
    row or registry. unit None = by header, row or registry. subject: meter | transformer_area | waste_stream.
    date_format: ymd | dmy | mdy for dates whose year does not stand first. stamp: does the time mark the start
    or the end of an interval. step: None (from the data), "day", "month" or seconds. period: month or year of a
    sheet without dates. end: inclusive | exclusive end dates. number: the meter, where no column says it.
    """

    layout: Layout = "long"
    header_row: int = 1
    header_rows: int = 1
    columns: dict[str, str] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    carrier: str | None = None
    unit: str | None = None
    kind: Literal["interval", "register", "bill"] = "interval"
    channel: str = "import"
    subject: str = "meter"
    date_format: cells.Order | None = None
    tz: str = DEFAULT_TZ
    stamp: Literal["start", "end"] = "start"
    step: str | int | None = None
    period: str | None = None
    end: Literal["inclusive", "exclusive"] | None = None
    number: str | None = None
    confidence: dict[str, float] = field(default_factory=dict)
    why: tuple[Text, ...] = ()
    questions: tuple[Question, ...] = ()

    def answer(self, **choices: Any) -> Mapping:
        """The mapping with fields settled by the user; their questions are gone."""
        if isinstance(choices.get("values"), str):
            choices["values"] = (choices["values"],)
        left = tuple(q for q in self.questions if q.field not in choices)
        return replace(self, **choices, questions=left)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Mapping:
        """The remembered mapping. Raises TypeError or ValueError where the text is none."""
        body: dict[str, Any] = json.loads(text)
        body["why"] = tuple(Text(*t) for t in body.get("why", ()))
        body["questions"] = tuple(Question(q[0], Text(*q[1]), tuple(q[2])) for q in body.get("questions", ()))
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in body.items()}
        return cls(**fields)


def guess(
    sheet: Sheet,
    *,
    tz: str = DEFAULT_TZ,
    carrier: str | None = None,
    unit: str | None = None,
) -> Mapping:
    """Guess the mapping of a sheet. ``carrier``, ``unit``, ``tz`` are hints of the source, used where the
    sheet is silent.

    Raises BadInput where there is no header or columns share a name.
    """
    found = find_header(sheet)
    names, heads = found.names, [words.header(n) for n in found.names]
    refuse_twice(sheet, found.row, names)
    sample = sheet.head[found.row :]
    draft = _Draft(sheet, found, heads, sample)
    columns = draft.roles()
    layout = draft.layout(columns)
    values = draft.values(columns, layout)
    kind = draft.kind(columns, values, layout)
    subject = draft.subject(columns, values)
    chosen = [heads[names.index(v)] for v in values]
    if layout == "wide_time":  # 用电量(kWh) above 1月: the upper row speaks of what is measured
        chosen = [words.header(v.split(" ")[0]) for v in values]
    title = " ".join(c for row in sheet.head[: found.first - 1] for c in row if c)
    context = f"{title} {sheet.name} {sheet.path.stem}"
    mapping = Mapping(
        layout=layout,
        header_row=found.row,
        header_rows=found.row - found.first + 1,
        columns=columns,
        values=tuple(values),
        ignore=tuple(n for n in names if n and n not in values and n not in columns.values()),
        kind=kind,
        subject=subject,
        tz=tz,
        carrier=_carrier(chosen, heads, columns, context, carrier),
        unit=_unit(chosen, layout, title, unit),
        channel=_channel(chosen) or words.channel_of(title) or "import",
        period=_title_period(context),
        why=tuple(draft.why),
        confidence={role: draft.trust(name) for role, name in columns.items()},
    )
    from tanlin.meter.doubts import settle

    return settle(sheet, mapping, found, draft.rivals)


def _one(found: Any) -> Any:
    """The one value that is not None, or None where there are several or none."""
    kinds = {f for f in found if f}
    return kinds.pop() if len(kinds) == 1 else None


def _channel(chosen: Sequence[words.Header]) -> str | None:
    said = {h.channel for h in chosen}
    return said.pop() if len(said) == 1 else None


def _carrier(
    chosen: Sequence[words.Header],
    heads: Sequence[words.Header],
    columns: dict[str, str],
    context: str,
    hint: str | None,
) -> str | None:
    """From the value columns; else from the other headers, the title, the file name; else the hint."""
    said = {h.carrier for h in chosen if h.carrier}
    if "carrier" in columns or len(said) > 1:
        return ""
    number = [h for h in heads if h.text == columns.get("number")]
    return next(iter(said), None) or _one(h.carrier for h in number) or words.carrier_of(context) or hint


def _unit(chosen: Sequence[words.Header], layout: Layout, title: str, hint: str | None) -> str | None:
    said = {h.unit for h in chosen if h.unit}
    if len(said) == 1 and all(h.unit for h in chosen):
        return said.pop()
    return None if said and layout == "long" else words.title_unit(title) or hint


def _title_period(context: str) -> str | None:
    """The one month (or else year) that title, sheet and file name speak of."""
    text = cells.plain(context)
    months = {
        f"{y}-{int(m):02d}"
        for y, m in re.findall(r"(20\d\d)\s*[年./_-]\s*(\d{1,2})(?!\d)\s*月?", text)
        if 1 <= int(m) <= 12
    }
    years = set(re.findall(r"(20\d\d)\s*年", text))
    return months.pop() if len(months) == 1 else years.pop() if len(years) == 1 else None


class _Draft:
    """The evidence for one guess."""

    def __init__(
        self,
        sheet: Sheet,
        found: Found,
        heads: list[words.Header],
        sample: Sequence[tuple[str, ...]],
    ) -> None:
        self.sheet, self.found, self.heads, self.sample = sheet, found, heads, sample
        self.why: list[Text] = []
        self.rivals: tuple[str, ...] = ()

    def column(self, index: int) -> list[str]:
        return [r[index] for r in self.sample if index < len(r) and r[index].strip()]

    def trust(self, name: str) -> float:
        head = self.heads[self.found.names.index(name)]
        return 0.95 if head.role and head.rank < 50 else 0.7 if head.role else 0.5

    def roles(self) -> dict[str, str]:
        """The best column of each role."""
        best: dict[str, words.Header] = {}
        for head in self.heads:
            role = head.role
            if role in words.ROLES and head.text and (role not in best or head.rank < best[role].rank):
                best[role] = head
        if "time" in best and "hour" not in best:
            self._day_and_hour(best)
        if "from" in best and "to" not in best and "time" in best:
            best["to"] = best.pop("time")
        for extra in ("order", "place"):
            best.pop(extra, None)
        if "number" not in best:
            self._bare_number(best)
        chosen = {role: head.text for role, head in best.items()}
        for role, name in chosen.items():
            zh, en = _NAMES[role]
            self.why.append(Text(f"「{name}」看作{zh}。", f"“{name}” is taken as {en}."))
        return chosen

    def _day_and_hour(self, best: dict[str, words.Header]) -> None:
        """Of 日期 beside 时间, the one that holds only times of day is the hour."""
        for i, head in enumerate(self.heads):
            texts = self.column(i)[:50] if head.role == "time" else []
            if not texts or any(cells.clock(cells.plain(t)) is None for t in texts):
                continue
            days = [h for h in self.heads if h.role == "time" and h != head]
            if days:
                best["hour"], best["time"] = head, min(days, key=lambda h: h.rank)

    def _bare_number(self, best: dict[str, words.Header]) -> None:
        """Building and flat together, or else the name or address, stand for a meter without a number.

        Waste is told apart by its point and stream, or by its stream alone.
        """
        parts = [h for h in self.heads if h.role == "place" and h.text]
        if not parts and "name" in best and "stream" not in best:
            parts = [best.pop("name")]
        best.update(zip(NUMBER_ROLES, parts, strict=False))

    def layout(self, columns: dict[str, str]) -> Layout:
        if times(self.found.names):
            return "wide_time"
        dated = {"time", "month", "period", "from"} & set(columns)
        if "number" in columns or "stream" in columns or not dated:
            return "long"
        return "wide_meters"

    def values(self, columns: dict[str, str], layout: Layout) -> list[str]:
        taken = set(columns.values())
        if layout == "wide_time":
            return [n for n in self.found.names if n not in taken and time_header(n)]
        free = [(i, h) for i, h in enumerate(self.heads) if h.text and h.text not in taken]
        if layout == "wide_meters":
            return [
                h.text
                for i, h in free
                if h.role in (None, "value", "register", "part", "number", "place") and self._numeric(i)
            ]
        worded = [h for _, h in free if h.is_value]
        if not worded and "current" in columns:
            return [columns["current"]]
        if not worded:
            worded = [h for h in self.heads if h.role == "register" and h.text]
        if not worded:
            worded = [h for i, h in free if h.role is None and self._numeric(i)]
        return self._chosen(worded)

    def _chosen(self, worded: list[words.Header]) -> list[str]:
        """One value column a carrier and channel (or waste stream); equally good ones are put to the user."""
        best: dict[tuple[str | None, str | None], words.Header] = {}
        for head in worded:
            key = head.carrier, head.base if head.carrier == "waste" else head.channel
            other = best.get(key)
            if (other and min(head.rank, other.rank) >= 50) or (other and not head.role):
                self.rivals = tuple(h.text for h in worded)
            if other is None or head.rank < other.rank:
                best[key] = head
        return [h.text for h in best.values()]

    def _numeric(self, index: int) -> bool:
        texts = self.column(index)[:200]
        if not texts:
            return bool(self.heads[index].unit)
        good = sum(isinstance(cells.number(t), float) for t in texts)
        return good * 2 >= len(texts)

    def kind(
        self, columns: dict[str, str], values: list[str], layout: Layout
    ) -> Literal["interval", "register", "bill"]:
        heads = [self.heads[self.found.names.index(v)] for v in values]
        if any(h.role in ("register", "current") for h in heads):
            return "register"
        if layout != "wide_time" and {"month", "period", "from"} & set(columns):
            return "interval" if self._within_a_day(columns) else "bill"
        dateless = layout == "long" and "time" not in columns
        return "bill" if dateless else "interval"

    def _within_a_day(self, columns: dict[str, str]) -> bool:
        """Are all periods told by their two moments, less than a day apart? A bill is longer."""
        if not {"from", "to"} <= set(columns):
            return False
        ends = [
            [cells.moment(t) for t in self.column(self.found.names.index(columns[c]))] for c in ("from", "to")
        ]
        return len(ends[0]) == len(ends[1]) > 0 and all(
            a and b and a[1] == b[1] == cells.SECOND and 0 < b[0] - a[0] < DAY
            for a, b in zip(*ends, strict=True)
        )

    def subject(self, columns: dict[str, str], values: list[str]) -> str:
        heads = [self.heads[self.found.names.index(v)] for v in values]
        if "stream" in columns or any(h.carrier == "waste" for h in heads):
            return "waste_stream"
        return "transformer_area" if "台区" in columns.get("number", "") else "meter"


_NAMES = {
    "number": Text("表号", "the meter number"),
    "number2": Text("表号的第二部分", "the second part of the meter number"),
    "number3": Text("表号的第三部分", "the third part of the meter number"),
    "number4": Text("表号的第四部分", "the fourth part of the meter number"),
    "time": Text("时间", "the time"),
    "hour": Text("时刻", "the time of day"),
    "month": Text("月份", "the month"),
    "period": Text("起止日期", "the period"),
    "from": Text("开始日期", "the start"),
    "to": Text("结束日期", "the end"),
    "previous": Text("上期示数", "the previous register reading"),
    "current": Text("本期示数", "the present register reading"),
    "register": Text("示数", "the register reading"),
    "multiplier": Text("倍率", "the multiplier"),
    "unit": Text("单位", "the unit"),
    "carrier": Text("能源品种", "the carrier"),
    "channel": Text("方向", "the direction"),
    "stream": Text("垃圾类别", "the waste stream"),
    "name": Text("名称或地址", "the name or address"),
}
