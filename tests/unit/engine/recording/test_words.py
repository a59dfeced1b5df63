"""Which words were spoken: real sentences against their own and other prompts."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile

from engine.audio.decode import decode
from engine.evaluation.recognise import Recogniser
from engine.recording.words import OTHERS, candidates, hear, mandarin

READ = ("W0001", "W0025", "W0211", "W0310")


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("你好，世界！", ("ni", "hao", "shi", "jie")),
        ("气温-3℃", ("qi", "wen", "ling", "xia", "san", "she", "shi", "du")),
        ("我用Python", None),
        ("GDP", None),
        ("……", None),
    ],
)
def test_only_mandarin_is_checked(text: str, syllables: tuple[str, ...] | None) -> None:
    assert mandarin(text) == syllables


def test_a_prompt_stands_against_its_parts_and_other_sentences() -> None:
    prompt = ("yi", "er", "san", "si", "wu", "liu", "qi", "ba")
    first, *others = candidates(prompt)
    assert first == prompt
    assert others[:4] == [prompt[:4], prompt[4:], prompt[:6], prompt[2:]]
    assert len(others) == 4 + OTHERS
    assert len(set(candidates(("hao",)))) == 1 + OTHERS, "nothing of one syllable is left out"


@pytest.fixture(scope="module")
def recogniser(shared_dir: Path) -> Recogniser:
    pytest.importorskip("pocketsphinx", reason="needs the evaluation extra")
    return Recogniser(shared_dir / "models")


@pytest.fixture(scope="module")
def clips(shared_dir: Path) -> dict[Path, str]:
    folder = shared_dir / "data/aishell1/S0150"
    paths = [folder / f"BAC009S0150{name}.flac" for name in READ]
    return {path: path.with_suffix(".txt").read_text("utf-8-sig").strip() for path in paths}


@pytest.mark.shared
def test_sentences_that_were_read_are_the_prompts(
    recogniser: Recogniser, clips: dict[Path, str]
) -> None:
    for clip, text in clips.items():
        words = hear(clip, text, recogniser)
        assert words is not None and words.ok, text
        assert words.errors == 0
        assert words.note == ""


@pytest.mark.shared
def test_other_sentences_are_not(recogniser: Recogniser, clips: dict[Path, str]) -> None:
    texts = list(clips.values())
    for clip, other in zip(clips, [*texts[1:], texts[0]], strict=True):
        words = hear(clip, other, recogniser)
        assert words is not None and not words.ok, other
        assert words.note


@pytest.mark.shared
def test_half_a_sentence_is_not_the_prompt(
    recogniser: Recogniser, clips: dict[Path, str], tmp_path: Path
) -> None:
    clip, text = max(clips.items(), key=lambda item: len(item[1]))
    recording = decode(clip)
    half = recording.wave[: len(recording.wave) // 2]
    soundfile.write(tmp_path / "half.flac", half, recording.rate)
    words = hear(tmp_path / "half.flac", text, recogniser)
    assert words is not None and not words.ok
