"""One cell of an activity sheet at a time: stream, amount, day, source, uncertainty and note, or what is wrong."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache

from tanlin.carbon.account.streams import Stream, streams
from tanlin.kernel.errors import BadInput, Text
from tanlin.meter import moment, number

#: Characters of a number; more are a slip or an attack, and no double holds them.
MAX_NUMBER = 24
MAX_NOTE = 300
#: Where an amount comes from, the surest first.
SOURCES: dict[str, Text] = {
    "meter": Text("表计", "meter"),
    "bill": Text("账单", "bill"),
    "document": Text("单据", "document"),
    "survey": Text("调查", "survey"),
    "estimate": Text("估算", "estimate"),
}
_BAD, _FORMULA = 2, 3  # states of a cell that holds no number
_TO_MONTH = 2  # precision of a moment that names a month only
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def plain(text: str) -> str:
    """A word as it is compared: ordinary width, no spaces, no case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@lru_cache(maxsize=1)
def _stream_words() -> dict[str, str]:
    """Keys, names and, where only one bears it, names without what stands in brackets."""
    known = {plain(word): s.key for s in streams().values() for word in (s.key, *s.name)}
    short = [(plain(re.split("[（(]", word)[0]), s.key) for s in streams().values() for word in s.name]
    count = Counter(word for word, _ in set(short))
    return {word: key for word, key in short if count[word] == 1} | known


def stream_of(text: str) -> Stream:
    """The stream of a key or a name in either language. Raises BadInput with the nearest names."""
    key = _stream_words().get(plain(text))
    if key is not None:
        return streams()[key]
    word = plain(text)
    near = [known for known in _stream_words() if word and word in known][:6]
    near = near or get_close_matches(word, _stream_words(), 3, 0.5)
    names = list(dict.fromkeys(streams()[_stream_words()[word]].name for word in near))
    zh, en = "、".join(n.zh for n in names), "; ".join(n.en for n in names)
    raise BadInput(
        "carbon.unknown_stream",
        Text("不认识这个项目。", "This stream is not known."),
        remedy=Text(
            f"请从模板的项目清单中选择{f'；相近的有：{zh}' if zh else ''}。",
            f"Choose one of the template's list{f'; near: {en}' if en else ''}.",
        ),
    )


def _number(text: str) -> float:
    """A number as people write it. Raises BadInput."""
    found = number(text, ("%",)) if len(text) <= MAX_NUMBER else _BAD
    if isinstance(found, float):
        return found
    if found == _FORMULA or text.startswith("="):
        raise BadInput(
            "carbon.cell_formula",
            Text("单元格内容是公式，不予接受。", "The cell holds a formula and is not accepted."),
            remedy=Text("请粘贴为数值。", "Paste it as a value."),
        )
    raise BadInput(
        "carbon.no_number",
        Text("不是数字。", "Not a number.") if found == _BAD else Text("没有填写。", "Nothing is entered."),
        remedy=Text(
            f"请填数字，不超过 {MAX_NUMBER} 个字符。", f"Enter a number of up to {MAX_NUMBER} characters."
        ),
    )


def amount_of(text: str) -> float:
    """An amount of 0 or more. Raises BadInput."""
    value = _number(text)
    if value < 0:
        raise BadInput(
            "carbon.amount_negative",
            Text("数量不能为负。", "The amount cannot be negative."),
            remedy=Text(
                "碳汇也填面积或株数，正负由系统判断。",
                "A sink is entered as its area or trees; the sign follows.",
            ),
        )
    return value


def day_of(text: str, *, end: bool) -> date:
    """A day, or the first or last one of a month (2025-03) or year (2025)."""
    if len(text) == 4 and text.isascii() and text.isdecimal() and 1970 <= int(text) <= 2199:
        return date(int(text), 12, 31) if end else date(int(text), 1, 1)
    found = moment(text) if text and len(text) <= MAX_NUMBER else None
    if found is None:
        raise BadInput(
            "carbon.bad_day",
            Text("看不懂这个日期。", "This day cannot be read.")
            if text
            else Text("没有填写。", "Nothing is entered."),
            remedy=Text("请写成 2025-01-31 这样的形式。", "Write it like 2025-01-31."),
        )
    seconds, precision, _ = found
    day = (_EPOCH + timedelta(seconds=seconds)).date()
    if precision == _TO_MONTH and end:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day


def refuse_future(last: date, today: date) -> date:
    """The day, unless it lies in the future: nothing has been used or grown by then. Raises BadInput."""
    if last > today:
        raise BadInput(
            "carbon.day_future",
            Text("日期在今天之后。", "The day lies in the future."),
            remedy=Text("请只填已经发生的活动。", "Enter only what has happened."),
        )
    return last


def source_of(text: str) -> str:
    """The key of a source, by key or word in either language. Raises BadInput."""
    words = {plain(word): key for key, name in SOURCES.items() for word in (key, *name)}
    if plain(text) in words:
        return words[plain(text)]
    zh, en = "、".join(t.zh for t in SOURCES.values()), ", ".join(t.en for t in SOURCES.values())
    raise BadInput(
        "carbon.unknown_source",
        Text("不认识这个来源。", "This source is not known."),
        remedy=Text(f"请填：{zh}。", f"Enter one of: {en}."),
    )


def percent_of(text: str) -> float | None:
    """A half-range in percent; None where the cell is blank. Raises BadInput."""
    return check_percent(_number(text)) if text else None


def check_percent(pct: float) -> float:
    """A 95 % half-range in percent. Raises BadInput below 0 and above 500, where an amount says nothing any more."""
    if not 0 <= pct <= 500:
        raise BadInput(
            "carbon.bad_percent",
            Text("不确定度须在 0 到 500 之间。", "The uncertainty must be from 0 to 500."),
            remedy=Text(
                "请填 95 % 区间半宽的百分数，例如 50。", "Enter the 95 % half-range in percent, such as 50."
            ),
        )
    return pct


def note_of(text: str) -> str:
    """A note that fits its column. Raises BadInput."""
    if len(text) > MAX_NOTE:
        raise BadInput(
            "carbon.long_note",
            Text(f"备注超过 {MAX_NOTE} 个字符。", f"The note is longer than {MAX_NOTE} characters."),
            remedy=Text("请缩短。", "Shorten it."),
        )
    return text
