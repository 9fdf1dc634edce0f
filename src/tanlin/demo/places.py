"""What stands in a demonstration place: areas, people counts, meters and their devices.

Plain frozen records, no Django. The five places themselves are described in `scenes.py`
with the `Builder` below. Names and slugs are invented; slugs are permanent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from .weather import FIRST_DAY

PLACES = ("haiwan", "weiwu", "jiangbin", "yunhe", "shadao")
SOURCE = "demonstration"
#: What the accounts of the made-up places count, the same for all, so that they may be compared.
BOUNDARY = {
    "population.definition": "年末常住人口",
    "boundary.rules": "计入区域内表计的用能、边界内车辆和本地垃圾污水；不计入过境交通和居民在外出行。",
}
UNITS = {"electricity": "kWh", "gas": "m3", "water": "m3", "waste": "kg", "fuel": "kg"}
LETTER = {"electricity": "E", "gas": "G", "water": "W", "waste": "R", "fuel": "F"}
MIXED, KITCHEN = ("其他垃圾", "Residual waste"), ("厨余垃圾", "Kitchen waste")


@dataclass(frozen=True)
class Area:
    """One area; `parent` is a slug, or None for the root of the place."""

    slug: str
    name: str
    name_en: str
    level: str
    parent: str | None


@dataclass(frozen=True)
class Attribute:
    """A dated value of an area: population (persons), floor_area_m2, or a local word label.<level>."""

    area: str
    name: str
    value: float | str
    valid_from: date = FIRST_DAY
    source: str = SOURCE


@dataclass(frozen=True)
class Meter:
    """A metering point with the one row that is valid throughout.

    `profile` names the load shape of `generator.py`; `size` is its scale: kWh a year, kW of
    a PV plant, persons of a home, kg a day. `faults` are imperfections put in on purpose.
    """

    number: str
    owner: str
    carrier: str
    place: str
    name: str
    name_en: str
    profile: str
    size: float
    kind: str = "interval"
    channels: tuple[str, ...] = ("import",)
    multiplier: float = 1.0
    product: str | None = None
    parent: str | None = None
    tariff: str | None = None
    faults: tuple[str, ...] = ()
    use: str = ""

    @property
    def unit(self) -> str:
        """Canonical unit of the carrier; the readings are in it, before the multiplier."""
        return UNITS[self.carrier]


@dataclass(frozen=True)
class Device:
    """A physical meter under a register-kind metering point."""

    number: str
    carrier: str
    serial: str
    digits: int
    initial: float
    valid_from: date
    final: float | None = None
    valid_to: date | None = None


@dataclass
class Place:
    """Everything of one demonstration place except its readings."""

    slug: str
    code: str
    station: str
    region: str
    tariff_home: str
    tariff_public: str
    areas: list[Area] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    meters: list[Meter] = field(default_factory=list)
    tz: str = "Asia/Shanghai"
    origin: str = SOURCE

    @property
    def root(self) -> str:
        """Slug of the topmost area."""
        return self.areas[0].slug

    @property
    def name(self) -> str:
        """Chinese name of the area the place is called after."""
        return next(area.name for area in self.areas if area.slug == self.slug)

    @property
    def hourly(self) -> list[Meter]:
        """Meters with hourly readings."""
        return [m for m in self.meters if m.kind == "interval" and m.profile not in DAILY]

    @property
    def billed(self) -> list[Meter]:
        """Electricity bill meters of homes and shops, one each."""
        return [m for m in self.meters if m.carrier == "electricity" and m.profile in CONSUMERS]


DAILY = ("feeder", "weighing", "kitchen_intake")
CONSUMERS = ("home", "shop")
#: Use by profile; what is not named is public, a transformer's total and generation are of no single use.
USES = {"pv": "", "ev": "charging", "ev_fast": "charging", "ev_slow": "charging", "ebike": "charging",
        "industry": "industry"}  # fmt: skip


class Builder:
    """Short words for writing a place down."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._count: dict[str, int] = {}
        self._levels: dict[str, tuple[str, str | None]] = {}

    def area(
        self,
        slug: str,
        name: str,
        name_en: str,
        level: str,
        parent: str | None,
        population: float | None = None,
        floor: float | None = None,
    ) -> str:
        """Add an area with its population and floor area (m2); return its slug."""
        self.place.areas.append(Area(slug, name, name_en, level, parent))
        self._levels[slug] = (level, parent)
        for key, value in (("population", population), ("floor_area_m2", floor)):
            if value is not None:
                self.place.attributes.append(Attribute(slug, key, float(value)))
        if population is not None:
            self.place.attributes += [Attribute(slug, key, text) for key, text in BOUNDARY.items()]
        return slug

    def owner(self, slug: str) -> str:
        """The community (or wider area) that keeps the register of an area's meters."""
        level, parent = self._levels[slug]
        if parent is None or level in ("community", "street", "district", "city"):
            return slug
        return self.owner(parent)

    def number(self, code: str, carrier: str = "electricity") -> str:
        """The next meter number of a kind, such as HW-E-LIFT-03."""
        stem = f"{self.place.code}-{LETTER[carrier]}-{code}"
        self._count[stem] = self._count.get(stem, 0) + 1
        width = 4 if code in ("HOME", "SHOP") else 2
        return f"{stem}-{self._count[stem]:0{width}d}"

    def hourly(
        self,
        area: str,
        code: str,
        names: tuple[str, str],
        profile: str,
        size: float,
        *,
        parent: str | None = None,
        multiplier: float = 1.0,
        channels: tuple[str, ...] = ("import",),
        faults: tuple[str, ...] = (),
        use: str | None = None,
    ) -> str:
        """Add an hourly electricity meter; return its number. ``use`` None: that of its profile."""
        number = self.number(code)
        tariff = None if channels == ("generation",) else self.place.tariff_public
        self.place.meters.append(
            Meter(
                number, self.owner(area), "electricity", area, *names, profile, size,
                channels=channels, multiplier=multiplier, parent=parent, tariff=tariff,
                faults=faults, use=use if use is not None else USES.get(profile, "public"),
            )
        )  # fmt: skip
        return number

    def pv(self, area: str, names: tuple[str, str], kilowatts: float) -> str:
        """Add the generation meter of a PV plant; its site's main meter is at the same area."""
        return self.hourly(area, "PV", names, "pv", kilowatts, channels=("generation",))

    def site(
        self, area: str, names: tuple[str, str], base: float, multiplier: float = 1.0,
        faults: tuple[str, ...] = (), use: str = "public",
    ) -> str:  # fmt: skip
        """Add a grid connection: children and `base` kWh a year of its own, less PV here."""
        return self.hourly(
            area, "MAIN", names, "site", base, multiplier=multiplier,
            channels=("import", "export"), faults=faults, use=use,
        )  # fmt: skip

    def feeder(self, area: str, label: str, kind: str) -> str:
        """Add a transformer-area total (daily 'interval' or monthly 'bill'); its number."""
        number = self.number("TQ")
        self.place.meters.append(
            Meter(
                number, self.owner(area), "electricity", area, f"{label}台区总表",
                f"Transformer area {label}, total", "feeder", 0.0, kind=kind, multiplier=1.0,
                tariff=None,
            )
        )  # fmt: skip
        return number

    def homes(
        self, building: str, count: int, *, shops: int = 0, feeder: str | None = None,
        faults: tuple[str, ...] = (), lpg: bool = False,
    ) -> None:  # fmt: skip
        """Add bill meters of homes (electricity, water, gas) and of ground-floor shops."""
        for i in range(count + shops):
            profile, code = ("home", "HOME") if i < count else ("shop", "SHOP")
            zh, en = ("住户", "Home") if i < count else ("商铺", "Shop")
            own = i % 4 == 3  # with LPG bottles in every fourth home, piped gas elsewhere
            gas = ("fuel", "lpg") if lpg and own else ("gas", "natural_gas")
            for carrier, product in (("electricity", None), ("water", None), gas):
                if profile == "shop" and carrier == "gas" and i % 3:
                    continue  # only every third shop cooks
                electric = carrier == "electricity"
                tariff = self.place.tariff_home if i < count else self.place.tariff_public
                self.place.meters.append(
                    Meter(
                        self.number(code, carrier), self.owner(building), carrier, building,
                        f"{zh}{i + 1}", f"{en} {i + 1}", profile, 2.9, kind="bill",
                        product=product, parent=feeder if electric else None,
                        tariff=tariff if electric else None, faults=faults,
                        use="residential" if i < count else "commercial",
                    )
                )  # fmt: skip

    def weighing(
        self, area: str, label: tuple[str, str], persons: float, *, treatment: str = "anaerobic",
        parent: str | None = None, faults: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Add the two weighing sheets of a sorting point: kitchen and residual waste.

        A sub-meter is kept in the register of its main meter's owner.
        """
        main_owner = next((m.owner for m in self.place.meters if m.number == parent), "")
        for (zh, en), product, per_person, main in (
            (KITCHEN, treatment, 0.19, parent),
            (MIXED, "incineration", 0.42, None),
        ):
            code = "KIT" if product == treatment else "RES"
            self.place.meters.append(
                Meter(
                    self.number(code, "waste"), main_owner if main else self.owner(area), "waste", area,
                    f"{label[0]}·{zh}", f"{label[1]}, {en.lower()}", "weighing",
                    persons * per_person, product=product, parent=main, faults=faults,
                )
            )  # fmt: skip

    def register(
        self, area: str, carrier: str, names: tuple[str, str], size: float,
        faults: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Add a meter whose register is read by hand once a month; size in units a year."""
        self.place.meters.append(
            Meter(
                self.number("REG", carrier), self.owner(area), carrier, area, *names,
                "register", size, kind="register", faults=faults,
                product="natural_gas" if carrier == "gas" else None,
                tariff=self.place.tariff_public if carrier == "electricity" else None,
                use="public",
            )
        )  # fmt: skip

    def monthly(
        self, area: str, carrier: str, product: str | None, names: tuple[str, str], size: float
    ) -> None:
        """Add a meter with one bill a month that is no home's or shop's; size in units a year."""
        self.place.meters.append(
            Meter(
                self.number("BILL", carrier), self.owner(area), carrier, area, *names,
                "even", size, kind="bill", product=product, use="public",
            )
        )  # fmt: skip


@lru_cache(maxsize=8)
def place(slug: str) -> Place:
    """The demonstration place `slug` (one of PLACES); KeyError for any other."""
    from . import scenes

    return scenes.SCENES[slug]()
