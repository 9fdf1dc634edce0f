"""``tanlin carbon claim``: weigh a stated figure against what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tanlin.kernel.cli import emit, json_option
from tanlin.kernel.errors import BadInput, Text, Where

if TYPE_CHECKING:
    from tanlin.carbon.claims import Answer
    from tanlin.carbon.factors import FactorBook

#: The first line keeps the others from being joined.
_EXAMPLES = """\b
tanlin carbon claim --example meisha-970t
tanlin carbon claim --kind solar --claimed 25000 \\
    --set capacity_kw=25 --set region=CN-JS
"""
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("claim", epilog=_EXAMPLES)
@click.option("--kind", help="food_waste, solar, power_co2 …: see --list / 类别，见 --list")
@click.option("--claimed", help="The claimed number / 所称数值")
@click.option("--unit", default="", help="Its unit, by default that of the kind / 单位，默认为该类别的单位")
@click.option(
    "--set", "fields", multiple=True, metavar="NAME=VALUE", help="What else is stated / 其他已说明的内容"
)
@click.option("--text", default="", help="The words of the claim / 原文")
@click.option("--source", default="", help="Where it was said / 出处")
@click.option("--file", type=_FILE, help="A claim as JSON / JSON 文件")
@click.option("--example", "name", help="A published claim, see --list / 已发表的说法，见 --list")
@click.option("--factors", type=_FILE, help="Facts of your own, CSV / 自带因子")
@click.option(
    "--list", "listing", is_flag=True, help="Kinds with their fields, and examples / 类别、字段与示例"
)
@json_option
def claim_command(
    file: Path | None, name: str | None, factors: Path | None, listing: bool, as_json: bool, **stated: Any
) -> None:
    """数据口径核对。 / Check a claim: supported, needs its basis stated, or does not fit the parameters."""
    from tanlin.carbon.claims import answer_json, check, example, parse

    if listing:
        found = _listing()
        emit(found, as_json, lambda: _listed(found))
        return
    if name is not None:
        claim = example(name).claim
    else:
        claim = parse(_read(file) if file is not None else _typed(**stated))
    answer = check(claim, _book(factors))
    emit(answer_json(claim, answer), as_json, lambda: _text(answer))


def _typed(fields: Iterable[str], **stated: Any) -> dict[str, Any]:
    """Options as a claim. Raises BadInput for a field without ``=``."""
    values = {}
    for item in fields:
        name, equals, value = item.partition("=")
        if not equals:
            raise BadInput(
                "carbon.bad_claim",
                Text("应写成 名称=数值。", "Write it as NAME=VALUE."),
                where=Where(column="--set", value=item),
            )
        values[name.strip()] = value
    return {**stated, "fields": values}


def _read(path: Path) -> dict[str, Any]:
    """A claim from a JSON file. Raises BadInput where it is none."""
    try:
        stated = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise _bad_file(path) from error
    if not isinstance(stated, dict):
        raise _bad_file(path)
    return stated


def _bad_file(path: Path) -> BadInput:
    return BadInput(
        "carbon.bad_claim_file",
        Text("文件无法作为一条说法读取。", "The file cannot be read as a claim."),
        remedy=Text(
            '需要 JSON：{"kind": …, "claimed": …, "fields": {…}}',
            'It must be JSON: {"kind": …, "claimed": …, "fields": {…}}',
        ),
        where=Where(file=str(path)),
    )


def _book(factors: Path | None) -> FactorBook | None:
    """Own facts with the bounds of claims; None means those the product carries."""
    if factors is None:
        return None
    from tanlin.carbon.claims import bounds
    from tanlin.carbon.factors import FactorBook, read_facts

    return FactorBook([*read_facts(factors), *bounds()])


def _text(answer: Answer) -> str:
    from tanlin.carbon.claims import headline
    from tanlin.carbon.claims.picture import fit
    from tanlin.carbon.claims.wording import reading_span

    lines = [*headline(answer)]
    for reading in answer.readings:
        span = reading_span(reading, answer.unit).zh
        lines.append(f"  {_both(reading.label)}: {span}  ({_both(fit(answer, reading))})")
    parts = (
        (Text("成立的条件", "True if"), answer.conditions),
        (Text("还需说明", "Still to be stated"), answer.missing),
        (Text("说明", "Remarks"), answer.notes),
    )
    for title, texts in parts:
        lines += [f"{_both(title)}:", *(f"  - {_both(text)}" for text in texts)] if texts else []
    lines += [f"{_both(Text('所用因子', 'Facts used'))}:"] if answer.facts else []
    for fact in answer.facts:
        flag = "✓" if fact.verified else "未核实 / unverified"
        lines.append(f"  {fact.fact_id}\t{fact.value:g} {fact.unit}\t{flag}")
    return "\n".join(lines)


def _both(text: Text) -> str:
    return text.zh if text.zh == text.en else f"{text.zh} / {text.en}"


def _listing() -> dict[str, Any]:
    from tanlin.carbon.claims import KINDS, examples

    kinds = [
        {
            "kind": kind.key,
            "title": kind.title._asdict(),
            "claimed": kind.claimed._asdict(),
            "units": [unit for unit in kind.units if unit],
            "fields": [
                {
                    "name": field.name,
                    "label": field.label._asdict(),
                    "unit": field.unit,
                    "choices": [choice for choice in field.choices if choice],
                }
                for field in kind.fields
            ],
        }
        for kind in KINDS.values()
    ]
    return {
        "kinds": kinds,
        "examples": [{"name": each.name, "title": each.title._asdict()} for each in examples().values()],
    }


def _listed(found: dict[str, Any]) -> str:
    lines = []
    for kind in found["kinds"]:
        lines.append(f"{kind['kind']}  {_both(Text(**kind['title']))}  [{', '.join(kind['units'])}]")
        for field in kind["fields"]:
            more = "|".join(field["choices"]) or field["unit"]
            lines.append(f"    {field['name']}  {_both(Text(**field['label']))}  {more}".rstrip())
    lines += [f"--example {each['name']}  {_both(Text(**each['title']))}" for each in found["examples"]]
    return "\n".join(lines)
