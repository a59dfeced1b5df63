"""`yinfang voices import`: a published voice becomes one of this workspace's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui.cli import session
from tui.cli.models import outcome
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line

SUFFIXES = (".pt", ".bin")


def import_voice(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A published voice: .pt, or .bin (bare float32).")],
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="What to call it; the file's name otherwise.")
    ] = None,
    base: Annotated[
        str, typer.Option(help="The base that the voice was made for.")
    ] = "kokoro-v1.1-zh",
    as_json: JsonOption = False,
) -> None:
    """Take a published voice file into voices/: `say`, previews and mixing treat it as any other.

    A voice speaks well only on the base that it was made for.

    \b
    Examples:
      yinfang voices import zf_048.pt
      yinfang voices import zf_xiaobei.bin --name xiaobei --base kokoro-v1.0
    """
    session.of(ctx).require_here()
    path = file.expanduser().resolve()
    if not path.is_file() or path.suffix not in SUFFIXES:
        raise CommandError(
            f"{file} is no voice file", f"give one that ends in {' or '.join(SUFFIXES)}", Exit.USAGE
        )
    spec = {"file": str(path), "voice": name or path.stem, "base": base}
    with session.of(ctx).daemon() as client:
        made = outcome(client, client.call("jobs.submit", kind="import_voice", spec=spec))
    if as_json:
        print_json(made)
        return
    write_line(f"{made['voice']}")
    write_line(f"next: yinfang say TEXT --voice {spec['voice']} -o out.wav")
