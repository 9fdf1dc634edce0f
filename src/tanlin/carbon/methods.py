"""The methods of this room, named in receipts."""

from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Method

INVENTORY = Method(
    "carbon.inventory",
    1,
    "GPC 1.1 ch. 6, 8; GHG Protocol Scope 2 Guidance (location-based); GB/T 2589-2020; IPCC 2006 vol. 1 ch. 3",
    replay="tanlin.carbon.services:replay",
    label=Text("碳排放清单（基于位置）", "Carbon inventory (location-based)"),
    trial="tanlin.carbon.services:try_inventory",
)

CLAIM = Method(
    "carbon.claim",
    1,
    "IPCC 2006 vol. 1 ch. 3, approach 1; mass, carbon and energy balances; capacity by hours; published factors",
    replay="tanlin.carbon.services:replay_claim",
    label=Text("数据口径核对", "Claim check"),
)

ACCOUNT = Method(
    "carbon.account",
    1,
    "GPC 1.1 ch. 3-10 (BASIC, BASIC+); IPCC 2006 vol. 1 ch. 3, approach 1, correlated by cause",
    replay="tanlin.carbon.services:replay_account",
    label=Text("碳账户（GPC）", "Carbon account (GPC)"),
    trial="tanlin.carbon.services:try_account",
)

HOURLY = Method(
    "carbon.hourly",
    1,
    "Official annual factor x modelled daily shape, normalised by load to the official value",
    replay="tanlin.carbon.services:replay_hourly",
    label=Text("逐时碳排放（模型曲线）", "Emissions by hour (modelled shape)"),
    trial="tanlin.carbon.services:try_hourly",
)

COMPARE = Method(
    "carbon.compare",
    1,
    "Additive LMDI-I (Ang 2004, Energy Policy 32:1131); IPCC 2006 vol. 1 ch. 3, approach 1, correlated by cause",
    replay="tanlin.carbon.services:replay_change",
    label=Text("与上年相比", "Against the year before"),
    trial="tanlin.carbon.services:try_change",
)
