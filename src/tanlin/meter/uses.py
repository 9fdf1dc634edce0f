"""What the energy of a meter is for (用途): the words of files and people for it."""

from __future__ import annotations

from tanlin.kernel.errors import BadInput, Text, Where

#: Use → its words. A meter of mixed or unknown use has none ("").
USES: dict[str, Text] = {
    "residential": Text("居民", "residential"),
    "commercial": Text("商业", "commercial"),
    "public": Text("公共", "public"),
    "industry": Text("工业", "industry"),
    "charging": Text("充电", "vehicle charging"),
}
_WORDS = {
    "residential": "居民 住宅 居民生活 居民用电 居民用水 居民用气 生活 家庭 住户 民用 home homes household domestic",
    "commercial": "商业 商用 商铺 商户 店铺 商业服务 shop shops business",
    "public": "公共 公用 公建 公共机构 公共区域 公共设施 公区 办公 党政机关 学校 医院 路灯 institution",
    "industry": "工业 生产 厂房 车间 工业生产 工业用电 industrial",
    "charging": "充电 充电桩 充电站 充电设施 电动汽车充电 电动自行车充电 vehicle charging ev charger chargers",
}
_USE_OF = {word: use for use, words in _WORDS.items() for word in [use, *words.split()]} | {
    "vehicle charging": "charging"
}


def use_of(text: str) -> str:
    """The use that a word names; "" for an empty one. Raises BadInput for a word that names none."""
    word = text.strip().casefold()
    if not word:
        return ""
    found = _USE_OF.get(word)
    if found is None:
        raise BadInput(
            "meter.unknown_use",
            Text(f"不认识的用途“{text.strip()}”。", f"Unknown use “{text.strip()}”."),
            remedy=Text(
                f"可用：{'、'.join(name.zh for name in USES.values())}，或留空。",
                f"Use one of {', '.join(USES)}, or none.",
            ),
            where=Where(column="用途", value=text.strip()),
        )
    return found
