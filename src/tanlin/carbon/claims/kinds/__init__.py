"""Kinds of claims, a module a subject: each is data (what may be stated) and one function that computes."""

from tanlin.carbon.claims.kinds.factor import FACTOR
from tanlin.carbon.claims.kinds.finance import PAYBACK
from tanlin.carbon.claims.kinds.power import POWER_CO2
from tanlin.carbon.claims.kinds.saving import ENERGY_SAVING
from tanlin.carbon.claims.kinds.shares import PER_PERSON, PERCENT_CUT
from tanlin.carbon.claims.kinds.solar import SOLAR
from tanlin.carbon.claims.kinds.transport import TRANSPORT
from tanlin.carbon.claims.kinds.trees import TREES
from tanlin.carbon.claims.kinds.waste import FOOD_WASTE
from tanlin.carbon.claims.statement import Kind

KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        FOOD_WASTE,
        TREES,
        SOLAR,
        POWER_CO2,
        ENERGY_SAVING,
        TRANSPORT,
        PERCENT_CUT,
        PER_PERSON,
        FACTOR,
        PAYBACK,
    )
}
