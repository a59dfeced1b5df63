from __future__ import annotations

import dataclasses
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.resample import resample
from engine.evaluation import (
    UNITS,
    Ears,
    Evaluation,
    EvaluationError,
    Pair,
    Recogniser,
    closed_sets,
    evaluate,
)

SEMITONE = 2 ** (1 / 12)


def vowel(f0: float, seconds: float = 1.5) -> NDArray[np.float32]:
    """Harmonics under the formants of an open vowel: a pitch tracker takes it for a voice."""
    time = np.arange(int(24_000 * seconds)) / 24_000
    wave = np.zeros_like(time)
    for k in range(1, int(5_000 / f0)):
        formants = sum(np.exp(-(((k * f0 - centre) / 150) ** 2)) for centre in (800, 1200, 2600))
        wave += (0.02 + formants) * np.cos(2 * np.pi * k * f0 * time)
    return np.asarray(0.1 * wave / np.abs(wave).max(), dtype=np.float32)


def pair(name: str = "one", synthesised: NDArray[np.float32] | None = None) -> Pair:
    return Pair(
        name=name,
        text="你好",
        reference=vowel(200),
        synthesised=vowel(200) if synthesised is None else synthesised,
        reference_durations=np.array([0.5, 1.0]),
        synthesised_durations=np.array([0.45, 1.01]),
    )


def test_a_perfect_copy_has_no_error_but_in_its_durations() -> None:
    found = evaluate([pair()], kind="copy")
    assert found.measures["mcd"].mean == 0
    assert found.measures["f0_rmse"].mean == 0
    assert found.measures["voicing_error"].mean == 0
    assert found.measures["duration_mae"].mean == pytest.approx(30)
    assert not found.skipped


@pytest.mark.parametrize("kind", ["copy", "full"])
def test_a_voice_two_semitones_up(kind: str) -> None:
    found = evaluate([pair(synthesised=vowel(200 * SEMITONE**2))], kind=kind)  # type: ignore[arg-type]
    assert found.kind == kind
    assert found.measures["f0_rmse"].mean == pytest.approx(2, abs=0.1)


def test_what_cannot_be_measured_is_said() -> None:
    pairs = [pair("good"), pair("mute", np.zeros(36_000, np.float32))]
    found = evaluate(pairs)
    assert found.utterances == 2
    assert found.measures["mcd"].count == 1
    assert found.measures["duration_mae"].count == 2
    assert {(entry.utterance, entry.measure) for entry in found.skipped} == {
        ("mute", "mcd"), ("mute", "f0_rmse"), ("mute", "voicing_error"),
    }  # fmt: skip
    assert all("silent" in entry.reason for entry in found.skipped)


def test_refuses_broken_recordings_and_samples() -> None:
    with pytest.raises(EvaluationError, match="hold some out"):
        evaluate([])
    with pytest.raises(EvaluationError, match="recording one: the audio is silent"):
        evaluate([dataclasses.replace(pair(), reference=np.zeros(9000, np.float32))])
    with pytest.raises(EvaluationError, match="one holds samples that are not numbers"):
        evaluate([pair(synthesised=np.full(9000, np.nan, np.float32))])


def test_json_keeps_everything() -> None:
    found = evaluate([pair("a", vowel(230)), pair("ü", np.zeros(9000, np.float32))])
    assert Evaluation.from_json(found.to_json()) == found
    assert set(found.measures) <= set(UNITS)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measures": {"mcd": 3}, "skipped": []}'])
def test_foreign_json_is_refused(text: str) -> None:
    with pytest.raises(EvaluationError, match="not an evaluation"):
        Evaluation.from_json(text)


def sentences(*numbers: int) -> list[tuple[str, ...]]:
    return [("ni", str(number)) for number in numbers]


def test_closed_set_holds_each_sound_once() -> None:
    own = sentences(1, 2, 1)
    ((members, candidates),) = closed_sets(own, sentences(2, 3, 4, 5), choices=4)
    assert list(members) == [0, 1, 2]
    assert candidates == sentences(1, 2, 3, 4)


def test_large_sets_are_heard_in_groups_that_hold_their_own_sentences() -> None:
    texts = sentences(*range(25))
    groups = list(closed_sets(texts, [], choices=10))
    assert [i for members, _ in groups for i in members] == list(range(25))
    for members, candidates in groups:
        assert len(candidates) == len(set(candidates)) == 10
        assert {texts[i] for i in members} <= set(candidates)


def test_closed_set_needs_enough_sentences() -> None:
    with pytest.raises(EvaluationError, match="closed set of 5 sentences has 3"):
        list(closed_sets(sentences(1, 2), sentences(2, 3), choices=5))


@pytest.mark.shared
def test_ears_tell_speech_from_noise(shared_dir: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="needs the evaluation extra")
    files = sorted((shared_dir / "data/aishell1/S0150").glob("*W02*.flac"))
    noise = np.random.default_rng(0).normal(0, 0.05, 24_000).astype(np.float32)
    pairs = []
    for path, made in zip(islice(files, 2), (None, noise), strict=True):
        recording = decode(path)
        wave = resample(recording.wave, recording.rate)
        text = path.with_suffix(".txt").read_text("utf-8-sig").strip()
        speech = wave if made is None else made
        pairs.append(Pair(name=path.stem, text=text, reference=wave, synthesised=speech))
    ears = Ears(
        recogniser=Recogniser(shared_dir / "models"),
        distractors=["今天天气很好", "我们去公园散步", "请打开窗户"],
        choices=5,
    )
    measures = evaluate(pairs, ears=ears).measures
    assert measures["identified"].mean == 0.5
    assert measures["real_identified"].mean == 1
    assert measures["syllable_error"].mean > measures["real_syllable_error"].mean
