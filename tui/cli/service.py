"""`yinfang service`: the daemon as a systemd user unit."""

from __future__ import annotations

import typer

from tui.cli import session
from tui.cli.output import JsonOption, print_json, write_line

app = typer.Typer(no_args_is_help=True, help="Start the daemon at boot, as a systemd user unit.")


@app.command()
def install(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Write the unit for this workspace, enable and start it.

    \b
    Examples:
      yinfang -w ~/voices service install
      loginctl enable-linger      # so that it runs while nobody is logged in
    """
    from daemon.service import install as install_unit

    _say(install_unit(session.of(ctx).workspace()), as_json)


@app.command()
def uninstall(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Stop and disable the unit, and remove it.

    \b
    Examples:
      yinfang -w ~/voices service uninstall
    """
    from daemon.service import uninstall as remove_unit

    _say(remove_unit(session.of(ctx).workspace()), as_json)


def _say(path: object, as_json: bool) -> None:
    if as_json:
        print_json({"unit": str(path)})
    else:
        write_line(str(path))
