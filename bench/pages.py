"""Every page of the five demonstration communities: time of the server and weight, over one kept connection.

The demonstration runs under the real server with its worker. Each address of the resolver that answers GET is
asked for with real objects by the first login that may see it; one round warms up and is not counted. The time is
what a browser on the same machine waits for the whole answer. Chromium then opens the Overview with an empty cache,
and what crosses the wire, compressed, is its first view. Addresses of the API are not pages.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.site import Visitor, browser, cookies, demonstration
from bench.timing import machine

MOST_MS, MOST_KB = 200.0, 500.0
TABLE = Path(__file__).parents[1] / "docs" / "pages.md"
LOGINS = ("demo-operator", "demo-engineer", "demo-street", "demo-worker", "demo-district", "demo-auditor")
SHEET = "表号,时间,有功电量(kWh)\n" + "".join(
    f"NEW-1,2026-01-01 {hour:02}:00,{'?' if hour == 9 else 1.25}\n" for hour in range(24)
)
KB, SAMPLE = 1024, 1


@dataclass
class Measured:
    """One page of one place: seconds of each counted round, bytes as sent."""

    name: str
    path: str
    place: str
    login: str
    size: int
    is_file: bool
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        return min(self.seconds) * 1e3

    @property
    def median(self) -> float:
        return median(self.seconds) * 1e3


def names() -> list[str]:
    """Qualified names of all addresses but those of the API."""
    from django.urls import URLResolver, get_resolver

    def walk(patterns: list[Any], space: str = "") -> Iterator[str]:
        for item in patterns:
            if isinstance(item, URLResolver):
                if item.namespace != "api":
                    yield from walk(item.url_patterns, f"{item.namespace}:" if item.namespace else space)
            else:
                yield f"{space}{item.name}"

    return sorted(set(walk(get_resolver().url_patterns)))


def alike(rows: Any) -> list[Any]:
    """The first meter of every carrier and kind: thousands of homes have pages of one shape."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        group = groups.setdefault((row.meter.carrier, row.kind), [])
        if len(group) < SAMPLE:
            group.append(row)
    return [row for group in groups.values() for row in group]


def objects(slug: str) -> dict[str, list[dict[str, Any]]]:
    """Real objects of a place by the names of the parameters that an address takes."""
    from tanlin.carbon.models import FactPreview
    from tanlin.carbon.queries import claims
    from tanlin.community import queries as community
    from tanlin.meter import queries as meter
    from tanlin.meter.gateways import KINDS
    from tanlin.record import queries as record

    area, keeper = community.area(community.SYSTEM, slug), community.SYSTEM
    rows = alike(meter.meters(area))
    figures = record.figures(area, tables=False)
    newest = max(period for _, period in figures)
    receipts = [{"digest": one.receipt} for (_, period), one in figures.items() if period == newest]
    facts = record.facts()[:1]
    return {
        "": [{}],
        "slug": [{"slug": slug}],
        "digest": receipts,
        "json": receipts[:1],
        "evidence": [{"digest": each.sha256} for each in record.evidence_of(keeper, area)[:1]],
        "job": [{"pk": each.pk} for each in record.jobs(keeper, area, limit=1)],
        "meter": [{"slug": slug, "pk": row.meter_id} for row in rows],
        "row": [{"slug": slug, "pk": rows[0].meter_id, "row": rows[0].pk}] if rows else [],
        "import": [{"slug": slug, "pk": each.pk} for each in meter.imports(area)[:3]],
        "checked": [{"slug": slug, "pk": each.pk} for each in meter.imports(area)[:1]],
        "fact": [{"fact_id": each.fact_id} for each in facts],
        "kind": [{"slug": slug, "kind": kind} for kind in KINDS],
        "claim": [{"slug": slug, "pk": each.pk} for each in claims.claims(keeper, area)[:1]],
        "preview": [{"slug": slug, "pk": each.pk} for each in FactPreview.objects.filter(area=area)[:1]],
        "gateway": [{"slug": slug, "pk": line.gateway.pk} for line in meter.gateways(area)[:1]],
    }


#: What an address takes where the names of its parameters do not tell: a key of ``objects``.
TAKES = {
    "record:receipt": "digest",
    "record:receipt_json": "json",
    "record:evidence": "evidence",
    "record:job": "job",
    "record:fact": "fact",
    "carbon:claim": "claim",
    "carbon:preview": "preview",
    "meter:meter": "meter",
    **dict.fromkeys(("meter:change", "meter:exchange"), "row"),
    "meter:import": "import",
    "meter:import_errors": "checked",
    "meter:gateway_new": "kind",
    **dict.fromkeys(("meter:gateway", "meter:gateway_change", "meter:gateway_map"), "gateway"),
}
#: Need a named reading, or only take a POST.
NO_PAGE = {
    "meter:correct",
    "record:replay",
    "record:cancel",
    "carbon:claim_withdraw",
    "carbon:preview_again",
    "carbon:preview_confirm",
    "carbon:instrument_undo",
    "meter:import_mapping",
    "meter:import_confirm",
    "meter:gateway_act",
} | {f"meter:import_{verb}" for verb in ("undo", "repeat", "discard")}


def addresses(slug: str, held: dict[str, list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """(name, path) of every page of a place. Raises KeyError for an address that ``TAKES`` does not know."""
    from django.urls import get_resolver, reverse

    found = []
    for name in sorted(set(names()) - NO_PAGE):
        space, _, last = name.rpartition(":")
        resolver = get_resolver()
        wanted = resolver.namespace_dict[space][1] if space else resolver
        parameters = wanted.reverse_dict.getlist(last)[0][0][0][1]
        kind = TAKES[name] if name in TAKES else {(): "", ("slug",): "slug"}[tuple(parameters)]
        found += [(name, reverse(name, kwargs=kwargs)) for kwargs in held[kind]]
    return found


def prepare(slug: str, visitor: Visitor) -> Callable[[], None]:
    """Objects that a place in use has: an import whose columns are asked, a checked one with a bad row, a gateway, a job.

    Returns what takes them away again.
    """
    from tanlin.carbon import services as carbon
    from tanlin.carbon.claims import example
    from tanlin.community import queries as community
    from tanlin.meter import queries as meter
    from tanlin.meter import services
    from tanlin.meter.gateways import Sample

    area = community.area(community.SYSTEM, slug)
    made = [
        services.start_import(area, io.BytesIO(SHEET.encode()), "新表.csv", community.SYSTEM)
        for _ in range(2)
    ]
    services.check(made[1])  # the newest
    gateway = services.create_gateway(area, kind="http", name="新网关", config={}, actor=community.SYSTEM)
    services.new_token(gateway, actor=community.SYSTEM)
    services.map_point(gateway, "1", meter.meters(area)[0].meter, actor=community.SYSTEM)
    quarter = int(time.time()) // 900 * 900 - 900
    services.take(
        gateway.pk, [Sample("楼道总表", quarter, 900, 1.25, "kWh")]
    ).result()  # no meter: kept aside
    claim = carbon.keep_claim(area, example("meisha-970t").claim, actor=community.SYSTEM)
    visitor.ask(f"/place/{slug}/carbon/derive", {"period": "2025"})

    def remove() -> None:
        for each in made:
            services.discard(each)
        meter.inbox().drop_source(gateway.pk)
        gateway.delete()
        claim.delete()

    return remove


def wait_for_jobs() -> None:
    """Until the worker has nothing left to do."""
    from tanlin.record.models import Job

    while Job.objects.filter(state__in=("queued", "running")).exists():
        time.sleep(0.5)


def measure(
    place: str, pages: list[tuple[str, str]], visitors: dict[str, Visitor], rounds: int
) -> list[Measured]:
    """Times of the pages of a place; what answers GET with another method's refusal or a redirection is no page.

    Raises StopIteration for a page that no login may see, RuntimeError for one that breaks.
    """
    found = []
    for name, path in pages:
        answers = ((login, visitor, *visitor.ask(path)[:3]) for login, visitor in visitors.items())
        login, visitor, status, body, headers = next(each for each in answers if each[2] not in (403, 404))
        if status == 200:
            times = [visitor.ask(path)[3] for _ in range(rounds)]
            is_file = headers.get("Content-Disposition", "").startswith("attachment")
            found.append(Measured(name, path, place, login, len(body), is_file, times))
        elif status not in (302, 405):
            raise RuntimeError(f"{name}: {path} answered {status}")
    return found


def first_view(url: str, path: str, visitor: Visitor) -> int:
    """Bytes over the wire, compressed and with headers, until the page with its charts stands; empty cache."""
    from playwright.sync_api import sync_playwright

    total = 0

    def add(event: dict[str, Any]) -> None:
        nonlocal total
        total += int(event["encodedDataLength"])

    with sync_playwright() as play:
        chromium = browser(play)
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies(cookies(visitor, url))
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        wire.on("Network.loadingFinished", add)
        page.goto(url + path)
        page.wait_for_selector("html[data-charts=ready]")
        page.wait_for_load_state("networkidle")
        chromium.close()
    return total


def table(pages: list[Measured], weights: dict[str, int], where: dict[str, Any], load: float) -> str:
    """The page docs/pages.md: one row a kind of page, its slowest instance named."""
    today = datetime.now(UTC).date().isoformat()
    measured = (
        f"`python -m bench pages --write`, {today}: {where['system']} {where['arch']}, {where['cores']} cores, "
        f"Python {where['python']}, Django {where['django']}; the real server with its worker beside it. "
        f"Processes that ran or waited meanwhile, by the mean of 15 minutes: {load:.1f}."
    )
    meaning = (
        "The five demonstration communities, warm, one visitor. Time is what a browser on the same machine waits "
        "for the whole answer: best and median of the rounds, of the slowest instance. "
        f"Limits: {MOST_MS:.0f} ms by the best of the rounds, as in the other benches, {MOST_KB:.0f} KB for the first view of the Overview. "
        "A file to download (marked) is no page: it is listed, and held to no limit."
    )
    lines = [
        *("# Weight and time of the pages", "", measured, "", meaning, ""),
        "| page | instances | slowest | best, ms | median, ms | compressed, KB | login |",
        "|---|--:|---|--:|--:|--:|---|",
    ]
    groups: dict[str, list[Measured]] = {}
    for page in pages:
        groups.setdefault(page.name, []).append(page)
    for name, group in sorted(groups.items(), key=lambda item: -max(page.best for page in item[1])):
        top = max(group, key=lambda page: page.best)
        short = top.path if len(top.path) < 50 else top.path[:40] + "…"
        lines.append(
            f"| {name}{' (file)' if top.is_file else ''} | {len(group)} | {top.place} `{short}` | {top.best:.0f} | {top.median:.0f} "
            f"| {max(page.size for page in group) / KB:.1f} | {top.login} |"
        )
    over = sorted({page.name for page in pages if page.best > MOST_MS and not page.is_file})
    lines += ["", f"Over the limit in this run: {', '.join(over) or 'none'}."]
    lines += ["", "| first view of the Overview, empty cache | compressed, KB |", "|---|--:|"]
    lines += [f"| {place} | {size / KB:.0f} |" for place, size in weights.items()]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Measure, print the table and a line of JSON; 1 where a page is slower or heavier than its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench pages", description=__doc__)
    parser.add_argument("--home", help="a TANLIN_HOME to use and keep; without it a fresh demonstration")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write the table to {TABLE.name}")
    options = parser.parse_args(arguments)

    with demonstration(options.home) as url:
        import django

        django.setup()
        from tanlin.demo import people
        from tanlin.demo.places import PLACES

        passwords = people.read()
        visitors = {name: Visitor(url) for name in LOGINS}
        for name, visitor in visitors.items():
            visitor.log_in(name, passwords[name])
        visitors["–"] = Visitor(url)
        made = [prepare(slug, visitors[LOGINS[0]]) for slug in PLACES]
        wait_for_jobs()
        pages = [
            page
            for slug in PLACES
            for page in measure(slug, addresses(slug, objects(slug)), visitors, options.rounds)
        ]
        weights = {slug: first_view(url, f"/place/{slug}/carbon/", visitors[LOGINS[0]]) for slug in PLACES}
        for remove in made:
            remove()

    where = machine("django", "granian", "playwright")
    load = os.getloadavg()[2]
    text = table(pages, weights, where, load)
    print(text)
    if options.write:
        TABLE.write_text(text, encoding="utf-8")
    slowest = max((page for page in pages if not page.is_file), key=lambda page: page.best)
    heaviest = max(weights.values()) / KB
    result = {
        "bench": "pages",
        "pages": len(pages),
        "slowest_ms": round(slowest.best, 1),
        "slowest": slowest.path,
        "overview_kb": round(heaviest, 1),
        "load": round(load, 1),
        "machine": where,
    }
    print(json.dumps(result))
    return 0 if slowest.best <= MOST_MS and heaviest <= MOST_KB else 1
