"""Where speech begins and ends, in made-up and in real takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.audio.decode import decode
from engine.audio.loudness import active_level
from engine.audio.resample import resample, without_rumble
from engine.evaluation.recognise import Recogniser
from engine.evaluation.syllables import toneless_syllables
from engine.recording.ends import AFTER, BEFORE, find_speech, with_margins

Voice = Callable[..., NDArray[np.float32]]
RATE = 24_000

# sentences that begin or end softly (sh, sh, w, q, x; nasal endings, a breathy last syllable)
SOFT = ("W0001", "W0025", "W0211", "W0310", "W0336", "W0392", "W0009", "W0115")


@pytest.mark.parametrize("level", [-45.0, -23.0])
@pytest.mark.parametrize("silence", [0.1, 0.5, 3.0])
def test_speech_is_found_at_any_level(voice: Voice, level: float, silence: float) -> None:
    found = find_speech(voice(1.0, level=level, noise=level - 30, silence=silence))
    assert found is not None
    assert found[0] / RATE == pytest.approx(silence, abs=0.05)
    assert found[1] / RATE == pytest.approx(silence + 1, abs=0.05)


def test_knocks_and_hiss_beside_the_speech_are_left_out(voice: Voice) -> None:
    wave = voice(1.0, silence=2.0)
    generator = np.random.default_rng(0)
    for at in (0.5, 4.2):  # 80 ms each, as loud as the speech
        knock = slice(round(at * RATE), round((at + 0.08) * RATE))
        wave[knock] += 0.1 * generator.standard_normal(round(0.08 * RATE)).astype(np.float32)
    found = find_speech(wave)
    assert found is not None
    assert found[0] / RATE == pytest.approx(2, abs=0.05)
    assert found[1] / RATE == pytest.approx(3, abs=0.05)


def test_a_pause_between_two_sentences_is_inside(voice: Voice) -> None:
    pause = np.zeros(2 * RATE, np.float32)
    found = find_speech(np.concatenate([voice(1.0, silence=0.5), pause, voice(1.0, silence=0.5)]))
    assert found is not None
    assert found[0] / RATE == pytest.approx(0.5, abs=0.05)
    assert found[1] / RATE == pytest.approx(5.5, abs=0.05)


def test_nobody_speaks() -> None:
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    assert find_speech(0.05 * noise) is None
    assert find_speech(1e-5 * noise) is None
    assert find_speech(np.zeros(2 * RATE, np.float32)) is None


def test_margins_stay_inside_the_recording() -> None:
    assert with_margins((RATE, 2 * RATE), 3 * RATE) == (
        RATE - round(BEFORE * RATE),
        2 * RATE + round(AFTER * RATE),
    )
    assert with_margins((100, 2 * RATE), 2 * RATE + 100) == (0, 2 * RATE + 100)


@pytest.mark.shared
@pytest.mark.parametrize("name", SOFT)
@pytest.mark.parametrize("colour", ["white", "room"])
def test_real_speech_survives_whole_at_20_db(shared_dir: Path, name: str, colour: str) -> None:
    pytest.importorskip("pocketsphinx", reason="needs the evaluation extra")
    clip = shared_dir / f"data/aishell1/S0150/BAC009S0150{name}.flac"
    text = clip.with_suffix(".txt").read_text("utf-8-sig").strip()
    clean = without_rumble(resample(decode(clip).wave, 16_000))
    # the truth is the aligner's, on the clean clip: it errs by about 0.02 s
    aligned = Recogniser(shared_dir / "models").align(clean, toneless_syllables(text))
    lead, tail = round(1.3 * RATE), round(0.9 * RATE)
    noise = coloured(lead + len(clean) + tail, colour)
    noise *= 10 ** ((active_level(clean) - 20) / 20) / noise.std()
    found = find_speech(np.pad(clean, (lead, tail)) + noise)
    assert found is not None
    first, last = with_margins(found, len(noise))
    begins, ends = lead + aligned[0].start * RATE, lead + aligned[-1].end * RATE
    assert begins - 0.7 * RATE < first < begins
    assert ends < last < ends + 0.7 * RATE


def coloured(samples: int, colour: str) -> NDArray[np.float32]:
    """Noise as of electronics (white), or as of a room, 3 dB less each octave above 50 Hz."""
    noise = np.random.default_rng(samples).standard_normal(samples)
    spectrum = np.fft.rfft(noise)
    if colour == "room":
        spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(samples, 1 / RATE), 50))
    return np.fft.irfft(spectrum, samples).astype(np.float32)
