"""`tanlin demo …`: the demonstration places, and a place of real meters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tanlin.kernel import cli as shared
from tanlin.kernel.manifest import load


def prepare() -> Any:
    """Tables and static files up to date; then the verbs of `load.py`, which need Django."""
    load("tanlin.web.serve:prepare")()
    from . import load as verbs

    return verbs


def build_missing(verbs: Any) -> None:
    """Build what is missing, telling each place as it is begun."""
    if not verbs.is_built():
        click.echo("正在生成演示数据 … / Building the demonstration …", err=True)
        verbs.build(lambda text: click.echo(f"  {text}", err=True))


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 / address to listen on")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="端口 / port")
@click.pass_context
def cli(context: click.Context, host: str, port: int) -> None:
    """生成演示数据（已有则保留）并提供网站。 / Build the demonstration unless it exists, then serve."""
    if context.invoked_subcommand is not None:
        return
    load("tanlin.web.serve:check_port")(host, port)
    build_missing(prepare())
    from . import people

    click.echo(people.show(f"http://{f'[{host}]' if ':' in host else host}:{port}/"))
    load("tanlin.web.serve:run_site")(host, port)


@cli.command()
@shared.json_option
def build(as_json: bool) -> None:
    """只生成，不提供网站。 / Build only, do not serve."""
    verbs = prepare()
    build_missing(verbs)
    from . import people

    shared.emit(
        {"places": list(verbs.PLACES), "logins": str(people.path())},
        as_json,
        lambda: people.show("演示数据已就绪。 / The demonstration is ready."),
    )


@cli.command()
@click.option("--yes", is_flag=True, help="不再询问 / do not ask")
@shared.json_option
def remove(yes: bool, as_json: bool) -> None:
    """移除演示区域及其数据，真实区域不受影响。 / Remove the demonstration; real places are left alone."""
    verbs = prepare()
    from .remove import remove as take_away

    roots = verbs.demonstration_roots()
    if roots and not yes:
        names = "、".join(f"{root.name} {root.slug}" for root in roots)
        click.confirm(
            f"将移除以下演示区域及其全部数据：{names}\n"
            "This removes these demonstration areas with all their data. 继续 / Go on?",
            abort=True,
            err=True,
        )
    found = take_away(lambda text: click.echo(f"  {text}", err=True))
    nothing = "没有演示区域。 / There is no demonstration."
    done = f"已移除 {found['areas']} 个演示区域。 / {found['areas']} demonstration areas were removed."
    shared.emit(found, as_json, done if roots else nothing)


@cli.command()
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@shared.json_option
def real(path: Path, as_json: bool) -> None:
    """导入真实表计文件夹 ucam_hourly，作为独立区域。 / Load the folder of real meters as a place of its own."""
    verbs = prepare()
    dropped = verbs.load_real(path, lambda text: click.echo(f"  {text}", err=True))
    from . import people

    total = sum(dropped.values())
    done = (
        f"cambridge-estates：{total} 个为 0 的小时按缺测处理，未导入。 / "
        f"{total} hours of zero were taken as missing and left out.\n"
        "查看：运行 tanlin serve 后以 demo-operator 登录。 / To see it: run tanlin serve, log in as demo-operator."
    )
    shared.emit(
        {
            "place": "cambridge-estates",
            "taken_as_missing": dropped,
            "total": total,
            "logins": str(people.path()),
        },
        as_json,
        lambda: people.show(done),
    )
