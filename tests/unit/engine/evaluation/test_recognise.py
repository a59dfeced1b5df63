from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.evaluation import EvaluationError, Recogniser, error_rate, toneless_syllables
from engine.evaluation.recognise import LanguageModel, pcm

RATE = 16_000  # Hz, of the recordings
Spoken = tuple[NDArray[np.float32], tuple[str, ...]]

NAMES = ("W0001", "W0202", "W0211", "W0219")


def test_audio_is_brought_to_what_the_models_know() -> None:
    second = 0.01 * np.sin(2 * np.pi * 200 * np.arange(24_000) / 24_000).astype(np.float32)
    samples = np.frombuffer(pcm(second, 24_000), dtype=np.int16)
    assert len(samples) == 8_000
    assert np.abs(samples).max() == pytest.approx(0.6 * 32767, rel=0.01)


def test_silence_stays_silent() -> None:
    assert not np.frombuffer(pcm(np.zeros(2400, np.float32), 24_000), dtype=np.int16).any()


def test_names_the_file_of_the_models_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="ptm_5000 is missing"):
        Recogniser(tmp_path)


@pytest.fixture(scope="module")
def recogniser(shared_dir: Path) -> Recogniser:
    pytest.importorskip("pocketsphinx", reason="needs the evaluation extra")
    return Recogniser(shared_dir / "models")


@pytest.fixture(scope="module")
def spoken(shared_dir: Path) -> list[Spoken]:
    folder = shared_dir / "data/aishell1/S0150"
    return [
        (
            decode(folder / f"BAC009S0150{name}.flac").wave,
            toneless_syllables((folder / f"BAC009S0150{name}.txt").read_text("utf-8-sig")),
        )
        for name in NAMES
    ]


@pytest.mark.shared
@pytest.mark.parametrize("language_model", ["words", "syllables"])
def test_hears_half_of_real_speech(
    recogniser: Recogniser, spoken: list[Spoken], language_model: LanguageModel
) -> None:
    for wave, syllables in spoken[:2]:
        assert error_rate(syllables, recogniser.transcribe(wave, RATE, language_model)) < 0.7


@pytest.mark.shared
def test_does_not_remember_what_it_heard_before(
    recogniser: Recogniser, spoken: list[Spoken]
) -> None:
    (first, _), (second, _) = spoken[:2]
    alone = recogniser.transcribe(first, RATE)
    assert recogniser.transcribe(second, RATE) != alone
    assert recogniser.transcribe(first, RATE) == alone


@pytest.mark.shared
def test_picks_the_sentence_that_was_spoken(recogniser: Recogniser, spoken: list[Spoken]) -> None:
    candidates = [syllables for _, syllables in spoken]
    assert [recogniser.identify(wave, candidates, RATE) for wave, _ in spoken] == [0, 1, 2, 3]
    backwards = candidates[::-1]
    assert [recogniser.identify(wave, backwards, RATE) for wave, _ in spoken] == [3, 2, 1, 0]


@pytest.mark.shared
def test_hears_no_sentence_in_silence(recogniser: Recogniser, spoken: list[Spoken]) -> None:
    silence = np.zeros(RATE, np.float32)
    assert recogniser.transcribe(silence, RATE) == ()
    assert recogniser.identify(silence, [syllables for _, syllables in spoken], RATE) is None
    with pytest.raises(EvaluationError, match="does not fit"):
        recogniser.align(silence, spoken[0][1], RATE)


@pytest.mark.shared
def test_candidates_must_differ_in_sound(recogniser: Recogniser, spoken: list[Spoken]) -> None:
    alike = [toneless_syllables("同事"), toneless_syllables("通识"), toneless_syllables("痛失")]
    with pytest.raises(EvaluationError, match="candidate 1"):
        recogniser.identify(spoken[0][0], alike, RATE)


@pytest.mark.shared
def test_pronounces_syllables_that_the_dictionary_lacks(
    recogniser: Recogniser, spoken: list[Spoken]
) -> None:
    wave, syllables = spoken[0]
    assert recogniser.identify(wave, [("rua", "lo", "dia"), syllables], RATE) == 1
    with pytest.raises(EvaluationError, match="cannot pronounce 'bvx'"):
        recogniser.identify(wave, [("bvx",), syllables], RATE)


@pytest.mark.shared
def test_alignment_lies_where_the_speech_is(recogniser: Recogniser, spoken: list[Spoken]) -> None:
    wave, syllables = spoken[1]
    pause = np.zeros(RATE // 2, np.float32)
    plain = recogniser.align(wave, syllables, RATE)
    assert tuple(entry.syllable for entry in plain) == syllables
    times = [time for entry in plain for time in (entry.start, entry.end)]
    assert times == sorted(times)
    assert times[0] > 0
    assert times[-1] < len(wave) / RATE
    # half a second of silence before it moves all of it by as much
    delayed = recogniser.align(np.append(pause, wave), syllables, RATE)
    moved = [after.start - before.start for before, after in zip(plain, delayed, strict=True)]
    assert np.median(moved) == pytest.approx(0.5, abs=0.011)
