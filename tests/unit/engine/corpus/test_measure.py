"""One recording and its text: what is measured, and why it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.audio.loudness import active_level
from engine.audio.pitch import pitch
from engine.corpus.measure import Measured, Refusal, measure
from engine.corpus.open_corpora import entries
from engine.corpus.settings import PreprocessSettings
from engine.corpus.source import SourceEntry
from engine.text import Frontend

Voice = Callable[..., NDArray[np.float32]]
Record = Callable[..., Path]
TEXT = "今天天气很好"


def _source(path: Path, text: str | None = TEXT, **values: object) -> SourceEntry:
    return SourceEntry(path.stem, "alice", "alice", path, text, **values)  # type: ignore[arg-type]


def test_what_is_measured(record: Record, frontend: Frontend) -> None:
    path = record("a", f0=210.0, level=-35.0, noise=-75.0)
    found = measure(_source(path), frontend)
    assert isinstance(found, Measured)
    item = found.utterance
    assert (item.id, item.speaker, item.source, item.text) == ("a", "alice", "a.wav", TEXT)
    assert [span.hanzi for span in item.syllables] == list(TEXT)
    assert len(item.symbols) == len(item.ids) > 12
    assert len(found.wave) % 600 == 0
    assert len(found.wave) == item.samples == 300 * len(found.f0)
    assert item.seconds == pytest.approx(1.5 + 2 * 0.08, abs=0.06)
    assert active_level(found.wave) == pytest.approx(-23, abs=0.5)
    assert item.level == pytest.approx(-35, abs=1)
    assert item.snr == pytest.approx(40, abs=3)
    assert item.durations == ()
    assert np.median(found.f0[found.f0 > 0]) == pytest.approx(210, rel=0.03)
    assert np.array_equal(found.f0, pitch(found.wave))


def test_pinyin_speaks_for_itself(record: Record, frontend: Frontend) -> None:
    source = _source(record("a", None), None, pinyin=((None, "zi4"),))
    found = measure(source, frontend)
    assert isinstance(found, Measured)
    assert [span.pinyin for span in found.utterance.syllables] == ["zi4"]


def test_what_a_text_loses_is_noted(record: Record, frontend: Frontend) -> None:
    found = measure(_source(record("a"), f"{TEXT}😀"), frontend)
    assert isinstance(found, Measured)
    assert any("😀" in note for note in found.utterance.notes)


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("no text", "has no text"),
        ("emoji only", "😀"),
        ("unknown character", "𠀡"),
        ("silence", "is silent"),
        ("clipped", "is clipped"),
        ("0.1 s", "is too short (0."),
        ("31 s", "is too long (31 s"),
        ("noise", "no speech"),
        ("noisy", "is too noisy"),
        ("little audio", "too short for its text"),
        ("little text", "too long for its text"),
        ("8 bit", None),
        ("96 kHz", None),
        ("7.1", None),
        ("traditional", None),
    ],
)
def test_each_fault_has_its_reason(
    tmp_path: Path, voice: Voice, frontend: Frontend, case: str, reason: str | None
) -> None:
    path = tmp_path / "a.wav"
    wave, rate, subtype, text = voice(1.5), 24_000, "PCM_16", TEXT
    match case:
        case "silence":
            wave = np.zeros(48_000, np.float32)
        case "clipped":
            wave = np.clip(voice(1.5, level=5, silence=0.1), -1, 1)
        case "0.1 s":
            wave = voice(0.1, silence=0)
        case "31 s":
            wave, text = np.tile(voice(3.1, silence=0.0), 10), TEXT * 20
        case "noise":
            wave = np.random.default_rng(0).standard_normal(48_000).astype("f4") * 0.05
        case "noisy":
            wave = voice(1.5, level=-23, noise=-29)
        case "little audio":
            text = TEXT * 5
        case "little text":
            wave, text = voice(6), "好"
        case "8 bit":
            subtype = "PCM_U8"
        case "96 kHz":
            wave, rate = voice(1.5, rate=96_000), 96_000
        case "7.1":
            wave = np.repeat(wave[:, None], 8, axis=1)
        case "traditional":
            text = "今天天氣很好"
        case "unknown character":
            text = "今天𠀡天气很好"
        case "emoji only":
            text = "😀"
    soundfile.write(path, wave, rate, subtype=subtype)
    found = measure(_source(path, None if case == "no text" else text), frontend)
    if reason is None:
        assert isinstance(found, Measured)
        assert len(found.utterance.syllables) == 6
    else:
        assert isinstance(found, Refusal)
        assert reason in found.reason
        assert found.fix
        assert "\n" not in found.reason + found.fix
        assert found.file == "a.wav"


def test_limits_are_settings(record: Record, frontend: Frontend) -> None:
    path = record("a", noise=-50.0)
    assert isinstance(measure(_source(path), frontend), Measured)
    for limits in ({"min_snr": 35.0}, {"max_seconds": 1.0}, {"min_syllable_seconds": 0.5}):
        settings = PreprocessSettings.model_validate(limits)
        assert isinstance(measure(_source(path), frontend, settings), Refusal)


@pytest.mark.shared
def test_the_open_corpora_are_read(shared_dir: Path, frontend: Frontend) -> None:
    listed = list(entries(shared_dir / "data"))
    assert len({entry.id for entry in listed}) == len(listed)
    by_set = {name: [e for e in listed if e.set == name] for name in {e.set for e in listed}}
    assert {name: len(group) for name, group in by_set.items()} == {
        "audio-cmn": 2800 + 1707 - 28, "aishell1": 680, "aishell3": 20, "speechocean762": 1000,
    }  # fmt: skip
    assert len({entry.speaker for entry in listed}) == 2 + 2 + 20 + 250
    for group in by_set.values():
        for entry in group[:: len(group) // 4][:4]:
            found = measure(entry, frontend)
            assert isinstance(found, Measured), found
            assert found.utterance.syllables
