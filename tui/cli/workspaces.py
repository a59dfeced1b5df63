"""`yinfang init`: a new workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line
from workspace.layout import CONFIG_NAME, Workspace


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make the workspace in.")],
    as_json: JsonOption = False,
) -> None:
    """Make a workspace: config.toml with every setting explained, datasets/ and recordings/.

    A folder that is a workspace already keeps its config.toml; what is missing is added.

    \b
    Examples:
      yinfang init ~/voices
      cd ~/voices && yinfang up -d
      rsync -a recordings/ ~/voices/datasets/alice/
    """
    workspace = Workspace(folder.expanduser().resolve())
    fresh = create(workspace)
    if as_json:
        print_json({"workspace": str(workspace.root), "created": fresh})
        return
    write_line(f"{'made' if fresh else 'kept'} {workspace.config}")
    write_line("next:")
    write_line(f"  cd {folder}")
    write_line("  yinfang up -d              # the daemon, in the background")
    write_line("  cp -r RECORDINGS datasets/NAME    # .wav/.flac/.mp3 with same-named .txt")
    write_line("  yinfang jobs list --follow")


def create(workspace: Workspace) -> bool:
    """Make what a workspace needs; returns whether its config.toml is new.

    Raises:
        CommandError: the folder's place is taken by a file.
    """
    from tui.settings import default_text
    from workspace.files import write_atomic

    if workspace.root.exists() and not workspace.root.is_dir():
        raise CommandError(f"{workspace.root} is a file", "name a folder", Exit.USAGE)
    for path in (workspace.root, workspace.datasets, workspace.recordings):
        path.mkdir(parents=True, exist_ok=True)
    fresh = not workspace.exists()
    if fresh:
        write_atomic(workspace.root / CONFIG_NAME, default_text())
    return fresh
