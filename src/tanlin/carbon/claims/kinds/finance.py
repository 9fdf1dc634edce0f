"""Money: does what is saved repay what is spent in the stated years?"""

from __future__ import annotations

from tanlin.carbon.claims.answer import Findings, Reading
from tanlin.carbon.claims.ask import Ask
from tanlin.carbon.claims.ranges import Range
from tanlin.carbon.claims.statement import NOT_STATED, YEARS, Field, Kind
from tanlin.kernel.errors import Text
from tanlin.kernel.words import digits

#: Error of a quotient of two printed amounts of money.
PRINTED = 0.05


def check(ask: Ask) -> Findings:
    """Readings: years in which the investor's share of the savings repays the cost; or with other money (open)."""
    cost, saved, share = ask.number("investment"), ask.number("saving_per_year"), ask.number("share")
    missing = [
        text
        for stated, text in (
            (cost, Text("投资额", "the investment")),
            (saved, Text("每年节省的费用", "the money saved a year")),
            (share is not None, Text("投资方分享比例", "the investor's share of it")),
        )
        if not stated
    ]
    if not cost or not saved or not share:
        return Findings((), missing=tuple(missing))
    income = saved * share / 100
    years = cost / income
    label = Text("仅靠分享的节省费用", "by the shared saving alone")
    condition = Text("仅靠分享的节省费用回收", "repaid by the shared saving alone")
    alone = Reading("saving", "arithmetic", label, Range(years, years * PRINTED), condition)
    return Findings((alone, _other_money(ask)), missing=tuple(missing), notes=_covered(ask, cost, income))


def _other_money(ask: Ask) -> Reading:
    label = Text("另有补贴或其他收入", "with a grant or other income")
    condition = Text("说明差额由何种资金补足", "what money closes the gap is stated")
    return Reading("other", "arithmetic", label, None, condition, stated=ask.word("other_money") != "none")


def _covered(ask: Ask, cost: float, income: float) -> tuple[Text, ...]:
    if not ask.claimed:
        return ()
    back = income * ask.claimed
    return (
        Text(
            f"{ask.claimed:g} 年共收回 {digits(back)} 元，为投资的 {back / cost:.0%}；全部收回需 {cost / income:.1f} 年。",
            f"{ask.claimed:g} years return CNY {digits(back)}, {back / cost:.0%} of the cost; all of it takes {cost / income:.1f} years.",
        ),
    )


PAYBACK = Kind(
    "payback",
    Text("投资与回收", "Investment and its return"),
    Text("合同期或回收期", "Term of contract or pay-back"),
    YEARS,
    (
        Field("investment", Text("投资额", "Investment"), unit="CNY"),
        Field("saving_per_year", Text("每年节省费用", "Saved a year"), unit="CNY"),
        Field("share", Text("投资方分享比例", "Share of the investor"), unit="%", top=100),
        Field(
            "other_money",
            Text("补贴或其他收入", "Grant or other income"),
            "choice",
            choices={"": NOT_STATED, "none": Text("没有", "none"), "some": Text("有", "some")},
        ),
    ),
    check,
)
