"""The two folders that the demo drops: a small corpus and one speaker's recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tui.demo_speech import Sentence, Speaker, sentences, write_speech

CORPUS_SPEAKERS = (
    Speaker("SSB0001", "cmn+f2", pitch=60, pitch_range=60, rate=150),
    Speaker("SSB0002", "cmn+m3", pitch=40, pitch_range=55, rate=140),
    Speaker("SSB0003", "cmn+f4", pitch=45, pitch_range=60, rate=160),
)
CORPUS_SENTENCES = 25  # for each speaker, all different
TARGET = Speaker("xiaoyin", "cmn+Annie", pitch=55, pitch_range=65, rate=150)
TARGET_SENTENCES = 40  # from the end of the list

Report = Callable[[int, int], None]  # done, total


def make_corpus(folder: Path, report: Report) -> float:
    """A corpus in AISHELL-3's layout: `train/content.txt`, `train/wav/SSBxxxx/`.

    Args:
        folder: made by this call.
        report: told after each utterance.

    Returns:
        Seconds of speech.

    Raises:
        SpeechError: the synthesiser is missing or refuses.
    """
    train = folder / "train"
    pool = sentences()
    total = CORPUS_SENTENCES * len(CORPUS_SPEAKERS)
    seconds, lines = 0.0, []
    for index, speaker in enumerate(CORPUS_SPEAKERS):
        wave_folder = train / "wav" / speaker.name
        wave_folder.mkdir(parents=True)
        first = index * CORPUS_SENTENCES
        for number, sentence in enumerate(pool[first : first + CORPUS_SENTENCES], start=1):
            name = f"{speaker.name}{number:04d}.wav"
            seconds += write_speech(wave_folder / name, sentence.text, speaker)
            lines.append(f"{name}\t{content(sentence)}")
            report(len(lines), total)
    (train / "content.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return seconds


def make_target(folder: Path, report: Report) -> float:
    """One speaker's folder: a WAV and a text of the same name for each sentence.

    Arguments, result and errors are those of `make_corpus`.
    """
    folder.mkdir(parents=True)
    chosen = sentences()[-TARGET_SENTENCES:]
    seconds = 0.0
    for number, sentence in enumerate(chosen, start=1):
        path = folder / f"{number:03d}.wav"
        seconds += write_speech(path, sentence.text, TARGET)
        path.with_suffix(".txt").write_text(sentence.text + "\n", encoding="utf-8")
        report(number, len(chosen))
    return seconds


def content(sentence: Sentence) -> str:
    """The sentence as `content.txt` has it: each hanzi followed by its toned syllable."""
    pairs = zip(sentence.hanzi, sentence.pinyin, strict=True)
    return " ".join(f"{hanzi} {pinyin}" for hanzi, pinyin in pairs)
