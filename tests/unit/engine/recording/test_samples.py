"""Captured samples on the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.audio.decode import AudioError
from engine.errors import MachineError
from engine.recording.samples import as_wave, faded, read_samples, write_flac

EXTREMES = [0, 1, -1, 2**23 - 1, -(2**23), 0x123456, -0x123456]


def test_every_bit_of_24_is_read(tmp_path: Path) -> None:
    path = tmp_path / "audio.pcm"
    path.write_bytes(b"".join(value.to_bytes(3, "little", signed=True) for value in EXTREMES))
    samples = read_samples(path, 48_000)
    assert samples.tolist() == [value << 8 for value in EXTREMES]
    assert as_wave(samples)[4] == -1


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
def test_the_flac_holds_exactly_these_samples(tmp_path: Path, rate: int) -> None:
    noise = np.random.default_rng(0).integers(-(2**23), 2**23, rate).astype(np.int32)
    samples = np.concatenate([EXTREMES, noise]).astype(np.int32) << 8
    write_flac(tmp_path / "take.raw.flac", samples, rate)
    read, found = soundfile.read(tmp_path / "take.raw.flac", dtype="int32")
    assert found == rate
    assert np.array_equal(read, samples)
    assert soundfile.info(tmp_path / "take.raw.flac").subtype == "PCM_24"
    assert [path.name for path in tmp_path.iterdir()] == ["take.raw.flac"]


def test_a_file_that_reads_otherwise_never_appears(tmp_path: Path) -> None:
    lost_by_24_bits = np.array([1, 2, 3], dtype=np.int32)
    with pytest.raises(MachineError, match="reads otherwise"):
        write_flac(tmp_path / "take.flac", lost_by_24_bits, 48_000)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "rate", "error"),
    [
        (b"", 48_000, "no sound has arrived"),
        (b"\0" * 10, 48_000, "within a sample"),
        (b"\0" * 9, 400, "400 Hz"),
    ],
)
def test_what_is_no_take_is_refused(tmp_path: Path, content: bytes, rate: int, error: str) -> None:
    (tmp_path / "audio.pcm").write_bytes(content)
    with pytest.raises(AudioError, match=error) as refused:
        read_samples(tmp_path / "audio.pcm", rate)
    assert refused.value.fix


def test_ends_are_faded_and_the_middle_is_untouched() -> None:
    samples = np.full(4800, -(2**23) << 8, dtype=np.int64).astype(np.int32)
    cut = faded(samples, 48_000)
    assert cut[0] == 0
    assert abs(int(cut[-1])) < 2**31 / 200
    assert np.array_equal(cut[240:-240], samples[240:-240])
    assert not (cut & 0xFF).any()
    assert np.abs(np.diff(cut.astype(np.int64))).max() < 2**31 / 200
    assert faded(samples[:1], 48_000).shape == (1,)
