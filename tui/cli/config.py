"""`yinfang config`: the settings in force, and whether the file is right."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line

app = typer.Typer(no_args_is_help=True, help="The settings: show them, check the file.")


@app.command()
def show(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="A table or a key, e.g. watch.settle_seconds.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show the settings in force: the file's, with YINFANG_* variables over them.

    \b
    Examples:
      yinfang config show
      yinfang config show watch
      YINFANG_WATCH__SETTLE_SECONDS=2 yinfang config show watch.settle_seconds
    """
    value: Any = _resolved(ctx)
    for part in key.split(".") if key else ():
        if not isinstance(value, dict) or part not in value:
            raise CommandError(f"no setting {key}", "`yinfang config show` lists all", Exit.USAGE)
        value = value[part]
    if as_json:
        print_json(value)
    elif isinstance(value, dict):
        for line in _lines(value, key):
            write_line(line)
    else:
        write_line(_toml(value))


@app.command()
def check(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Check config.toml: unknown keys are named with the nearest valid one.

    \b
    Examples:
      yinfang config check
      yinfang --workspace ~/voices config check && yinfang up -d
    """
    _resolved(ctx)
    path = session.of(ctx).workspace().config
    if as_json:
        print_json({"file": str(path), "ok": True})
    else:
        write_line(f"{path} is right")


def _resolved(ctx: typer.Context) -> dict[str, Any]:
    from tui.settings import resolved
    from workspace.settings import read_config

    path = session.of(ctx).workspace().config
    return resolved(path, read_config(path), os.environ)


def _lines(table: dict[str, Any], prefix: str) -> list[str]:
    """`key = value` lines with dotted keys, in the file's order."""
    lines: list[str] = []
    for name, value in table.items():
        dotted = f"{prefix}.{name}" if prefix else name
        nested = isinstance(value, dict)
        lines += _lines(value, dotted) if nested else [f"{dotted} = {_toml(value)}"]
    return lines


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value)
