"""Manifest of the room."""

from django.apps import AppConfig

from tanlin.carbon.account.boundary import ATTRIBUTES, KEY
from tanlin.carbon.account.change import LABELS as CHANGE_LABELS
from tanlin.carbon.account.hourly import LABELS as HOURLY_LABELS
from tanlin.carbon.account.results import LABELS as ACCOUNT_LABELS
from tanlin.carbon.figures import LABELS
from tanlin.carbon.methods import ACCOUNT, CLAIM, COMPARE, HOURLY, INVENTORY
from tanlin.kernel.errors import Text
from tanlin.kernel.manifest import Nav, Room


class CarbonConfig(AppConfig):
    name = "tanlin.carbon"
    label = "tanlin_carbon"
    room = Room(
        name="carbon",
        title=Text("碳排放", "Carbon"),
        methods=(INVENTORY, ACCOUNT, CLAIM, COMPARE, HOURLY),
        urls="tanlin.carbon.urls",
        api="tanlin.carbon.api:router",
        commands={"carbon": "tanlin.carbon.cli:cli"},
        jobs={
            "carbon.derive_due": "tanlin.carbon.jobs:derive_due",
            "carbon.derive": "tanlin.carbon.jobs:derive_place",
            "carbon.preview": "tanlin.carbon.jobs:preview_facts",
        },
        periodic=("carbon.derive_due@5",),
        nav=(
            Nav("carbon:overview", Text("总览", "Overview"), "home", 10),
            Nav("carbon:account", Text("碳账", "Account"), "carbon", 12),
            Nav("carbon:activities", Text("活动数据", "Activities"), "table", 15),
            Nav("carbon:factors", Text("因子与价格", "Factors and tariffs"), "factor", 40),
        ),
        figures=LABELS
        | ACCOUNT_LABELS
        | CHANGE_LABELS
        | HOURLY_LABELS
        | {CLAIM.id: Text("数据口径核对", "Claim check")},
        attributes=dict.fromkeys((*ATTRIBUTES, KEY), tuple(ACCOUNT_LABELS)),
    )
