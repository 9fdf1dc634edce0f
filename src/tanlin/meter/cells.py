"""Numbers and moments out of text cells: the common form in one vectorised pass, the rest once per distinct text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tanlin.kernel.period import DAY

T = TypeVar("T")
Order = Literal["ymd", "dmy", "mdy"]
ORDERS: tuple[Order, ...] = ("ymd", "dmy", "mdy")
#: States of a cell.
OK, BLANK, BAD, FORMULA = 0, 1, 2, 3
#: Precision of a moment: to the second, the day, the month.
SECOND, TO_DAY, TO_MONTH = 0, 1, 2
_EPOCH = date(1970, 1, 1).toordinal()
_EXCEL_EPOCH = date(1899, 12, 30).toordinal() - _EPOCH

_PLAIN = r"^-?\d+(\.\d+)?([eE][+-]?\d+)?$"
_NUMBER = re.compile(
    r"([+-]?(?:\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(.*)",
    re.IGNORECASE,
)
_ISO = r"^\d{4}-\d\d-\d\d( |T)\d\d:\d\d(:\d\d)?$"
_SEP = r"\s*[-/.年]\s*"
_FULL = re.compile(rf"(\d{{4}}){_SEP}(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*[日号]?")
_SHORT = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?!\d)")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)[ T]?(\d\d):?(\d\d)(?::?(\d\d))?")
_MONTH = re.compile(rf"(\d{{4}}){_SEP}(\d{{1,2}})\s*(?:月份?)?|((?:19|20|21)\d\d)(\d\d)")
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")
_CLOCK = re.compile(
    r"(上午|下午|AM|PM)?\s*(\d{1,2})\s*[:时点]\s*(\d{1,2})?\s*(?:[:分]\s*(\d{1,2})?(?:\.\d+)?秒?)?\s*(AM|PM)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?<=\d)\s*(Z|[+-]\d\d:?\d\d)$")
_WEEKDAY = re.compile(r"\(?(星期|周)[一二三四五六日天]\)?")


class Moments(NamedTuple):
    """``seconds`` since 1970 of the local clock (of UTC where ``absolute``), with ``state`` and ``precision``."""

    seconds: np.ndarray
    state: np.ndarray
    precision: np.ndarray
    absolute: np.ndarray


def plain(text: str) -> str:
    """Full-width forms, exotic spaces and minus signs made ordinary; trimmed."""
    return unicodedata.normalize("NFKC", text).replace("−", "-").strip()


def texts(column: pa.Array) -> pa.Array:
    """A column as trimmed text without nulls."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    return pc.fill_null(pc.utf8_trim_whitespace(column), "")


def distinct(column: pa.Array, each: Callable[[str], T]) -> tuple[list[T], np.ndarray]:
    """``each`` applied once per distinct text, and the index of every row into that list."""
    coded = column.dictionary_encode()
    return [each(t) for t in coded.dictionary.to_pylist()], coded.indices.to_numpy(zero_copy_only=False)


# Numbers --------------------------------------------------------------------------------------------


def number(text: str, units: Iterable[str] = (), commas: bool = True) -> float | int:
    """The value of a number as people write it, or (as an int) the state that says why it is none.

    Thousands separators, full-width digits and a trailing unit out of ``units`` are accepted; a comma is
    refused where it may be a decimal one (``commas`` false).
    """
    t = plain(text)
    if not t:
        return BLANK
    found = _NUMBER.fullmatch(t)
    if found and (commas or "," not in t):
        rest = found[2].strip().lower()
        if not rest or rest in units:
            value = float(found[1].replace(",", "").replace(" ", ""))
            return value if np.isfinite(value) else BAD
    risky = t[0] in "=@" or (t[0] in "+-" and re.search(r"[A-Za-z(|!]", t))
    return FORMULA if risky else BAD


def numbers(
    column: pa.Array, units: Iterable[str] = (), commas: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Values (float64, NaN where none) and states (int8) of a column of any Arrow type."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        state = np.where(np.isnan(values), BLANK, np.where(np.isinf(values), BAD, OK))
        return values, state.astype(np.int8)
    column = texts(column)
    fast = pc.match_substring_regex(column, _PLAIN)
    easy = pc.if_else(fast, column, None).cast(pa.float64())
    values = easy.to_numpy(zero_copy_only=False).copy()
    state = np.where(np.isinf(values), BAD, OK).astype(np.int8)
    slow = np.flatnonzero(~fast.to_numpy(zero_copy_only=False))
    if slow.size:
        units = frozenset(u.lower() for u in units)
        found, index = distinct(column.take(slow), lambda t: number(t, units, commas))
        codes = [f if isinstance(f, int) else OK for f in found]
        reals = [np.nan if isinstance(f, int) else f for f in found]
        values[slow] = np.array(reals, float)[index]
        state[slow] = np.array(codes, np.int8)[index]
    return values, state


# Moments --------------------------------------------------------------------------------------------


def _day(year: int, month: int, day: int) -> int | None:
    """Days since 1970, or None where there is no such day."""
    try:
        return date(year, month, day).toordinal() - _EPOCH if year >= 1970 else None
    except ValueError:
        return None


def clock(text: str) -> int | None:
    """Seconds after midnight of ``8:00``, ``08:00:30``, ``8时30分``, ``下午3:00``, ``24:00``; else None."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(2, 3, 4))
    half = (found[1] or found[5] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in ("下午", "PM") else 0)
    whole = hour * 3600 + minute * 60 + second
    return whole if minute < 60 and second < 60 and whole <= DAY else None


def moment(text: str, order: Order | None = None) -> tuple[int, int, bool] | None:
    """(seconds since 1970, precision, absolute) of one written moment; None where it cannot be read.

    ``order`` decides dates whose year does not come first with four digits; without it they are not read.
    """
    t = _WEEKDAY.sub(" ", plain(text)).strip()
    if found := _SERIAL.fullmatch(t):
        seconds = round(float(t) * DAY) + _EXCEL_EPOCH * DAY
        return seconds, SECOND if seconds % DAY else TO_DAY, False
    shift, absolute = 0, False
    if ":" in t and (found := _OFFSET.search(t)):
        absolute, t = True, t[: found.start()]
        if found[1] != "Z":
            sign = -1 if found[1][0] == "-" else 1
            digits = found[1][1:].replace(":", "")
            shift = sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
    if found := _MONTH.fullmatch(t):
        year, month = (int(p) for p in found.groups() if p)
        day = _day(year, month, 1)
        return None if day is None else (day * DAY, TO_MONTH, False)
    if found := _STAMP.fullmatch(t):
        y, m, d, hh, mm, ss = (int(p or 0) for p in found.groups())
        day, after = _day(y, m, d), clock(f"{hh}:{mm}:{ss}")
        bad = day is None or after is None
        return None if bad else (day * DAY + after - shift, SECOND, absolute)  # type: ignore[operator]
    day, rest = _leading_day(t, order)
    if day is None:
        return None
    rest = rest.lstrip("T ").strip()
    if not rest:
        return day * DAY, TO_DAY, False
    after = clock(rest)
    return None if after is None else (day * DAY + after - shift, SECOND, absolute)


def _leading_day(t: str, order: Order | None) -> tuple[int | None, str]:
    if found := _FULL.match(t) or _COMPACT.match(t):
        year, month, day = (int(p) for p in found.groups())
        return _day(year, month, day), t[found.end() :]
    if (found := _SHORT.match(t)) and order:
        return _day(*_ordered(found.groups(), order)), t[found.end() :]
    return None, t


def _ordered(parts: tuple[str, ...], order: Order) -> tuple[int, int, int]:
    a, b, c = (int(p) for p in parts)
    if order == "ymd":
        return (a + 2000 if len(parts[2]) == 2 else 0), b, c
    year = c + 2000 if len(parts[2]) == 2 else c
    return (year, b, a) if order == "dmy" else (year, a, b)


def orders(column: Iterable[str]) -> set[Order] | None:
    """The orders under which every short date of the column is a date; None where there is no short date."""
    left: set[Order] | None = None
    for text in column:
        found = _SHORT.match(plain(text))
        if found:
            fits = {o for o in ORDERS if _day(*_ordered(found.groups(), o)) is not None}
            left = fits if left is None else left & fits
    return left


def moments(column: pa.Array, order: Order | None = None) -> Moments:
    """Moments of a column of any Arrow type; see ``moment`` for the accepted forms."""
    size = len(column)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _typed(column)
    column = texts(column)
    seconds = np.zeros(size, np.int64)
    state, precision = np.zeros(size, np.int8), np.zeros(size, np.int8)
    absolute = np.zeros(size, bool)
    fast = pc.match_substring_regex(column, _ISO)
    try:
        easy = pc.if_else(fast, column, None).cast(pa.timestamp("s"))
    except pa.ArrowInvalid:  # a day or an hour that does not exist, such as 24:00
        fast, easy = pa.array(np.zeros(size, bool)), None
    if easy is not None:
        seconds = pc.fill_null(easy.cast(pa.int64()), 0).to_numpy().copy()
    slow = np.flatnonzero(~fast.to_numpy(zero_copy_only=False))
    if slow.size:
        found, index = distinct(column.take(slow), lambda t: _row(t, order))
        table = np.array(found, np.int64).reshape(-1, 4)[index]
        seconds[slow], state[slow] = table[:, 0], table[:, 1]
        precision[slow], absolute[slow] = table[:, 2], table[:, 3]
    return Moments(seconds, state, precision, absolute)


@lru_cache(maxsize=200_000)
def _row(text: str, order: Order | None) -> tuple[int, int, int, bool]:
    found = moment(text, order) if text else None
    if found is None:
        return 0, BAD if text else BLANK, 0, False
    return found[0], OK, found[1], found[2]


def _typed(column: pa.Array) -> Moments:
    size, kind = len(column), column.type
    by_day = pa.types.is_date(kind)
    zoned = not by_day and kind.tz is not None
    whole = column.cast(pa.timestamp("us")) if by_day else column
    whole = whole.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
    micro = pc.fill_null(whole.cast(pa.int64()), 0).to_numpy()
    blank = column.is_null().to_numpy(zero_copy_only=False)
    seconds = (micro + 500_000) // 1_000_000
    precision = np.full(size, TO_DAY if by_day else SECOND, np.int8)
    return Moments(seconds, blank.astype(np.int8), precision, np.full(size, zoned))
