"""`yinfang say`: text in, sound out, by the daemon's warm synthesis worker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, note, print_json, write_line

SLOWEST, FASTEST = 0.5, 2.0  # the engine's own limits; it is not imported here for its torch


def say(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(help="What to say; - reads standard input.")],
    voice: Annotated[
        str | None, typer.Option("--voice", "-v", help="Name of the voice; see `voices list`.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            "-c",
            metavar="JOB[:NAME]",
            help="Speak from a training's checkpoint: the newest, or best, mamba_epoch_03, ...",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="WAV file to write.")
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Play it while it is being made.")] = False,
    speed: Annotated[
        float, typer.Option(help="1.2 is a fifth faster.", min=SLOWEST, max=FASTEST)
    ] = 1.0,
    alike: Annotated[
        bool,
        typer.Option("--alike", help="Also tell how alike it is to recordings of its speaker."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say a text in a voice: into a WAV file, through the loudspeaker, or both.

    A checkpoint of a training speaks too, also while the training goes on.

    What could not be spoken as written (an emoji, a word that was spelled) is told on standard
    error.

    \b
    Examples:
      yinfang say "今天天气很好,我们去公园散步。" --voice alice -o hello.wav
      yinfang say "你好" -v alice --play
      yinfang say "你好" --checkpoint j00012:best --play
      yinfang say "今天天气很好,我们去公园散步。" -v alice --play --alike
      cat chapter.txt | yinfang say - -v alice -o chapter.wav --speed 1.1
    """
    from tui.likeness import told
    from tui.speech import deliver, note_text, pcm_blocks

    if output is None and not play:
        raise CommandError("nowhere to say it", "add -o FILE.wav, --play or both", Exit.USAGE)
    if voice is not None and checkpoint is not None:
        raise CommandError("a voice and a checkpoint", "name one of them", Exit.USAGE)
    if alike and voice is None and checkpoint is None:
        raise CommandError("alike to whom", "name a voice or a checkpoint", Exit.USAGE)
    words = sys.stdin.read() if text == "-" else text
    if not words.strip():
        raise CommandError("there is nothing to say", "give some text", Exit.USAGE)
    summary: dict[str, Any] = {}
    who = {"voice": voice, "checkpoint": _checkpoint(checkpoint)}
    likeness: dict[str, Any] = {}
    with session.of(ctx).daemon() as client:
        stream = client.stream("speak", text=words, speed=speed, keep=alike, **who)
        seconds = deliver(pcm_blocks(stream, summary), output, play)
        if alike:
            likeness = client.call("auditions.likeness", path=summary["kept"], **who)
    notes = [note_text(item) for item in summary.get("notes") or ()]
    for line in notes:
        note(line)
    if as_json:
        path = str(output) if output else None
        found = {"likeness": likeness} if alike else {}
        print_json({"path": path, "seconds": round(seconds, 3), "notes": notes, **found})
        return
    if output:
        write_line(f"{output}  {seconds:.2f} s")
    if alike:
        write_line(told(likeness))


def _checkpoint(named: str | None) -> dict[str, str] | None:
    """`JOB` or `JOB:NAME` as the daemon takes it."""
    if named is None:
        return None
    job, _, name = named.partition(":")
    return {"job": job, "name": name}
