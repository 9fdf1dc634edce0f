"""What a new factor, tariff or rule would move: tried first, then confirmed, so that nobody is surprised.

Figures that may move are found by the dirty index, the same that marks them stale. Each is computed again from the
inputs its receipt pins, with the new facts among the books; nothing is published. A method of any room takes part
by naming a function in ``Method.trial``; a method that stands on another's receipts follows it in the manifest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.db import transaction
from django.utils import timezone

from tanlin.carbon.account.change import KEY as CHANGE
from tanlin.carbon.models import FactPreview
from tanlin.carbon.services.facts import add_facts, checked, with_news
from tanlin.carbon.services.trying import Trial, Tried
from tanlin.carbon.stored import books
from tanlin.kernel.errors import Conflict, Text
from tanlin.kernel.manifest import Method, load, methods
from tanlin.kernel.ports import enqueue
from tanlin.kernel.receipt import canonical, significant
from tanlin.readings import queries as readings
from tanlin.record import FactRow, same_result
from tanlin.record import queries as record
from tanlin.record import services as recording
from tanlin.record.queries import Resting

#: Places and periods up to which a preview is computed while one waits.
FEW = 4
Progress = Callable[[int, int], object]
_DAYS = ("valid_from", "valid_to", "published")


@dataclass(frozen=True)
class Moved:
    """One published figure that would change. ``was`` and ``now``: value, low, high, provisional.

    The value of a figure that is a table is None; ``table`` says whether its rows change.
    """

    area: int
    key: str
    period: str
    unit: str
    was: dict[str, Any]
    now: dict[str, Any]
    table: bool
    receipt: str


@dataclass(frozen=True)
class Preview:
    """What a set of facts would move.

    ``renewed``: receipts whose value stays but that would cite other facts; ``kept``: figures looked at that stay as
    they are; ``waiting``: of all of them, those that wait to be derived again for another reason; ``untried``: figures
    of methods that cannot be tried.
    """

    moved: tuple[Moved, ...] = ()
    renewed: tuple[str, ...] = ()
    kept: int = 0
    waiting: int = 0
    untried: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready; :meth:`read` reads it back."""
        return asdict(self)

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Preview:
        """From what :meth:`as_dict` made."""
        moved = tuple(Moved(**one) for one in stored["moved"])
        return cls(**stored | {"moved": moved, "renewed": tuple(stored["renewed"])})


def preview(rows: Iterable[FactRow], progress: Progress = lambda done, total: None) -> Preview:
    """What these facts would move if they were added now. Writes nothing; raises what :func:`checked` does."""
    rows = checked(rows)
    candidates = record.resting_on(rows)
    groups = _groups(candidates)
    if not groups:
        return Preview()
    trial = Trial(books(with_news(record.facts(), rows)), readings.snapshot())
    asked = {(one.area_id, one.period, one.key) for one in candidates}
    groups = sorted(set(groups) | {(area, _year_after(period)) for area, period in groups})
    parts = []
    for number, (area, period) in enumerate(groups):
        progress(number, len(groups))
        if number and area != groups[number - 1][0]:
            trial.tables.clear()  # a receipt stands on receipts of its own place
        figures = record.standing(area, period)
        parts += [_try(mine, method, trial, asked) for method, mine in _by_method(figures)]
    progress(len(groups), len(groups))
    return Preview(
        moved=tuple(one for part in parts for one in part.moved),
        renewed=tuple(one for part in parts for one in part.renewed),
        kept=sum(part.kept for part in parts),
        waiting=sum(one.stale for one in candidates),
        untried=sum(part.untried for part in parts),
    )


def _groups(candidates: Iterable[Resting]) -> list[tuple[int, str]]:
    """(area id, period) of the candidates, and the years compared with theirs: all figures of one go together."""
    pairs = {(one.area_id, one.period) for one in candidates}
    after = {(area, str(int(period) + 1)) for area, period in pairs if len(period) == 4}
    return sorted(pairs | after & record.places_with(CHANGE))


def _year_after(period: str) -> str:
    """The year that may be compared with the one a period lies in."""
    return str(int(period[:4]) + 1)


def _by_method(figures: list[Resting]) -> list[tuple[Method | None, list[Resting]]]:
    """Figures by the method that made them, in the order of the manifests; None: a method that is gone."""
    known = methods()
    order = {key: number for number, key in enumerate(known)}

    def of(figure: Resting) -> tuple[str, int]:
        return figure.body["method"]["id"], figure.body["method"]["version"]

    ranked = sorted(figures, key=lambda figure: (order.get(of(figure), len(order)), of(figure), figure.key))
    return [(known.get(key), list(mine)) for key, mine in groupby(ranked, of)]


def _try(
    figures: list[Resting], method: Method | None, trial: Trial, asked: set[tuple[int, str, str]]
) -> Preview:
    if method is None or not method.trial:
        return Preview(untried=sum((one.area_id, one.period, one.key) in asked for one in figures))
    moved: list[Moved] = []
    renewed: list[str] = []
    looked, attempt = 0, load(method.trial)
    for _, same in groupby(
        sorted(figures, key=_pins), _pins
    ):  # figures of one derivation pin the same inputs
        mine = list(same)
        based = _based_on(mine[0].body) & trial.renewed
        if not based and not any((one.area_id, one.period, one.key) in asked for one in mine):
            continue
        looked += len(mine)
        tried = attempt(mine[0].body, mine[0].batch, trial)
        fresh = bool(based) or _cites_others(mine[0].body, tried)
        for figure in mine:
            change = _change(figure, tried, trial)
            moved += [change] if change else []
            renewed += [figure.receipt] if fresh and not change else []
            trial.renewed |= {figure.receipt} if fresh or change else set()
    return Preview(tuple(moved), tuple(renewed), kept=looked - len(moved) - len(renewed))


def _based_on(body: dict[str, Any]) -> set[str]:
    """Receipts that a receipt stands on."""
    return {item["receipt"] for item in body["inputs"] if "receipt" in item}


def _pins(figure: Resting) -> bytes:
    return canonical([figure.body["parameters"], figure.body["inputs"]])


def _cites_others(body: dict[str, Any], tried: Tried) -> bool:
    """Whether a receipt of what was tried would name other facts."""
    was = [item for item in body["inputs"] if "fact" in item]
    return sorted(map(canonical, was)) != sorted(map(canonical, tried.cited))


def _change(figure: Resting, tried: Tried, trial: Trial) -> Moved | None:
    """How a figure would change, by the rule that decides whether a new receipt states something new."""
    fresh = tried.of(figure.key)
    was, now = figure.body["result"], significant(fresh.body())
    if same_result(was, now, recording.load_table):
        return None
    if "table" in now:
        trial.tables[figure.receipt] = now["table"]
    return Moved(
        area=figure.area_id,
        key=figure.key,
        period=figure.period,
        unit=fresh.unit,
        was=figure.told,
        now={name: getattr(fresh, name) for name in figure.told},
        table="table" in now or "table" in was,
        receipt=figure.receipt,
    )


# --- asking and confirming ------------------------------------------------------------------------------------------
def ask_preview(rows: Iterable[FactRow], *, area: Any, actor: Any) -> FactPreview:
    """Put facts to a preview: computed at once where few places are touched, by a job where many are.

    Raises BadInput for what is no fact, Refused where the rows say nothing new.
    """
    rows = checked(rows)
    found = FactPreview.objects.create(area=area, asked_by=actor, facts=[_plain(row) for row in rows])
    if len(_groups(record.resting_on(rows))) <= FEW:
        return run_preview(found)
    job = enqueue("carbon.preview", {"preview": found.pk}, actor=actor, area=area)
    found.job = job.pk
    found.save(update_fields=["job"])
    return found


def run_preview(asked: FactPreview, progress: Progress = lambda done, total: None) -> FactPreview:
    """Compute a preview and keep its result."""
    newest = record.newest_fact()  # before the facts are read
    asked.result = preview(facts_of(asked), progress).as_dict()
    asked.newest_fact = newest
    asked.save(update_fields=["result", "newest_fact"])
    return asked


@transaction.atomic
def confirm_preview(asked: FactPreview, *, actor: Any) -> int:
    """Add the facts of a preview, so that what it named is derived again; returns how many facts were added.

    Raises Conflict where it is not computed yet, was confirmed before, or a fact was added since.
    """
    found = FactPreview.objects.select_for_update().get(pk=asked.pk)
    if found.result is None or found.confirmed:
        raise Conflict(
            "carbon.preview_over",
            Text("此预览尚未算出或已经确认。", "This preview is not computed yet, or was confirmed before."),
        )
    data = {"preview": found.pk, "moves": len(found.result["moved"])}
    # The event takes the lock under which every fact is added: nobody slips in between look and act.
    recording.report_event("carbon.preview_confirmed", actor=actor, area=found.area, data=data)
    if is_outdated(found):
        raise Conflict(
            "carbon.preview_outdated",
            Text(
                "预览之后有人新增了因子、价格或规则，预览结果可能已不成立，未保存任何内容。",
                "A factor, tariff or rule was added after this preview, so it may no longer hold. Nothing was stored.",
            ),
            remedy=Text("请重新预览后再确认。", "Preview again, then confirm."),
        )
    count = add_facts(facts_of(found), actor=actor)
    found.confirmed = timezone.now()
    found.save(update_fields=["confirmed"])
    enqueue("carbon.derive_due", {})
    return count


def is_outdated(asked: FactPreview) -> bool:
    """Whether a fact was added after the preview was computed."""
    return asked.newest_fact is not None and asked.newest_fact != record.newest_fact()


@transaction.atomic
def erase_previews(area_ids: Iterable[int]) -> int:
    """Remove the previews that were asked for at places that are about to be removed; returns how many went."""
    return FactPreview.objects.filter(area__in=list(area_ids)).delete()[0]


def facts_of(asked: FactPreview) -> list[FactRow]:
    """The facts of a preview."""
    return [FactRow(**row | {name: _day(row[name]) for name in _DAYS}) for row in asked.facts]


def _plain(row: FactRow) -> dict[str, Any]:
    fields = {name: value for name, value in vars(row).items() if name not in ("learned", "vintage")}
    return fields | {name: fields[name].isoformat() if fields[name] else None for name in _DAYS}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
