"""`yinfang doctor`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from tui.cli import session
from tui.cli.output import Exit, JsonOption, print_json, stdout

MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


def doctor(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Look at this machine and the workspace: each line with its fix.

    Python, torch, GPU, mamba-ssm kernels, audio devices, settings, permissions, disk, daemon. Ends
    with exit code 1 if something will not work; a warning alone does not count.

    \b
    Examples:
      yinfang doctor
      yinfang --workspace ~/voices doctor --json
    """
    from tui.doctor import examine

    findings = []
    console = stdout()
    for finding in examine(session.of(ctx).folder):
        findings.append(finding)
        if not as_json:
            from rich.text import Text

            mark, style = MARKS[finding.state]
            line = Text.assemble((f"{mark:>4}", style), f"  {finding.what:<18} {finding.detail}")
            console.print(line, soft_wrap=True)
            if finding.fix:
                console.print(f"{'':>24} fix: {finding.fix}", style="dim", soft_wrap=True)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(Exit.FAILED)
