"""`yinfang doctor`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from tui.cli import session
from tui.cli.output import Exit, JsonOption, print_json, stdout
from tui.cli.session import Session

if TYPE_CHECKING:
    from tui.doctor import Finding

app = typer.Typer(invoke_without_command=True)
MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


@app.callback()
def doctor(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Look at this machine and the workspace: each line with its fix.

    Python, torch, GPU, mamba-ssm kernels, audio devices, settings, permissions, disk, daemon. Ends
    with exit code 1 if something will not work; a warning alone does not count.

    \b
    Examples:
      yinfang doctor
      yinfang doctor audio       # where you sit: is the microphone heard, and how well
      yinfang --workspace ~/voices doctor --json
    """
    if ctx.invoked_subcommand is not None:
        return
    session.of(ctx).require_here()
    from tui.doctor import examine

    report(examine(session.of(ctx).folder), as_json)


@app.command()
def audio(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Try the microphone and the loudspeaker: which are taken and why, how loud the room is.

    Plays a tone for a second and listens for it. Run it where you sit; on a server it says which
    way your sound takes. With --host, or from an agent, it also looks at what is attached there.

    \b
    Examples:
      yinfang doctor audio
      yinfang doctor audio --json
    """
    from tui.sound.check import examine_sound
    from tui.sound.choose import is_over_ssh, own_address

    own = session.of(ctx)
    there, workspace = _attached(own)
    over_ssh = is_over_ssh(attached=bool(own.host))
    report(examine_sound(there, over_ssh=over_ssh, address=own_address(workspace)), as_json)


def _attached(own: Session) -> tuple[list[dict[str, Any]] | str, str]:
    """The devices that are attached to the daemon, or why that is not known; and its workspace."""
    from daemon.errors import DaemonError
    from workspace.layout import WorkspaceError

    try:
        with own.daemon() as client:
            workspace = str(client.call("status")["workspace"])
            return next(iter(client.stream("sound.devices")))["devices"], workspace
    except (DaemonError, WorkspaceError) as error:
        return str(error), ""


def report(findings: Iterable[Finding], as_json: bool) -> None:
    """Print findings as they come, each with its fix.

    Raises:
        typer.Exit: with exit code 1, if something will not work.
    """
    seen = []
    console = stdout()
    for finding in findings:
        seen.append(finding)
        if not as_json:
            from rich.text import Text

            mark, style = MARKS[finding.state]
            line = Text.assemble((f"{mark:>4}", style), f"  {finding.what:<18} {finding.detail}")
            console.print(line, soft_wrap=True)
            if finding.fix:
                console.print(f"{'':>24} fix: {finding.fix}", style="dim", soft_wrap=True)
    if as_json:
        print_json([asdict(finding) for finding in seen])
    if any(finding.state == "fail" for finding in seen):
        raise typer.Exit(Exit.FAILED)
