"""The five places, written down. Each is modelled on a published case; nothing here is real.

Sizes are chosen so that the yearly figures land near what the press printed about the case:
25 kW of PV and ten charging bays on the canal, 9,700 m2 of PV at 0.15 kW/m2 and a kitchen-waste
unit of 3 t a day at the bay, about 0.7 tCO2 a person there. A street of which only one community
is metered has no population here, so that no figure a person is made from a part.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from .places import Attribute, Builder, Meter, Place

PV_KW_PER_M2 = 0.15  # module area to peak power; the published figure does not say which area


def _estate_public(
    b: Builder, estate: str, pump: float, garage: float, ebike: float, faults: tuple[str, ...] = ()
) -> None:
    b.hourly(estate, "PUMP", ("二次供水泵房", "Booster pumps"), "pump", pump, faults=faults)
    b.hourly(estate, "GAR", ("地下车库照明通风", "Garage light and fans"), "garage", garage)
    b.hourly(estate, "EBK", ("电动自行车充电棚", "E-bike charging shed"), "ebike", ebike)


def haiwan() -> Place:
    """A bay-side community, its street and the street's enterprises (after Dameisha)."""
    p = Place("haiwan", "HW", "shenzhen", "CN-GD-SZ", "CN-GD-SZ.residential", "CN-GD-SZ.commercial")
    b = Builder(p)
    b.area("haiwan-city", "海湾市", "Haiwan City", "city", None)
    b.area("lanwan-district", "澜湾区", "Lanwan District", "district", "haiwan-city")
    b.area("wanlan", "湾澜街道", "Wanlan Street", "street", "lanwan-district")
    b.area("haiwan", "海湾社区", "Haiwan Community", "community", "wanlan", 3050, 118000)
    b.place.attributes += [  # the figures of the published path, on years of its own
        Attribute("haiwan", "carbon.base_year", 2024.0),
        Attribute("haiwan", "carbon.target.per_person", 0.68),
        Attribute("haiwan", "carbon.target.per_person", 0.4, date(2030, 1, 1)),
    ]
    park = b.area("wanlan-park", "湾澜产业园", "Wanlan Park", "park", "wanlan", floor=64000)
    kitchen = b.area(
        "wanlan-kitchen", "湾澜厨余资源化处理站", "Wanlan Kitchen-Waste Station", "building", "wanlan"
    )
    centre = b.area(
        "haiwan-centre", "海湾社区党群服务中心", "Haiwan Community Centre", "building", "haiwan",
        floor=1600,
    )  # fmt: skip
    unit = b.number("UNIT", "waste")
    b.hourly(kitchen, "KWU", ("厨余处理设备", "Kitchen-waste unit"), "kitchen", 98000, multiplier=20)
    p.meters.append(
        Meter(unit, "wanlan", "waste", kitchen, "厨余进料称重", "Kitchen waste, weighed at intake",
              "kitchen_intake", 2620, product="compost")
    )  # fmt: skip
    for e, (zh, en, persons, floor) in enumerate(
        (("澜琴苑", "Lanqin Court", 1620, 66000), ("渔港新村", "Yugang New Village", 1430, 44000))
    ):
        key = ("lanqin", "yugang")[e]
        estate = b.area(f"haiwan-{key}", zh, en, "estate", "haiwan", persons, floor)
        feeder = b.feeder(estate, f"{zh}1号", "interval" if e == 0 else "bill")
        for n in (1, 2, 3):
            house = b.area(
                f"haiwan-{key}-{n}", f"{zh}{n}栋", f"{en} {n}", "building", estate
            )  # fmt: skip
            b.homes(house, 170, shops=12, feeder=feeder if n < 3 else None,
                    faults=("no_reading",) if (e, n) == (0, 3) else ())  # fmt: skip
            faults = ("dead",) if (e, n) == (0, 2) else ()
            b.hourly(house, "LIFT", ("电梯", "Lifts"), "lift", 9200, faults=faults)
            b.hourly(house, "PUB", ("楼道公共照明", "Stair lighting"), "dark_half", 4100)
        _estate_public(b, estate, 17000, 21000, 12500)
        for n in (1, 2):
            b.weighing(estate, (f"{zh}{n}号投放点", f"{en} point {n}"), persons / 2,
                       treatment="compost", parent=unit,
                       faults=("sheet_lost",) if (e, n) == (1, 2) else ())  # fmt: skip
    b.hourly("haiwan-lanqin", "EV", ("充电桩", "EV chargers"), "ev", 31000)
    for n in (1, 2, 3, 4):
        faults = ("led",) if n < 3 else ()
        b.hourly("haiwan", "STL", (f"路灯{n}路", f"Street lamps {n}"), "street", 15500, faults=faults)
    main = b.site(centre, ("服务中心总表", "Centre, grid connection"), 21000, 20)
    b.hourly(centre, "HVAC", ("中央空调", "Air conditioning"), "hvac", 46000, parent=main)
    b.hourly(centre, "LTG", ("照明插座", "Lights and sockets"), "office", 28000, parent=main)
    b.pv(centre, ("屋顶光伏", "Roof PV"), 30)
    main = b.site(park, ("园区总表", "Park, grid connection"), 900000, 400, use="industry")
    b.hourly(park, "CHL", ("冷水机组", "Chillers"), "hvac", 640000, parent=main, multiplier=80,
             use="industry")  # fmt: skip
    b.hourly(park, "SHOP", ("试验车间", "Test workshop"), "industry", 820000, parent=main,
             multiplier=80)  # fmt: skip
    for n, m2 in enumerate((2100, 1800, 1500, 1200, 1000, 800, 700, 600), start=1):
        b.pv(park, (f"企业光伏{n}", f"Enterprise PV {n}"), m2 * PV_KW_PER_M2)
    b.monthly("wanlan-kitchen", "water", None, ("处理站用水", "Station water"), 5200)
    return p


def weiwu() -> Place:
    """A near-zero compound with PV and storage, and the 'five ones' (after Xinqiao Shiju)."""
    p = Place("weiwu", "WW", "shenzhen", "CN-GD-SZ", "CN-GD-SZ.residential", "CN-GD-SZ.commercial")
    b = Builder(p)
    b.area("weiling", "围岭街道", "Weiling Street", "street", None)
    b.area("weiwu", "围屋社区", "Weiwu Community", "community", "weiling", 3120, 131000)
    house = b.area("weiwu-compound", "围屋", "The Compound", "building", "weiwu", floor=5200)
    main = b.site(house, ("围屋总表", "Compound, grid connection"), 26000, 40)
    b.hourly(house, "BAT", ("储能", "Battery"), "battery", 200, parent=main,
             channels=("import", "export"))  # fmt: skip
    b.hourly(house, "HVAC", ("空调", "Air conditioning"), "hvac", 41000, parent=main)
    b.hourly(house, "MUS", ("博物馆照明", "Museum lighting"), "museum", 24000, parent=main)
    b.hourly(house, "HALL", ("垃圾分类体验馆", "Sorting hall"), "museum", 15000, parent=main)
    for n, kw in enumerate((36, 24, 20), start=1):
        b.pv(house, (f"光伏{n}", f"PV {n}"), kw)
    five = (
        ("school", "围岭学校", "Weiling School", "school", 310000, 14000),
        ("hospital", "围岭医院", "Weiling Hospital", "hospital", 980000, 21000),
        ("works", "岭上产业园", "Lingshang Park", "industry", 1250000, 38000),
        ("firm", "岭光企业楼", "Lingguang House", "office", 420000, 9000),
    )
    for key, zh, en, profile, size, floor in five:
        use = {"works": "industry", "firm": "commercial"}.get(key, "public")
        spot = b.area(f"weiling-{key}", zh, en, "building", "weiling", floor=floor)
        main = b.site(spot, (f"{zh}总表", f"{en}, grid connection"), size * 0.08, 60, use=use)
        b.hourly(spot, "LOAD", ("照明与动力", "Light and power"), profile, size * 0.62,
                 parent=main, multiplier=20, use=use)  # fmt: skip
        b.hourly(spot, "HVAC", ("空调", "Air conditioning"), "hvac", size * 0.30, parent=main,
                 multiplier=20, use=use)  # fmt: skip
        if key in ("school", "works"):
            b.pv(spot, ("屋顶光伏", "Roof PV"), 90 if key == "school" else 240)
    for n in (1, 2, 3):
        b.hourly("weiling", "RIV", (f"河道泵站{n}", f"River pumps {n}"), "rain", 38000)
        b.hourly("weiwu", "STL", (f"路灯{n}路", f"Street lamps {n}"), "street", 16500)
    for e, (key, zh, en) in enumerate(
        (("pingxi", "围西新村", "Weixi New Village"), ("xinju", "新居苑", "Xinju Court"))
    ):
        estate = b.area(f"weiwu-{key}", zh, en, "estate", "weiwu", 1560, 60000)
        feeder = b.feeder(estate, f"{zh}1号", "bill" if e else "interval")
        for n in (1,) if e else (1, 2):
            block = b.area(f"weiwu-{key}-{n}", f"{zh}{n}栋", f"{en} {n}", "building", estate)
            b.homes(block, 480 if e else 240, shops=28 if e else 20,
                    feeder=feeder if n == 1 else None)  # fmt: skip
            b.hourly(block, "LIFT", ("电梯", "Lifts"), "lift", 11000)
            b.hourly(block, "PUB", ("楼道公共照明", "Stair lighting"), "dark_half", 5200)
        _estate_public(b, estate, 18500, 20500, 14000, ("gap",) if e else ())
        for n in (1, 2):
            b.weighing(estate, (f"{zh}{n}号投放点", f"{en} point {n}"), 780)
    b.register("weiwu-compound", "water", ("围屋水表", "Compound water"), 3100, ("rollover",))
    b.monthly("weiling", "fuel", "diesel", ("清扫车柴油", "Street-cleaning diesel"), 21500)
    return p


JIANGBIN = (
    # key, community, English, street, estate, estate English
    ("wangjiang", "望江社区", "Wangjiang", "linjiang", "望江小区", "Wangjiang Estate"),
    ("liuyin", "柳荫社区", "Liuyin", "linjiang", "柳荫里", "Liuyin Lane"),
    ("matou", "码头社区", "Matou", "linjiang", "码头新苑", "Matou New Court"),
    ("shuyuan", "书院社区", "Shuyuan", "laocheng", "书院坊", "Shuyuan Quarter"),
    ("wutong", "梧桐社区", "Wutong", "laocheng", "梧桐花苑", "Wutong Garden"),
    ("shiku", "石库社区", "Shiku", "laocheng", "石库里", "Shiku Lane"),
    ("dongyuan", "东园社区", "Dongyuan", "binnan", "东园小区", "Dongyuan Estate"),
    ("tingtao", "听涛社区", "Tingtao", "binnan", "听涛新城", "Tingtao New Town"),
)


def jiangbin() -> Place:
    """A district of eight communities that share one allotment of meters (after Huangpu)."""
    p = Place("jiangbin", "JB", "shanghai", "CN-SH", "CN-SH.residential", "CN-SH.single_part")
    b = Builder(p)
    b.area("jiangbin", "江滨区", "Jiangbin District", "district", None, 3180)
    for key, zh, en in (
        ("linjiang", "临江街道", "Linjiang Street"),
        ("laocheng", "老城街道", "Laocheng Street"),
        ("binnan", "滨南街道", "Binnan Street"),
    ):
        b.area(f"jiangbin-{key}", zh, en, "street", "jiangbin")
    for i, (key, zh, en, street, estate_zh, estate_en) in enumerate(JIANGBIN):
        home = b.area(f"jiangbin-{key}", zh, f"{en} Community", "community",
                      f"jiangbin-{street}", 380 + 5 * i, 14500)  # fmt: skip
        estate = b.area(f"jiangbin-{key}-estate", estate_zh, estate_en, "estate", home,
                        380 + 5 * i)  # fmt: skip
        block = b.area(f"jiangbin-{key}-1", f"{estate_zh}1号楼", f"{estate_en} 1", "building",
                       estate)  # fmt: skip
        kind = "interval" if i in (0, 7) else "bill"
        feeder = b.feeder(estate, estate_zh, kind) if i % 2 == 0 or i == 7 else None
        b.homes(block, 125, shops=10, feeder=feeder, faults=("estimated",) if i == 5 else ())
        b.hourly(estate, "PUMP", ("二次供水泵房", "Booster pumps"), "pump", 9800)
        b.hourly(estate, "PUB", ("公共照明", "Public lighting"), "dark_half", 6100,
                 faults=("led",) if i == 7 else ())  # fmt: skip
        if i == 7:
            main = b.site(estate, ("会所总表", "Club house, grid connection"), 15000, 20,
                          use="commercial")  # fmt: skip
            b.hourly(estate, "HVAC", ("会所空调", "Club house air conditioning"), "hvac", 28000,
                     parent=main, use="commercial")  # fmt: skip
            b.pv(estate, ("屋顶光伏", "Roof PV"), 22)
        else:
            b.hourly(block, "LIFT", ("电梯", "Lifts"), "lift", 8800,
                     faults=("dead",) if i == 3 else ())  # fmt: skip
            b.hourly(estate, "EBK", ("充电棚", "E-bike charging shed"), "ebike", 7600)
            b.hourly(home, "OFF", ("居委会办公", "Committee office"), "office", 17500)
        b.weighing(estate, (f"{estate_zh}投放点", f"{estate_en} point"), 380 + 5 * i)
    return p


def yunhe() -> Place:
    """A canal-side community with an office roof of 25 kW and ten EV bays (after Jingkou Road)."""
    p = Place("yunhe", "YH", "zhenjiang", "CN-JS-ZJ", "CN-JS.residential_flat", "CN-JS.commercial")
    b = Builder(p)
    b.area("caoyun", "漕运街道", "Caoyun Street", "street", None)
    b.area("yunhe", "运河社区", "Yunhe Community", "community", "caoyun", 2980, 104000)
    office = b.area("yunhe-office", "运河社区办公楼", "Community Office", "building", "yunhe",
                    floor=1900)  # fmt: skip
    centre = b.area("yunhe-centre", "运河低碳中心", "Low-Carbon Centre", "building", "yunhe",
                    floor=500)  # fmt: skip
    main = b.site(office, ("办公楼总表", "Office, grid connection"), 9000, 20)
    b.hourly(office, "HVAC", ("空调", "Air conditioning"), "hvac", 24000, parent=main)
    b.hourly(office, "LTG", ("照明插座", "Lights and sockets"), "office", 19000, parent=main)
    b.pv(office, ("屋顶与车棚光伏", "Roof and shed PV"), 25)
    for n in (1, 2):
        b.hourly(office, "PUBEV", (f"公共充电桩{n}", f"Public charger {n}"), "ev_fast", 8200)
    main = b.site(centre, ("低碳中心总表", "Centre, grid connection"), 4000)
    b.hourly(centre, "EXH", ("展厅", "Exhibition"), "museum", 9500, parent=main)
    b.hourly(centre, "HVAC", ("空调", "Air conditioning"), "hvac", 12500, parent=main)
    b.hourly("yunhe", "KITC", ("食品银行冷柜", "Food bank cold store"), "garage", 5200)
    for n in range(1, 5):
        b.hourly("yunhe", "STL", (f"路灯{n}路", f"Street lamps {n}"), "street", 9800,
                 faults=("led",) if n == 1 else ())  # fmt: skip
    estates = (("qingyuan", "清源新村", "Qingyuan New Village"), ("mingdu", "明渡苑", "Mingdu Court"))
    for e, (key, zh, en) in enumerate(estates):
        estate = b.area(f"yunhe-{key}", zh, en, "estate", "yunhe", 1490, 50000)
        feeder = b.feeder(estate, f"{zh}1号", "bill" if e else "interval")
        for n in (1, 2, 3):
            block = b.area(f"yunhe-{key}-{n}", f"{zh}{n}幢", f"{en} {n}", "building", estate)
            faults = ("from_11th",) if e == 0 else ("estimated",) if n == 2 else ()
            b.homes(block, 160, shops=12, feeder=feeder if n < 3 else None, faults=faults)
            b.hourly(block, "PUB", ("楼道照明", "Stair lighting"), "dark_half", 2900)
            if e:
                b.hourly(block, "LIFT", ("电梯", "Lifts"), "lift", 7400)
        _estate_public(b, estate, 12500, 9000, 9800, ("gap",) if e else ())
        for n in (1, 2):
            b.weighing(estate, (f"{zh}{n}号投放点", f"{en} point {n}"), 745,
                       faults=("sheet_lost",) if (e, n) == (0, 1) else ())  # fmt: skip
    for n in range(1, 11):
        b.hourly("yunhe-qingyuan", "BAY", (f"充电车位{n}", f"EV bay {n}"), "ev_slow", 2600)
    b.register("yunhe-qingyuan-1", "electricity", ("消防泵电表", "Fire pumps"), 3900, ("exchange",))
    b.register("yunhe-qingyuan-2", "water", ("绿化用水", "Garden water"), 1450)
    b.register("yunhe-office", "gas", ("食堂燃气表", "Canteen gas"), 2300)
    return p


def shadao() -> Place:
    """An island town: a centre of four buildings, stations and posts (after Dongping)."""
    p = Place("shadao", "SD", "shanghai", "CN-SH", "CN-SH.residential", "CN-SH.single_part")
    b = Builder(p)
    b.area("shadao", "沙岛镇", "Shadao Town", "street", None, 3240)
    p.attributes.append(Attribute("shadao", "label.street", "镇"))  # a town stands at street level
    hub = b.area("shadao-hub", "沙岛镇党群服务中心", "Shadao Service Centre", "quarter", "shadao",
                 floor=5000)  # fmt: skip
    for n, (zh, en, kw) in enumerate(
        (("主楼", "Main Building", 48), ("文化楼", "Culture Building", 32),
         ("阅读楼", "Reading Building", 20), ("活动楼", "Activity Building", 20)), start=1
    ):  # fmt: skip
        spot = b.area(f"shadao-hub-{n}", zh, en, "building", hub, floor=1250)
        main = b.site(spot, (f"{zh}总表", f"{en}, grid connection"), 7000, 20, ("gap",))
        b.hourly(spot, "HVAC", ("空调", "Air conditioning"), "hvac", 26000, parent=main,
                 faults=("gap",))  # fmt: skip
        b.hourly(spot, "LTG", ("照明插座", "Lights and sockets"), "office", 17000, parent=main,
                 faults=("gap",))  # fmt: skip
        b.pv(spot, ("屋顶光伏", "Roof PV"), kw)
    villages = (
        ("dongtan", "东滩村", "Dongtan"), ("xitang", "西塘村", "Xitang"),
        ("beigang", "北港村", "Beigang"), ("nanwei", "南圩村", "Nanwei"),
        ("luhua", "芦花居民区", "Luhua"), ("chaoyin", "潮音居民区", "Chaoyin"),
    )  # fmt: skip
    for i, (key, zh, en) in enumerate(villages):
        home = b.area(f"shadao-{key}", zh, en, "community", "shadao", 540)
        b.hourly(home, "STA", ("党群服务站", "Service station"), "office", 8200)
        b.hourly(home, "POST", ("红芦驿站", "Honglu post"), "office", 2100)
        if i < 3:
            b.hourly(home, "EBK", ("充电哨兵", "Charging sentinel"), "ebike", 6400)
            b.hourly(home, "STL", ("村道路灯", "Village lamps"), "street", 8800)
        b.weighing(home, (f"{zh}投放点", f"{en} point"), 540, treatment="compost",
                   faults=("sheet_lost",) if i == 2 else ())  # fmt: skip
        where = home
        if i >= 2:
            where = b.area(f"shadao-{key}-1", f"{zh}集中居住点", f"{en} Houses", "building", home)
        feeder = b.feeder(home, zh, "bill" if i else "interval") if i in (0, 2, 4) else None
        b.homes(where, 180, shops=6, feeder=feeder, lpg=i < 4,
                faults=("estimated",) if i == 1 else ())  # fmt: skip
    for n in (1, 2, 3):
        b.hourly("shadao", "SEW", (f"污水提升泵{n}", f"Sewage lift {n}"), "rain", 11000)
    for n in (1, 2, 3):
        b.hourly("shadao-luhua", "GRN", (f"大棚{n}", f"Greenhouse {n}"), "garage", 9500,
                 faults=("dead",) if n == 1 else (), use="commercial")  # fmt: skip
    b.register("shadao-hub-1", "water", ("主楼水表", "Main building water"), 2600)
    return p


SCENES: dict[str, Callable[[], Place]] = {
    "haiwan": haiwan,
    "weiwu": weiwu,
    "jiangbin": jiangbin,
    "yunhe": yunhe,
    "shadao": shadao,
}
