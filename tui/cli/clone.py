"""`yinfang clone`: a voice from a minute of somebody's speech."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, write_line
from tui.quantities import figure
from workspace.transcripts import TEXT_SUFFIXES, TranscriptError, decode_text

Reference = dict[str, Any]  # of a job's spec: audio, text, pinyin


def clone(
    ctx: typer.Context,
    references: Annotated[
        list[Path],
        typer.Argument(help="Recordings of one speaker, 5 to 60 seconds in all; or their folder."),
    ],
    voice: Annotated[str, typer.Option("--voice", "-v", help="What to call the voice.")],
    text: Annotated[
        str | None,
        typer.Option(help="What the recording says; else FILE.txt beside it is read."),
    ] = None,
    base: Annotated[str, typer.Option(help='A base; see `models list`, or "newest".')] = "newest",
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Do not wait for it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a voice of a minute of speech or less, without training the model.

    A recording needs its text: FILE.txt beside FILE.wav, a list in the folder, or --text. Settings:
    the table `clone` of config.toml. With several minutes of speech, a folder in datasets/ makes a
    better voice.

    \b
    Examples:
      yinfang clone grandma.wav --voice grandma
      yinfang clone one.wav two.wav --voice alice
      yinfang clone hello.wav --text "大家好，我是小明。" --voice ming --base small
    """
    session.of(ctx).require_here()
    require_voice_name(voice)
    spec = {
        "voice": voice, "version": time.strftime("%Y%m%d-%H%M%S", time.gmtime()),
        "base": base, "references": find_references(references, text),
    }  # fmt: skip
    with session.of(ctx).daemon() as client:
        job = client.call("jobs.submit", kind="clone", spec=spec)
        if detach:
            if as_json:
                print_json(job)
            else:
                write_line(f"{job['id']} is {job['state']}")
                write_line(f"next: yinfang jobs watch {job['id']}")
            return
        from tui.cli.follow import follow_jobs

        follow_jobs(client, [job["id"]], as_json)
        outputs = client.call("jobs.show", id=job["id"])["outputs"]
    if not as_json:
        write_line(f"{outputs['voice']}  {likeness(outputs['measures'])}")
        write_line(f"next: yinfang say TEXT --voice {voice} -o out.wav")


def require_voice_name(name: str) -> None:
    """Raises CommandError: a folder cannot be called so."""
    from workspace.datasetfile import VOICE_NAME

    if not re.match(VOICE_NAME, name):
        fix = "at most 80 characters, the first neither `-`, `.` nor a space, no `/`"
        raise CommandError(f"{name!r} cannot be a voice's name", fix, Exit.USAGE)


def likeness(measures: dict[str, Any]) -> str:
    """How alike a clone is to its reference, in a line."""
    cosine, own = measures["speaker_cosine"], measures.get("real_to_real")
    if isinstance(cosine, str):
        return f"likeness {cosine}"
    beside = f"; its own recordings among each other {figure(own)}" if own is not None else ""
    return f"voiceprint cosine to the reference {figure(cosine)}{beside}"


def find_references(paths: Sequence[Path], text: str | None = None) -> list[Reference]:
    """The recordings that paths name, each with its text.

    Args:
        paths: audio files, or folders as in `datasets/`.
        text: of the only file.

    Raises:
        CommandError: a file is missing or has no text.
    """
    if text is not None and (len(paths) != 1 or paths[0].is_dir()):
        raise CommandError(
            "--text is for a single recording", "write a .txt beside each of several", Exit.USAGE
        )
    if text is not None and not text.strip():
        raise CommandError("--text is empty", "give what the recording says", Exit.USAGE)
    found: list[Reference] = []
    for path in (path.expanduser().resolve() for path in paths):
        found += _in_folder(path) if path.is_dir() else [_of_file(path, text)]
    return found


def _in_folder(folder: Path) -> list[Reference]:
    from workspace.dataset import DatasetEntry, DatasetError, detect

    try:
        items = list(detect(folder).items())
    except DatasetError as error:
        raise CommandError(f"{folder}: {error.reason}", error.fix, Exit.USAGE) from None
    found = []
    for item in items:
        if not isinstance(item, DatasetEntry):
            raise CommandError(f"{folder / item.path}: {item.reason}", item.fix, Exit.USAGE)
        where = item.text_path or item.audio
        try:
            text = item.read_text()
        except (TranscriptError, OSError) as error:
            raise CommandError(f"{where}: {error}", "save it as UTF-8", Exit.USAGE) from None
        pinyin = list(item.pinyin) if item.pinyin else None
        found.append(_reference(item.audio, text, pinyin, where))
    return found


def _of_file(audio: Path, text: str | None) -> Reference:
    if not audio.is_file():
        raise CommandError(f"{audio}: no such file", "name a recording", Exit.USAGE)
    if text is not None:
        return _reference(audio, text, None, audio)
    for beside in (audio.with_suffix(suffix) for suffix in TEXT_SUFFIXES):
        if not beside.is_file():
            continue
        try:
            return _reference(audio, decode_text(beside.read_bytes())[0], None, beside)
        except (TranscriptError, OSError) as error:
            raise CommandError(f"{beside}: {error}", "save it as UTF-8", Exit.USAGE) from None
    raise CommandError(
        f"{audio.name} has no text, and nothing here can hear what it says",
        f"write it into {audio.with_suffix('.txt')}, or give it with --text",
        Exit.USAGE,
    )


def _reference(audio: Path, text: str, pinyin: list[str] | None, where: Path) -> Reference:
    one_line = " ".join(text.lstrip("\ufeff").split())
    if not one_line and not pinyin:
        raise CommandError(f"{where}: its text is empty", "write what it says", Exit.USAGE)
    return {"audio": str(audio), "text": one_line or None, "pinyin": pinyin}
