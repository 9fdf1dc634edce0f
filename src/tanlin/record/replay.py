"""Replay of receipts, the pure part: is the recomputed result the one the receipt states?

A receipt holds its result to nine significant digits. A recomputed value is *equal* when it rounds to the
stated one, or would after a change within the tolerance of the method (1e-9 unless it declares more).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tanlin.kernel.errors import Text
from tanlin.kernel.receipt import Change, Recomputed, Replay, canonical, compare, significant

# Two results of equal inputs are both rounded to nine digits: noise may flip the last of them.
LAST_DIGIT = 1e-8
Load = Callable[[str], Any]


def table_bytes(rows: list[dict[str, Any]]) -> bytes:
    """The stored form of a figure's table; its hash stands in the receipt's result as ``table``."""
    return canonical(significant(rows))


def expand(result: dict[str, Any], load: Load) -> dict[str, Any]:
    """The result with a ``table`` given by hash replaced by its rows; ``load`` reads a stored table."""
    table = result.get("table")
    if isinstance(table, str) and table.startswith("sha256:"):
        return {**result, "table": load(table)}
    return result


def differences(stated: Any, found: Any, tolerance: float) -> list[tuple[str, float]]:
    """Paths at which ``found`` (unrounded) is not what ``stated`` (nine digits) says, with relative gaps."""
    nudges = (1.0, 1 + tolerance, 1 - tolerance)
    missed = [
        {path for path, _ in compare(stated, significant(_scaled(found, n)), tolerance)} for n in nudges
    ]
    wrong = set.intersection(*missed)
    return [(path, gap) for path, gap in compare(stated, found, 0.0) if path in wrong]


def same_result(was: dict[str, Any], now: dict[str, Any], load: Load) -> bool:
    """Whether two receipts' results agree but for the last digit (mint rule)."""
    return not compare(expand(was, load), expand(now, load), LAST_DIGIT)


def same_inputs(was: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether two receipt bodies agree in everything but the result."""
    return canonical({**was, "result": None}) == canonical({**now, "result": None})


def judge(body: dict[str, Any], recomputed: Recomputed, tolerance: float, load: Load) -> Replay:
    """The answer *equal* or *differs*, with the largest relative difference and the changed inputs."""
    gaps = differences(expand(body["result"], load), expand(recomputed.result, load), tolerance)
    return Replay(
        "differs" if gaps else "equal",
        max((gap for _, gap in gaps), default=0.0),
        [path for path, _ in gaps],
        list(recomputed.changes),
    )


def replay_json(replay: Replay, code: str = "") -> dict[str, Any]:
    """The JSON shape shared by API and command. ``largest_difference`` is null for a missing or changed key."""
    largest = replay.largest_difference
    return {
        "answer": replay.answer,
        "message": answer_text(replay, code)._asdict(),
        "largest_difference": None if largest is None or math.isinf(largest) else largest,
        "differing": replay.differing,
        "changes": [vars(change) for change in replay.changes],
    }


def answer_text(replay: Replay, code: str = "") -> Text:
    """The answer as a sentence; ``code`` is the version of the program that made the receipt."""
    if replay.answer == "equal":
        return Text("复算结果一致", "equal")
    if replay.answer == "retired":
        return Text(f"方法已停用：需要程序版本 {code}", f"method retired: needs code {code}")
    if replay.answer == "erased":
        return Text("输入数据已依法删除", "input erased by law")
    gap = replay.largest_difference or 0.0
    size = (
        Text("内容不同", "other content")
        if math.isinf(gap)
        else Text(f"相对差 {gap:.3g}", f"{gap:.3g} relative")
    )
    keys = ", ".join(replay.differing[:5])
    return Text(f"复算结果不一致（最大{size.zh}）：{keys}", f"differs (largest {size.en}): {keys}")


def change_text(change: Change) -> Text:
    """One changed input as a line: name, old and new value."""
    was, now = _short(change.was), _short(change.now)
    return Text(f"输入已变：{change.name}（{was} → {now}）", f"input changed: {change.name} ({was} → {now})")


def _short(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.9g}"
    return value if isinstance(value, str) else canonical(value).decode()


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, float):
        return value * factor
    if isinstance(value, dict):
        return {key: _scaled(item, factor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scaled(item, factor) for item in value]
    return value
