"""What every room's command group shares: late set-up of Django, ``--json``, progress, two-language errors.

Importing this module loads neither Django nor a settings file; ``setup`` does, when a command needs the database.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from tanlin.kernel.errors import BadInput, TanlinError, Text

json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output / 以 JSON 输出")


def setup(check: bool = True) -> None:
    """Load the settings and the models; call it first in a command that touches the database.

    Raises BadInput where the tables are missing or behind the program (``check`` False leaves that out).
    """
    import django
    from django.apps import apps

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tanlin.web.settings")
    if not apps.ready:
        django.setup()
    if not check:
        return
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise BadInput(
            "kernel.not_migrated",
            Text("数据库尚未建立或版本较旧。", "The database is not set up yet, or behind this version."),
            remedy=Text("请先运行 tanlin migrate。", "Run tanlin migrate first."),
        )


def emit(value: Any, as_json: bool, text: str | Callable[[], str] = "") -> None:
    """Print ``value`` as JSON, or else the text (or what it returns)."""
    if as_json:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(text() if callable(text) else text)


@contextmanager
def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; yields ``advance(steps)``. Silent where standard error is no terminal."""
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update


class LazyGroup(click.Group):
    """A group whose commands are "module:attribute" words, imported when one of them is called or listed."""

    def __init__(self, *args: Any, lazy: Callable[[], Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *self.lazy()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        path = self.lazy().get(cmd_name)
        if path is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = path.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{path} is no click command")
        return command


def run(group: click.Command, arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 on bad input (both languages on standard error), 130 on Ctrl-C."""
    try:
        code = group.main(args=arguments, prog_name="tanlin", standalone_mode=False)
    except TanlinError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.UsageError as error:
        error.show()
        click.echo("命令或参数有误，见上。 / The command or an argument is wrong, see above.", err=True)
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("已中止。 / Stopped.", err=True)
        return 130
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # `tanlin … | head`: nothing left to flush to
        return 0
    return code if isinstance(code, int) else 0
