"""Which account a kind of factor may serve: an inventory, a programme, a project or a product's footprint.

Their numbers look alike and answer different questions, so each kind is used in its own account only: a grid factor
counts CO2 of generation, a footprint factor CO2e of the whole life cycle, a programme's default what its rules say,
a project baseline what a project displaces (ISO 14064-1 and -2 keep separate ledgers; ISO 14067 for footprints).
"""

from __future__ import annotations

from tanlin.kernel.errors import Refused, Text, Where

INVENTORY, PROGRAMME, PROJECT, PRODUCT = "inventory", "programme", "project", "product"
LEDGERS: dict[str, Text] = {
    INVENTORY: Text("碳排放清单", "an inventory"),
    PROGRAMME: Text("相应的地方方案", "its local programme"),
    PROJECT: Text("减排项目", "a reduction project"),
    PRODUCT: Text("产品碳足迹", "a product's footprint"),
}
#: Kinds that no inventory may use; every other kind is one of inventories.
_APART = {
    "grid_local_program": PROGRAMME,
    "heat_local_program": PROGRAMME,
    "grid_project_baseline": PROJECT,
    "transport_reduction": PROJECT,
    "grid_lca": PRODUCT,
    "waste_lca": PRODUCT,
}


def ledger_of(kind: str) -> str:
    """The account a kind of factor belongs to."""
    return _APART.get(kind, INVENTORY)


def require(kind: str, ledger: str = INVENTORY) -> None:
    """Raises Refused where factors of this kind belong to another account than ``ledger``."""
    own = ledger_of(kind)
    if own == ledger:
        return
    raise Refused(
        "carbon.factor_kind",
        Text(
            f"这类因子只能用于{LEDGERS[own].zh}，不能用于{LEDGERS[ledger].zh}。",
            f"Factors of this kind serve {LEDGERS[own].en} only, not {LEDGERS[ledger].en}.",
        ),
        remedy=Text("请改用同一用途的因子。", "Choose a factor made for this account."),
        where=Where(value=kind),
    )
