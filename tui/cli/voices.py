"""`yinfang voices`: what can be spoken with, its figures and its previews."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, note, print_json, stdout, write_line
from tui.quantities import ago, figure
from workspace.bases import speaking_voices
from workspace.layout import Workspace
from workspace.voices import finished_voices

if TYPE_CHECKING:
    from tui.cli.listing import Row

PREVIEWS = "previews"  # folder of a voice's version

app = typer.Typer(no_args_is_help=True, help="The voices you trained, and those of bases.")

NameArgument = Annotated[str, typer.Argument(help="Name of the voice.")]
VersionOption = Annotated[
    str | None, typer.Option("--version", help="A version; newest unless given.")
]


@app.command("list")
def list_voices(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the voices that `say` takes: those you trained, then those that come with bases.

    \b
    Examples:
      yinfang voices list
    """
    with session.of(ctx).daemon() as client:
        voices = client.call("voices.list")
    if as_json:
        print_json(voices)
        return
    from tui.cli.listing import listing

    now = time.time()
    rows = [_row(voice, now) for voice in voices]
    stdout().print(listing(("voice", "version", "base", "made"), rows))
    if not any(voice["version"] for voice in voices):
        note("none of your own yet: drop one speaker's recordings into datasets/NAME/")


@app.command()
def sentences(
    ctx: typer.Context,
    add: Annotated[list[str] | None, typer.Option("--add", help="Keep a sentence.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="Forget one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List, add and remove the sentences that every checkpoint of a training says.

    \b
    Examples:
      yinfang voices sentences
      yinfang voices sentences --add "你说的是真的吗？"
      yinfang voices sentences --remove "你说的是真的吗？"
    """
    with session.of(ctx).daemon() as client:
        kept = client.call("auditions.sentences")["sentences"]
        if unknown := [text for text in remove or () if text not in kept]:
            raise CommandError(f"{unknown[0]} is not kept", "see `yinfang voices sentences`")
        if add or remove:
            wanted = [text for text in [*kept, *(add or ())] if text not in (remove or ())]
            kept = client.call("auditions.keep_sentences", sentences=wanted)["sentences"]
    if as_json:
        print_json(kept)
        return
    for text in kept:
        write_line(text)
    if not kept:
        note("none of your own yet: --add keeps one; checkpoints say the one in their settings")


@app.command()
def show(ctx: typer.Context, name: NameArgument, as_json: JsonOption = False) -> None:
    """Show a voice's card: data, parents, figures.

    \b
    Examples:
      yinfang voices show alice
      yinfang voices show yue
      yinfang voices show alice --json | jq .measures
    """
    with session.of(ctx).daemon() as client:
        voice = client.call("voices.show", name=name)
    if as_json:
        print_json(voice)
        return
    for key, value in voice.items():
        text = _figures(value) if isinstance(value, dict) else value
        if isinstance(value, list):
            text = ", ".join(map(str, value))
        if key == "created" and value is not None:
            text = ago(value, time.time())
        if text not in (None, "", []):
            write_line(f"{key:<12} {text}")


@app.command()
def play(ctx: typer.Context, name: NameArgument, version: VersionOption = None) -> None:
    """Play a voice's preview sentence on this machine; without one, have the daemon speak it.

    \b
    Examples:
      yinfang voices play alice
      yinfang voices play yue
    """
    from tui.playback import play_wave

    workspace = session.of(ctx).workspace()
    folder = voice_folder(workspace, name, version)
    previews = (folder / PREVIEWS).glob("*.wav") if folder else ()
    latest = max(previews, key=lambda path: path.stat().st_mtime_ns, default=None)
    if latest is None:
        _speak_preview(ctx, name, folder)
    else:
        write_line(str(latest))
        play_wave(latest)


def voice_folder(workspace: Workspace, name: str, version: str | None) -> Path | None:
    """Folder of a voice's version, the newest unless one is named; None for a voice of a base.

    Raises:
        CommandError: there is none.
    """
    own = finished_voices(workspace.voices)
    of_bases = speaking_voices(workspace.models)
    for folder in own.get(name, ()):
        if version in (None, folder.name):
            return folder
    if name in own:
        known = ", ".join(folder.name for folder in own[name])
        raise CommandError(f"no version {version} of {name}", f"versions: {known}", Exit.USAGE)
    if name not in of_bases:
        known = ", ".join(sorted({*own, *of_bases})) or "none yet"
        message = f"no voice {name} in {workspace.voices}"
        raise CommandError(message, f"voices: {known}", Exit.USAGE)
    if version is not None:
        raise CommandError(f"{name} has no versions", f"yinfang voices show {name}", Exit.USAGE)
    return None


def _speak_preview(ctx: typer.Context, name: str, folder: Path | None) -> None:
    """Have the daemon's speech worker say the preview sentence, as it would be in the folder."""
    from tui.settings import resolved
    from tui.speech import deliver, pcm_blocks
    from workspace.settings import read_config

    path = session.of(ctx).workspace().config
    text = resolved(path, read_config(path), os.environ)["watch"]["preview_text"]
    version = folder.name if folder else None
    with session.of(ctx).daemon() as client:
        write_line(text)
        stream = client.stream("speak", text=text, voice=name, version=version)
        deliver(pcm_blocks(stream, {}), output=None, play=True)


def _row(voice: dict[str, Any], now: float) -> Row:
    from rich.text import Text

    from tui.cli.listing import Row

    base = voice.get("base")
    name = base.get("name") if isinstance(base, dict) else base
    cells = (voice["name"], voice["version"] or "–", name or "", ago(voice.get("created"), now))
    below = voice.get("problem") or _figures(voice.get("measures") or {})
    return Row(tuple(map(Text, cells)), (below,))


def _figures(metrics: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {_figure(value)}"
        for name, value in metrics.items()
        if not isinstance(value, dict | list)
    )


def _figure(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return figure(value) if isinstance(value, int | float) else str(value)
