"""A take from the device to its two files and its measures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.recording.samples import read_samples
from engine.recording.take import Analysis, Order, analyse, count_clipped
from tests.unit.engine.recording.conftest import Captured

Voice = Callable[..., NDArray[np.float32]]
RATE = 48_000


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., Order]:
    def make(pcm: Path, **more: object) -> Order:
        values = {"pcm": pcm, "rate": RATE, "text": "你好吗", "pinyin": "nǐ hǎo ma", **more}
        return Order(raw=tmp_path / "t.raw.flac", trimmed=tmp_path / "t.flac", **values)

    return make


@pytest.fixture
def take(voice: Voice, captured: Captured, order: Callable[..., Order]) -> Analysis:
    """One second of speech at -25 dBFS, 0.6 s of noise at -65 dBFS on both sides."""
    return analyse(order(captured(voice(1.0, rate=RATE, level=-25, noise=-65, silence=0.6))))


def test_the_raw_file_is_the_take_bit_for_bit(take: Analysis, tmp_path: Path) -> None:
    raw, rate = soundfile.read(tmp_path / "t.raw.flac", dtype="int32")
    assert rate == RATE
    assert np.array_equal(raw, read_samples(tmp_path / "audio.pcm", RATE))
    assert take.seconds == pytest.approx(2.2)


def test_the_trimmed_file_is_the_part_that_is_told(take: Analysis, tmp_path: Path) -> None:
    raw, _ = soundfile.read(tmp_path / "t.raw.flac", dtype="int32")
    trimmed, rate = soundfile.read(tmp_path / "t.flac", dtype="int32")
    first, last = take.trim
    assert rate == RATE
    assert len(trimmed) == last - first
    assert np.array_equal(trimmed[240:-240], raw[first + 240 : last - 240])
    assert trimmed[0] == 0
    assert first / RATE == pytest.approx(0.6 - 0.15, abs=0.05)
    assert last / RATE == pytest.approx(1.6 + 0.25, abs=0.05)


def test_measures_are_those_of_the_signal(take: Analysis) -> None:
    assert take.speech == pytest.approx((0.6, 1.6), abs=0.05)
    assert take.lead == pytest.approx(0.6, abs=0.05)
    assert take.tail == pytest.approx(0.6, abs=0.05)
    assert take.noise == pytest.approx(-68, abs=1)  # half of a white noise lies above 12 kHz
    assert take.snr == pytest.approx(43, abs=1.5)
    assert take.rate == pytest.approx(3, abs=0.2)
    assert take.clipped == 0
    assert take.hum is None
    assert take.words is None
    assert take.notes == []


def test_the_outline_has_400_columns_and_the_peak(take: Analysis) -> None:
    assert len(take.outline) == 400
    largest = max(max(abs(low), abs(high)) for low, high in take.outline)
    assert 20 * np.log10(largest) == pytest.approx(take.peak, abs=0.1)
    quiet = take.outline[:100]
    assert all(-0.01 < low <= high < 0.01 for low, high in quiet)


def test_the_rooms_noise_stands_in_where_a_take_has_no_pause(
    voice: Voice, captured: Captured, order: Callable[..., Order]
) -> None:
    sounding = voice(1.0, rate=RATE, noise=-65, silence=0.02)
    room = {"noise": -55.0, "hum": None}
    assert analyse(order(captured(sounding), room=room)).noise == -55
    assert analyse(order(captured(sounding))).noise > -40, "soft speech, taken for noise"
    paused = voice(1.0, rate=RATE, noise=-65, silence=0.6)
    assert analyse(order(captured(paused), room=room)).noise == pytest.approx(-68, abs=1)


def test_hum_in_the_pauses_is_heard(
    voice: Voice, captured: Captured, order: Callable[..., Order]
) -> None:
    wave = voice(1.0, rate=RATE, noise=-65, silence=0.8)
    wave += 3e-3 * np.sin(2 * np.pi * 50 * np.arange(len(wave)) / RATE).astype(np.float32)
    take = analyse(order(captured(wave)))
    assert take.hum is not None
    assert "hum" in [note.kind for note in take.notes]


def test_a_clipped_take_says_how_much(
    voice: Voice, captured: Captured, order: Callable[..., Order]
) -> None:
    loud = voice(1.0, rate=RATE, level=-3, noise=-65)
    take = analyse(order(captured(loud)))
    assert take.clipped > 100
    assert take.peak == 0
    assert take.notes[0].kind == "clipped"


@pytest.mark.parametrize("full", [2**23 - 1, -(2**23), 32767 << 8, -32768 << 8])
@pytest.mark.parametrize(("run", "clipped"), [(2, 0), (3, 3), (7, 7)])
def test_only_runs_at_full_scale_are_clipped(full: int, run: int, clipped: int) -> None:
    samples = np.zeros(100, dtype=np.int32)
    samples[:run] = full << 8  # also at the very edge
    samples[50:52] = full << 8
    assert count_clipped(samples) == clipped
    assert count_clipped(samples - np.sign(samples) * (1 << 17)) == 0


def test_a_take_without_speech_is_kept_whole(
    captured: Captured, order: Callable[..., Order]
) -> None:
    noise = 1e-2 * np.random.default_rng(0).standard_normal(2 * RATE)
    take = analyse(order(captured(noise)))
    assert take.trim == (0, 2 * RATE)
    assert take.speech == (0, 0)
    assert take.rate is None
    assert [note.kind for note in take.notes] == ["short"]
    assert [note.kind for note in analyse(order(captured(0 * noise))).notes] == ["quiet"]


@pytest.mark.parametrize("frames", [1, 10, 500])
def test_a_handful_of_samples_is_a_take_too(
    captured: Captured, order: Callable[..., Order], frames: int, tmp_path: Path
) -> None:
    analyse(order(captured(np.full(frames, 0.5))))
    assert soundfile.info(tmp_path / "t.raw.flac").frames == frames


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
def test_other_rates_are_kept(
    voice: Voice, captured: Captured, order: Callable[..., Order], rate: int, tmp_path: Path
) -> None:
    take = analyse(order(captured(voice(1.0, rate=rate, silence=0.5)), rate=rate))
    assert soundfile.info(tmp_path / "t.flac").samplerate == rate
    assert take.speech == pytest.approx((0.5, 1.5), abs=0.05)
    assert take.trim[0] / rate == pytest.approx(0.35, abs=0.05)
