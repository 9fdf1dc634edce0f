"""Why a value is unknown: codes kept in tables, sentences shown to people."""

from __future__ import annotations

from tanlin.kernel.errors import Text

REASONS: dict[str, Text] = {
    "factor.none": Text("没有适用的排放因子。", "No emission factor applies."),
    "factor.before_first": Text(
        "该时段早于最早一版排放因子。", "The period is earlier than the first published factor."
    ),
    "factor.no_product": Text(
        "未注明燃料或垃圾处理方式，无法选定排放因子。",
        "Fuel or waste treatment is not stated, so no factor can be chosen.",
    ),
    "factor.net_only": Text(
        "只有扣除了避免处置的净减排估值，它不是排放因子。",
        "Only an estimate net of avoided disposal is known, and that is no emission factor.",
    ),
    "factor.no_gwp": Text("缺少全球增温潜势。", "The global warming potential is missing."),
    "factor.unit": Text("排放因子的单位与读数不符。", "The factor's unit does not fit the readings."),
    "energy.none": Text(
        "缺少热值或折标准煤系数。", "The heating value or the coefficient of standard coal is missing."
    ),
    "tce.no_equivalent": Text(
        "没有适用的电力等价值系数，不能按等价值折标准煤。",
        "No coefficient of the coal burnt to make electricity applies, so the equivalent basis is unknown.",
    ),
    "spread.none": Text(
        "有因子或活动数据未注明不确定度，区间未知。",
        "A factor or an activity states no uncertainty, so the interval is unknown.",
    ),
    "activity.metered": Text(
        "同一活动已由表计计量，填报数不计入。", "Meters count the same; the entered amount is not added."
    ),
    "readings.none": Text("该时段没有读数。", "There are no readings in the period."),
    "account.none": Text("没有读数，也没有活动数据。", "There are neither readings nor activities."),
    "account.no_sink": Text("未填写绿地或树木。", "No planting was entered."),
    "boundary.no_population": Text(
        "未填写人口，无法计算人均。", "No population is stated, so there is no value per person."
    ),
    "boundary.no_floor": Text(
        "未填写建筑面积，无法计算单位面积。",
        "No floor area is stated, so there is no value per square metre.",
    ),
    "hourly.no_shape": Text("该地区没有日变化曲线。", "There is no daily shape for this region."),
    "market.excess": Text(
        "超出所注明日期内的外购电量，超出部分不计入。",
        "It exceeds the electricity bought on the days it states; the excess covers nothing.",
    ),
    "market.use_unknown": Text(
        "持有该绿证或合同的区域没有外购电量数据。",
        "The place that holds it has no figure of bought electricity.",
    ),
    "compare.one_year": Text("只有一年有数据。", "Only one of the years has data."),
    "compare.months": Text("两年没有可比的相同月份。", "The two years have no months in common."),
    "compare.sign": Text("数值变号，无法分解。", "The amount changes its sign and cannot be decomposed."),
    "tariff.none": Text("表计未设电价或气价。", "The meter has no tariff."),
    "tariff.unknown": Text("价目表中没有这个价格方案。", "The tariff is not in the price book."),
    "tariff.carrier": Text("价格方案与能源品种不符。", "The tariff is for another carrier."),
    "tariff.not_valid": Text("价格方案在该时段无效。", "The tariff is not valid in the period."),
    "tariff.undated": Text(
        "价格未注明所属月份，不能使用。", "The price has no stated month and cannot be used."
    ),
    "tariff.no_price": Text("只知浮动比例，不知基准电价。", "Only ratios are known, not the base price."),
    "tariff.no_tier_limits": Text("阶梯分档电量未知。", "The limits of the price tiers are unknown."),
    "tariff.negative_use": Text("用量为负，不能分档计价。", "Negative use cannot be priced by tiers."),
    "tariff.currencies": Text(
        "费用涉及多种货币，不能相加。", "The costs are in several currencies and cannot be added."
    ),
    "tariff.bill_on_tou": Text(
        "账单没有分时电量，不能按分时电价计费。",
        "A bill carries no hours, so a time-of-use price cannot be applied.",
    ),
}


def reason_text(code: str) -> Text:
    """The sentence for a reason code, or for several joined by ``;``."""
    parts = [REASONS.get(part, Text(part, part)) for part in code.split(";")]
    return Text("".join(p.zh for p in parts), " ".join(p.en for p in parts))
