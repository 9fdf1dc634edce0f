"""``tanlin carbon activities``: a sheet of activity data checked, and imported with ``--yes``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tanlin.kernel.cli import emit, json_option

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("activities")
@click.argument("file", type=_FILE)
@click.option("--place", required=True, help="Place in the database, by its slug / 数据库中的区域")
@click.option("--yes", is_flag=True, help="Import it / 确认导入")
@click.option("--partial", is_flag=True, help="Leave bad rows out / 略去有误的行")
@click.option("--overlap", is_flag=True, help="Add to what overlaps / 重叠的也计入")
@json_option
def activities_command(
    file: Path, place: str, yes: bool, partial: bool, overlap: bool, as_json: bool
) -> None:
    """导入活动数据表；不加 --yes 只核对。 / Import a sheet of activity data; without --yes it is only checked."""
    from tanlin.kernel.cli import setup

    setup()
    from tanlin.carbon.services import activities as services
    from tanlin.community import queries as community

    area = community.area(community.SYSTEM, place, "import")
    with file.open("rb") as stream:
        digest = services.keep_sheet(area, stream, file.name, actor=community.SYSTEM)
    found = services.check_sheet(area, digest, actor=community.SYSTEM)
    answer: dict[str, Any] = {
        "file": found.filename,
        "sha256": digest,
        "rows": [
            {"stream": row.stream, "place": row.area.slug, "amount": row.amount, "unit": row.unit}
            | {"first_day": row.first_day.isoformat(), "last_day": row.last_day.isoformat()}
            for row in found.rows
        ],
        "problems": [problem.as_dict() for problem in found.problems],
        "overlaps": [{"row": where.row, "stands": known.stated} for where, known in found.overlaps],
        "sheet": None,
    }
    if yes:
        made = services.import_sheet(area, digest, actor=community.SYSTEM, partial=partial, overlap=overlap)
        answer["sheet"] = made.pk
    emit(answer, as_json, lambda: _text(answer))


def _text(answer: dict[str, Any]) -> str:
    lines = [
        f"{row['place']}  {row['stream']}  {row['first_day']} – {row['last_day']}  {row['amount']:,.6g} {row['unit']}"
        for row in answer["rows"]
    ]
    for problem in answer["problems"]:
        where = problem["where"] or {}
        place = f"{where.get('row', '')} {where.get('column', '')} {where.get('value', '')}".strip()
        lines.append(f"{place}: {problem['message']['zh']} / {problem['message']['en']}")
    lines += [f"{one['row']}: 日期重叠 / days overlap: {one['stands']}" for one in answer["overlaps"]]
    done = answer["sheet"]
    lines.append(
        f"已导入 / imported: {done}" if done else "尚未导入，加 --yes 确认 / not imported yet; add --yes"
    )
    return "\n".join(lines)
