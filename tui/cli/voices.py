"""`yinfang voices`: what was trained, its figures, its previews, and taking it elsewhere."""

from __future__ import annotations

import tarfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, stdout, write_line
from tui.quantities import ago, figure
from workspace.files import is_temporary
from workspace.layout import Workspace

app = typer.Typer(no_args_is_help=True, help="The voices you trained.")

NameArgument = Annotated[str, typer.Argument(help="Name of the voice.")]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="A version; newest unless given.")
]


@app.command("list")
def list_voices(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the voices with what they were made from.

    \b
    Examples:
      yinfang voices list
    """
    with session.of(ctx).daemon() as client:
        voices = client.call("voices.list")
    if as_json:
        print_json(voices)
        return
    if not voices:
        write_line("no voices yet: drop one speaker's recordings into datasets/NAME/")
        return
    from rich.text import Text

    from tui.cli.listing import Row, listing

    rows = []
    for voice in voices:
        cells = (voice["name"], voice["version"], ago(voice.get("created"), time.time()))
        below = voice.get("problem") or _figures(voice.get("measures") or {})
        rows.append(Row(tuple(map(Text, cells)), (below,)))
    stdout().print(listing(("voice", "version", "made"), rows))


@app.command()
def show(ctx: typer.Context, name: NameArgument, as_json: JsonOption = False) -> None:
    """Show a voice's card: data, parents, figures.

    \b
    Examples:
      yinfang voices show alice
      yinfang voices show alice --json | jq .measures
    """
    with session.of(ctx).daemon() as client:
        voice = client.call("voices.show", name=name)
    if as_json:
        print_json(voice)
        return
    for key, value in voice.items():
        text = _figures(value) if isinstance(value, dict) else value
        if text not in (None, "", []):
            write_line(f"{key:<12} {text}")


@app.command()
def play(ctx: typer.Context, name: NameArgument, version: VersionOption = None) -> None:
    """Play a voice's preview sentence on this machine.

    \b
    Examples:
      yinfang voices play alice
    """
    from tui.playback import play_wave

    folder = voice_folder(session.of(ctx).workspace(), name, version)
    previews = sorted((folder / "previews").glob("*.wav"))
    if not previews:
        fix = f"yinfang say TEXT --voice {name} --play"
        raise CommandError(f"{folder.name} of {name} has no preview", fix)
    write_line(str(previews[-1]))
    play_wave(previews[-1])


@app.command()
def export(
    ctx: typer.Context,
    name: NameArgument,
    file: Annotated[Path, typer.Argument(help="The .tar.gz to write.")],
    version: VersionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a voice into one file: weights, voice tensor, card and previews.

    It holds what differs from its base; the card names the base by hash.

    \b
    Examples:
      yinfang voices export alice alice.tar.gz
      tar -xzf alice.tar.gz -C ~/other-workspace/voices
    """
    from workspace.files import replace_atomic

    folder = voice_folder(session.of(ctx).workspace(), name, version)

    def write(temporary: Path) -> None:
        with tarfile.open(temporary, "w:gz") as archive:
            archive.add(folder, arcname=f"{name}/{folder.name}")

    replace_atomic(file, write)
    if as_json:
        print_json({"path": str(file), "voice": name, "version": folder.name})
    else:
        write_line(f"{file}  {name}, version {folder.name}")


def voice_folder(workspace: Workspace, name: str, version: str | None) -> Path:
    """Folder of a voice's version, the newest unless one is named.

    Raises:
        CommandError: there is none.
    """
    cards = sorted(
        workspace.voices.glob("*/*/card.json"), key=lambda card: (card.stat().st_mtime, card)
    )
    cards = [card for card in cards if not is_temporary(card.parent)]
    found = [card.parent for card in cards if card.parent.parent.name == name]
    if version is not None:
        found = [folder for folder in found if folder.name == version]
    if not found:
        known = ", ".join(sorted({card.parent.parent.name for card in cards})) or "none yet"
        what = f"no voice {name}" + (f" of version {version}" if version else "")
        raise CommandError(f"{what} in {workspace.voices}", f"voices: {known}", Exit.USAGE)
    return found[-1]


def _figures(metrics: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {figure(value) if isinstance(value, int | float) else value}"
        for name, value in metrics.items()
        if not isinstance(value, dict | list)
    )
