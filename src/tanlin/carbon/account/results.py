"""The figures of an account. Whoever adds a figure adds a function to MAKERS and its label to LABELS.

Pure, so that a replay makes the very same ones. What a function asks of ``account.book`` is cited in the receipts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc

from tanlin.carbon.account.account import TOTALS, Account
from tanlin.carbon.account.boundary import Stated
from tanlin.carbon.account.coal import equivalent
from tanlin.carbon.account.draws import drawn
from tanlin.carbon.account.scope2 import LABELS as SCOPE2
from tanlin.carbon.account.scope2 import scope2
from tanlin.carbon.account.spread import contributors
from tanlin.carbon.figures import Result
from tanlin.kernel.errors import Text

LABELS: dict[str, Text] = {
    "carbon.basic": Text("碳排放（GPC BASIC）", "Emissions (GPC BASIC)"),
    "carbon.basic_plus": Text("碳排放（GPC BASIC+）", "Emissions (GPC BASIC+)"),
    "carbon.basic_plus_gross": Text("碳排放（BASIC+，不计碳汇）", "Emissions (BASIC+, without sinks)"),
    "carbon.sinks": Text("绿地碳汇", "Green sinks"),
    "carbon.territorial": Text("地域范围一排放", "Territorial scope 1 emissions"),
    "carbon.per_person": Text("人均碳排放（BASIC）", "Emissions per person (BASIC)"),
    "carbon.per_m2": Text("单位建筑面积碳排放（BASIC）", "Emissions per square metre of floor (BASIC)"),
    "carbon.tce_equivalent": Text("综合能耗（等价值）", "Energy in standard coal (equivalent basis)"),
    "carbon.account": Text("碳账户明细", "Lines of the carbon account"),
    "carbon.gpc": Text("GPC 清单表", "GPC table"),
    "carbon.gases": Text("分气体排放", "Emissions by gas"),
    "carbon.sectors": Text("分部门排放", "Emissions by sector"),
    "carbon.contributors": Text("不确定性来源", "Causes of the uncertainty"),
    "carbon.boundary": Text("核算边界", "Boundary of the account"),
} | SCOPE2
_TOTALS = ("basic", "basic_plus", "basic_plus_gross", "sinks", "territorial")
_SHARES = ("coverage", "estimated", "provisional")


def totals(account: Account) -> list[Result]:
    """BASIC, BASIC+ with and without sinks, the sinks themselves, and territorial scope 1, in tCO2e."""
    return [_result(f"carbon.{name}", _explained(name, account.totals[name]), "tCO2e") for name in _TOTALS]


def _explained(name: str, total: dict[str, Any]) -> dict[str, Any]:
    """A sum of no lines says why it is unknown."""
    if total["value"] is not None or total["unknown"]:
        return total
    return total | {"unknown": {"account.no_sink" if name == "sinks" else "account.none": 0}}


def ratios(account: Account) -> list[Result]:
    """BASIC per person (tCO2e) and per square metre of floor (kgCO2e); unknown where the boundary does not say."""
    basic, boundary = _explained("basic", account.totals["basic"]), account.boundary
    return [
        _ratio("carbon.per_person", basic, boundary.population, 1.0, "tCO2e", "boundary.no_population"),
        _ratio("carbon.per_m2", basic, boundary.floor_m2, 1000.0, "kgCO2e/m2", "boundary.no_floor"),
    ]


def tables(account: Account) -> list[Result]:
    """The lines, the GPC table, sums by gas and by sector, and the boundary."""
    whole = account.totals["basic_plus"]
    shares = {name: whole[name] for name in _SHARES}
    made = {
        "carbon.account": account.lines.to_pylist(),
        "carbon.gpc": account.gpc,
        "carbon.gases": gases(account),
        "carbon.sectors": sectors(account),
    }
    out = [Result(key, None, "tCO2e", **shares, table=rows) for key, rows in made.items()]
    return [*out, Result("carbon.boundary", None, "", table=account.boundary.rows())]


def gases(account: Account) -> list[dict[str, Any]]:
    """By gas: mass_t (None where factors do not part the gases) and the sum of BASIC and of BASIC+ (tCO2e)."""
    both = account.part(*TOTALS["basic_plus"])
    out = []
    for gas in sorted(set(both["gas"].to_pylist())):
        mine = both.filter(pc.equal(both["gas"], gas))
        masses = [mass for mass in mine["mass_t"].to_pylist() if mass is not None]
        out.append({"gas": gas, "mass_t": sum(masses) if masses else None} | _levels(account, mine))
    return out


def sectors(account: Account) -> list[dict[str, Any]]:
    """By sector of the GPC (I … VI): the sum of BASIC and of BASIC+ (tCO2e), each with its interval."""
    both = account.part(*TOTALS["basic_plus"])
    sector = [ref.partition(".")[0] for ref in both["ref"].to_pylist()]
    out = []
    for name in sorted(set(sector), key=_ROMAN.index):
        out.append({"sector": name} | _levels(account, both.filter([one == name for one in sector])))
    return out


_ROMAN = ("I", "II", "III", "IV", "V", "VI", "")


def _levels(account: Account, lines: Any) -> dict[str, Any]:
    """Sums of lines for each total: basic, basic_low, basic_high …, whether every factor was verified."""
    out: dict[str, Any] = {}
    for name, levels in TOTALS.items():
        inside = [level in levels for level in lines["level"].to_pylist()]
        found = account.stated(lines.filter(inside))
        out |= {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
        out |= {
            "unknown": found["unknown"],
            "provisional": found["provisional"],
            "verified": found["verified"],
        }
    return out


def causes(account: Account) -> list[Result]:
    """What BASIC may err by, largest cause first (``spread.CONTRIBUTORS``): the rows of a tornado chart.

    Value is BASIC, low and high the 2.5 and 97.5 % quantiles of the draws: a check of the interval of ``carbon.basic``.
    """
    total, lines = account.totals["basic"], account.part("basic")
    sample = drawn(lines, account.sampling)
    ends: dict[str, Any] = {"low": sample.low if sample else None, "high": sample.high if sample else None}
    shares = {name: total[name] for name in ("unknown", *_SHARES)}
    rows = contributors(lines).to_pylist()
    return [Result("carbon.contributors", total["value"], "tCO2e", **ends, **shares, table=rows)]


def _result(key: str, total: dict[str, Any], unit: str) -> Result:
    same = ("value", "low", "high", "coverage", "estimated", "provisional", "unknown")
    return Result(key, unit=unit, **{name: total[name] for name in same})


def _ratio(
    key: str, total: dict[str, Any], by: Stated | None, scale: float, unit: str, reason: str
) -> Result:
    if by is None:
        return Result(key, None, unit, unknown={reason: 0})
    each = {
        n: None if total[n] is None else total[n] * scale / float(by.value) for n in ("value", "low", "high")
    }
    return _result(key, total | each, unit)


#: What makes the figures of an account, in the order they are published.
MAKERS: tuple[Callable[[Account], list[Result]], ...] = (totals, ratios, equivalent, tables, causes, scope2)


def results(account: Account) -> list[Result]:
    """All figures of an account."""
    return [result for make in MAKERS for result in make(account)]
