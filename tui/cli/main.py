"""The `yinfang` command: what it knows to do, and how errors end it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from tui.cli import (
    agent,
    clone,
    config,
    daemon,
    dashboard,
    datasets,
    demo,
    doctor,
    jobs,
    mix,
    models,
    record,
    say,
    service,
    submit,
    voice_export,
    voice_import,
    voices,
    workspaces,
)
from tui.cli.errors import explain
from tui.cli.output import Exit, fail, write_line
from tui.cli.session import HOST_VARIABLE, HostOption, Session
from workspace.layout import WorkspaceError


class Commands(TyperGroup):
    """Turns the errors that packages raise for users into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a defect keeps its traceback."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            explanation = explain(error)
            if explanation is None:
                raise
            fail(*explanation)


app = typer.Typer(
    name="yinfang",
    cls=Commands,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="Turns a folder of recordings into a voice, and a voice into narration.",
    epilog="First steps: yinfang init FOLDER, yinfang up -d in it, drop recordings into datasets/.",
)


# They make or examine a workspace, and have no use for a daemon elsewhere.
ON_THE_SERVER = ("init", "demo", "config", "service", "dial-stdio")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        write_line(f"yinfang {version('yinfang')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            help="Else $YINFANG_WORKSPACE, else the nearest folder above.",
        ),
    ] = None,
    host: HostOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """Options that come before the command's name."""
    ctx.obj = Session(folder=workspace, host=host or os.environ.get(HOST_VARIABLE))
    if ctx.invoked_subcommand in ON_THE_SERVER:
        ctx.obj.require_here()
    if ctx.invoked_subcommand is None:
        _open_or_explain(ctx)


def _open_or_explain(ctx: typer.Context) -> None:
    """`yinfang` alone: the dashboard where there is something to show, else what there is to do."""
    nothing = ctx.obj.host is None and not _workspace_found(ctx.obj)
    if nothing or not (sys.stdin.isatty() and sys.stdout.isatty()):
        write_line(ctx.get_help())
        raise typer.Exit(Exit.USAGE if nothing else Exit.DONE)
    dashboard.tui(ctx)


def _workspace_found(session: Session) -> bool:
    try:
        session.workspace()
    except WorkspaceError:
        return False
    return True


WORKSPACE, LISTEN, BY_HAND, MACHINE = "Workspace", "Voices", "Queue", "Machine"

app.command(rich_help_panel=WORKSPACE)(workspaces.init)
app.command(rich_help_panel=WORKSPACE)(daemon.up)
app.command(rich_help_panel=WORKSPACE)(daemon.down)
app.command(rich_help_panel=WORKSPACE)(daemon.status)
app.command(rich_help_panel=WORKSPACE)(dashboard.tui)
app.command(rich_help_panel=WORKSPACE)(demo.demo)
app.add_typer(config.app, name="config", rich_help_panel=WORKSPACE)
app.add_typer(datasets.app, name="datasets", rich_help_panel=BY_HAND)
app.add_typer(jobs.app, name="jobs", rich_help_panel=BY_HAND)
app.command(rich_help_panel=BY_HAND)(jobs.watch)
app.command(rich_help_panel=BY_HAND)(submit.preprocess)
app.add_typer(submit.train, name="train", rich_help_panel=BY_HAND)
app.add_typer(models.app, name="models", rich_help_panel=BY_HAND)
voices.app.command("export")(voice_export.export)
voices.app.command("import")(voice_import.import_voice)
voices.app.command("mix")(mix.mix)
app.command(rich_help_panel=LISTEN)(record.record)
app.command(rich_help_panel=LISTEN)(clone.clone)
app.add_typer(voices.app, name="voices", rich_help_panel=LISTEN)
app.command(rich_help_panel=LISTEN)(say.say)
app.command(rich_help_panel=LISTEN)(agent.agent)
app.add_typer(doctor.app, name="doctor", rich_help_panel=MACHINE)
app.add_typer(service.app, name="service", rich_help_panel=MACHINE)
app.command(name="dial-stdio", rich_help_panel=MACHINE)(daemon.dial_stdio)
