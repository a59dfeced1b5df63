"""The openly licensed sets that the small base is made from, in the layouts they are published in.

audio-cmn (isolated words and syllables, the text is the file name), AISHELL-1 (`.txt` beside each
file), AISHELL-3 (`content.txt` with hanzi and pinyin) and speechocean762 (English, `text.tsv`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.corpus.source import SourceEntry
from engine.corpus.transcript import decode_transcript

PREFIX = "cmn-"  # of audio-cmn's file names
SYLLABLE = re.compile(r"[a-zêü]+[1-5]?")


def entries(folder: Path) -> Iterator[SourceEntry]:
    """All recordings of the sets that are there, in a fixed order.

    Args:
        folder: holds `audio-cmn/`, `aishell1/`, `aishell3/`, `speechocean762/`.

    Raises:
        TranscriptError: a transcript that is no text.
    """
    readers = {
        "audio-cmn": audio_cmn, "aishell1": aishell1,
        "aishell3": aishell3, "speechocean762": speechocean762,
    }  # fmt: skip
    for name, read in readers.items():
        if (folder / name).is_dir():
            yield from read(folder / name)


def audio_cmn(folder: Path) -> Iterator[SourceEntry]:
    """hsk/cmn-<hanzi>.mp3 (one speaker) and syllabs/cmn-<pinyin>.mp3 (another).

    Syllables whose name starts with `_` are dialectal or interjections and are left out; in words,
    `_` is the open slot of a pattern and not spoken.
    """
    for path in _files(folder / "hsk", ".mp3"):
        word = path.stem.removeprefix(PREFIX)
        yield SourceEntry(f"hsk-{word}", "audio-cmn", "audio-cmn-hsk", path, word.replace("_", ""))
    for path in _files(folder / "syllabs", ".mp3"):
        syllable = path.stem.removeprefix(PREFIX)
        if SYLLABLE.fullmatch(syllable):
            yield SourceEntry(
                f"syllab-{syllable}",
                "audio-cmn",
                "audio-cmn-syllabs",
                path,
                None,
                ((None, syllable),),
            )


def aishell1(folder: Path) -> Iterator[SourceEntry]:
    """<speaker>/<id>.flac with <id>.txt beside it."""
    for path in _files(folder, ".flac"):
        transcript = path.with_suffix(".txt")
        text, notes = decode_transcript(transcript.read_bytes(), transcript.name)
        yield SourceEntry(
            f"aishell1-{path.stem}",
            "aishell1",
            f"aishell1-{path.parent.name}",
            path,
            text,
            None,
            notes,
        )


def aishell3(folder: Path) -> Iterator[SourceEntry]:
    """train/content.txt, a line `<file>TAB<hanzi> <pinyin> <hanzi> <pinyin> ...`."""
    for line in (folder / "train" / "content.txt").read_text(encoding="utf-8").splitlines():
        name, _, pairs = line.partition("\t")
        words = pairs.split()
        pinyin = tuple(zip(words[::2], words[1::2], strict=True))
        speaker = name[:7]
        path = folder / "train" / "wav" / speaker / name
        text = "".join(words[::2])
        yield SourceEntry(
            f"aishell3-{Path(name).stem}", "aishell3", f"aishell3-{speaker}", path, text, pinyin
        )


def speechocean762(folder: Path) -> Iterator[SourceEntry]:
    """text.tsv with utterance, speaker and English text, in capitals there."""
    for line in (folder / "text.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, speaker, text = line.split("\t")
        path = folder / speaker / f"{name}.opus"
        # in capitals every word would be spelled like an abbreviation
        yield SourceEntry(
            f"speechocean762-{name}",
            "speechocean762",
            f"speechocean762-{speaker}",
            path,
            text.capitalize(),
        )


def _files(folder: Path, ending: str) -> Iterable[Path]:
    return sorted(path for path in folder.rglob(f"*{ending}") if path.is_file())
