"""Carbon: what a community's readings mean in energy, greenhouse gas and money, and how far to trust it.

The pure door of the room (no Django): dated emission factors and tariffs, the inventory by month, place,
scope and carrier, and intervals correlated by cause. Names load on first use.
"""

from tanlin.kernel.door import door

__getattr__, __dir__ = door(
    __name__,
    {
        "claims.wording": ("claim_lines", "verdict_text"),
        "edge": ("Job",),
        "energy": ("energy_per_unit", "gas_kwh_per_m3", "tce_per_unit"),
        "factors": (
            "Fact",
            "FactorBook",
            "Resolved",
            "Unknown",
            "emission_per_unit",
            "read_facts",
            "region_chain",
        ),
        "files": ("METHOD", "compute", "receipts", "replay", "write_receipts"),
        "inventory": ("Inventory",),
        "reasons": ("reason_text",),
        "shown": ("brief", "kind_name", "region_name", "unit_of"),
        "tariffs": ("TariffBook", "implied_bases", "read_tariffs"),
        "uncertainty": ("combine", "total"),
    },
)
