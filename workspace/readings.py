"""How kept takes were read: `readings.tsv`, a list with the pinyin that stood under each prompt.

    id	text	citation
    zh0001-1	好一点儿。	hao3 yi1 dianr3

`workspace.transcripts` reads it like any list. Lines that somebody added or changed stay.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from workspace.files import write_atomic
from workspace.transcripts import TranscriptError, decode_text

READINGS_FILE = "readings.tsv"
HEADER = "id\ttext\tcitation"


def add_reading(folder: Path, utterance: str, text: str, pinyin: str) -> None:
    """Write down how an utterance is read, unless a line says so already.

    Args:
        folder: the dataset's folder.
        utterance: the audio's name without its suffix.
        text: what it says, on one line.
        pinyin: of a dictionary, as in `workspace.prompts`.

    Raises:
        TranscriptError: the list there is another one.
        OSError: it cannot be read or written.
    """
    lines = _lines(folder)
    if utterance not in map(_utterance, lines):
        _write(folder, [*lines, f"{utterance}\t{text}\t{pinyin}"])


def remove_readings(folder: Path, is_gone: Callable[[str], bool]) -> None:
    """Take out the lines of utterances that are gone; without any line the list goes too.

    Raises:
        TranscriptError: the list there is another one.
        OSError: it cannot be read or written.
    """
    lines = _lines(folder)
    rest = [line for line in lines if not is_gone(_utterance(line))]
    if not rest:
        (folder / READINGS_FILE).unlink(missing_ok=True)
    elif rest != lines:
        _write(folder, rest)


def _utterance(line: str) -> str:
    return line.partition("\t")[0].strip()


def _lines(folder: Path) -> list[str]:
    """The list's lines without the header; none where there is no list."""
    try:
        text, _ = decode_text((folder / READINGS_FILE).read_bytes())
    except FileNotFoundError:
        return []
    header, *lines = text.splitlines() or [HEADER]
    if not header.startswith(HEADER):
        raise TranscriptError(f"its first line is not {' '.join(HEADER.split())}")
    return [line for line in lines if line.strip()]


def _write(folder: Path, lines: list[str]) -> None:
    write_atomic(folder / READINGS_FILE, "".join(f"{line}\n" for line in (HEADER, *lines)))
