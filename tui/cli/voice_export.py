"""`yinfang voices export`: a voice to take elsewhere, or to speak from without this program."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Annotated

import typer

from tui.cli import session
from tui.cli.models import outcome
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line
from tui.cli.voices import NameArgument, VersionOption, voice_folder


def export(
    ctx: typer.Context,
    name: NameArgument,
    file: Annotated[
        Path | None, typer.Argument(help="The .tar.gz to write; with --onnx, the folder.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The same as an option.")
    ] = None,
    onnx: Annotated[
        bool, typer.Option("--onnx", help="A folder that onnxruntime speaks from.")
    ] = False,
    version: VersionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a voice into one file: weights, voice tensor, card and previews.

    It holds what differs from its base; the card names the base by hash. With --onnx, a folder
    that needs nothing of this: three graphs, the voice tensor, and a script of forty lines that
    speaks with numpy and onnxruntime. What is written is compared with PyTorch first.

    \b
    Examples:
      yinfang voices export alice alice.tar.gz
      tar -xzf alice.tar.gz -C ~/other-workspace/voices
      yinfang voices export alice --onnx -o alice-onnx
      python alice-onnx/speak.py hello.wav
    """
    given = [path for path in (file, output) if path is not None]
    if len(given) != 1:
        fix = "give one: a .tar.gz, or a folder with --onnx"
        raise CommandError("where to write the voice is not clear", fix, Exit.USAGE)
    if onnx:
        _export_onnx(ctx, name, version, given[0].expanduser().resolve(), as_json)
    else:
        _export_archive(ctx, name, version, given[0], as_json)


def _export_archive(
    ctx: typer.Context, name: str, version: str | None, file: Path, as_json: bool
) -> None:
    from workspace.files import replace_atomic

    folder = voice_folder(session.of(ctx).workspace(), name, version)
    if folder is None:
        message = f"{name} comes with a base: there is nothing of it to take elsewhere"
        fix = "`say` speaks with it wherever that base is; --onnx takes the base along"
        raise CommandError(message, fix, Exit.USAGE)

    def write(temporary: Path) -> None:
        with tarfile.open(temporary, "w:gz") as archive:
            archive.add(folder, arcname=f"{name}/{folder.name}")

    replace_atomic(file, write)
    if as_json:
        print_json({"path": str(file), "voice": name, "version": folder.name})
    else:
        write_line(f"{file}  {name}, version {folder.name}")


def _export_onnx(
    ctx: typer.Context, name: str, version: str | None, folder: Path, as_json: bool
) -> None:
    voice_folder(session.of(ctx).workspace(), name, version)  # there is one of this name
    if folder.exists():
        raise CommandError(f"{folder} is there already", "name a folder that is not", Exit.USAGE)
    spec = {"voice": name, "version": version or "", "folder": str(folder)}
    with session.of(ctx).daemon() as client:
        made = outcome(client, client.call("jobs.submit", kind="export", spec=spec))
    if as_json:
        print_json(made)
        return
    write_line(
        f"{made['folder']}  {name}; audio as PyTorch's to {made['differences']['audio']:.0e}"
    )
    write_line(f"next: python {folder}/speak.py hello.wav")
