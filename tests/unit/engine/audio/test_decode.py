"""Every kind of file that users bring, good and bad, made for real."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.audio.decode import AudioError, decode

Voice = Callable[..., NDArray[np.float32]]
RATE = 24_000


@pytest.fixture(scope="module")
def speech(voice: Voice) -> NDArray[np.float32]:
    return voice(1.5)


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.wav", {"subtype": "PCM_U8"}, 0.01),
        ("a.wav", {"subtype": "PCM_16"}, 1e-4),
        ("a.wav", {"subtype": "PCM_24"}, 1e-6),
        ("a.wav", {"subtype": "PCM_32"}, 1e-6),
        ("a.wav", {"subtype": "FLOAT"}, 0.0),
        ("a.wav", {"subtype": "DOUBLE"}, 0.0),
        ("a.flac", {}, 1e-4),
        ("a.aiff", {}, 1e-4),
    ],
)
def test_lossless_formats_come_back_as_they_were(
    tmp_path: Path,
    speech: NDArray[np.float32],
    name: str,
    options: dict[str, str],
    tolerance: float,
) -> None:
    soundfile.write(tmp_path / name, speech, RATE, **options)
    recording = decode(tmp_path / name)
    assert recording.rate == RATE
    assert recording.wave.dtype == np.float32
    assert np.abs(recording.wave - speech).max() <= tolerance
    assert any("8 bits" in note for note in recording.notes) == (options.get("subtype") == "PCM_U8")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.mp3", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    ],
)
def test_lossy_formats_keep_length_and_level(
    tmp_path: Path, speech: NDArray[np.float32], name: str, options: dict[str, str]
) -> None:
    soundfile.write(tmp_path / name, speech, RATE, **options)
    recording = decode(tmp_path / name)
    assert recording.seconds == pytest.approx(len(speech) / RATE, abs=0.1)
    assert recording.wave.std() == pytest.approx(speech.std(), rel=0.1)
    assert recording.notes == ()


@pytest.mark.parametrize("rate", [8_000, 96_000, 192_000])
def test_unusual_rates_are_read(tmp_path: Path, voice: Voice, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", voice(0.5, rate=rate), rate)
    recording = decode(tmp_path / "a.wav")
    assert recording.rate == rate
    assert recording.seconds == pytest.approx(1.1, abs=1e-3)


def test_eight_channels_are_mixed_without_the_empty_ones(
    tmp_path: Path, speech: NDArray[np.float32]
) -> None:
    surround = np.zeros((len(speech), 8), np.float32)
    surround[:, 2] = speech  # the centre
    soundfile.write(tmp_path / "a.wav", surround, RATE, subtype="FLOAT")
    recording = decode(tmp_path / "a.wav")
    assert np.array_equal(recording.wave, speech)
    assert recording.notes == ("8 channels mixed down to one",)


def test_channels_out_of_phase_do_not_cancel(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([speech, -speech], 1), RATE, subtype="FLOAT")
    recording = decode(tmp_path / "a.wav")
    assert np.array_equal(recording.wave, speech)
    assert "out of phase" in recording.notes[0]


@pytest.mark.parametrize("name", ["a.wav", "a.raw", "a", "a.txt"])
def test_the_content_decides_and_not_the_name(
    tmp_path: Path, speech: NDArray[np.float32], name: str
) -> None:
    soundfile.write(tmp_path / "a.flac", speech, RATE)
    path = (tmp_path / "a.flac").rename(tmp_path / name)
    recording = decode(path)
    assert np.abs(recording.wave - speech).max() < 1e-4
    assert "holds FLAC" in recording.notes[0]


def test_clipped_samples_are_counted_at_any_width(tmp_path: Path, voice: Voice) -> None:
    loud = np.clip(voice(1.0, silence=0) * 20, -1, 1)
    share = float((np.abs(loud) >= 0.999).mean())
    assert share > 0.1
    for subtype in ("PCM_U8", "PCM_16", "FLOAT"):
        soundfile.write(tmp_path / "a.wav", loud, RATE, subtype=subtype)
        assert decode(tmp_path / "a.wav").clipped == pytest.approx(share, abs=0.03)
    soundfile.write(tmp_path / "a.wav", voice(1.0), RATE)
    assert decode(tmp_path / "a.wav").clipped == 0


def test_names_with_newlines_and_hanzi_are_read_and_shown_on_one_line(
    tmp_path: Path, speech: NDArray[np.float32]
) -> None:
    path = tmp_path / "你好 \n 1.wav"
    soundfile.write(tmp_path / "a.wav", speech, RATE)
    (tmp_path / "a.wav").rename(path)
    assert decode(path).rate == RATE
    path.write_bytes(b"")
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert str(caught.value).startswith("你好 \\n 1.wav is empty")


def _write(path: Path, speech: NDArray[np.float32], **options: str) -> bytes:
    soundfile.write(path, speech, RATE, **options)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {}),
        ("a.flac", {}),
        ("a.mp3", {}),
        ("a.aiff", {}),
        ("a.ogg", {"format": "OGG", "subtype": "VORBIS"}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
    ],
)
@pytest.mark.parametrize("share", [0.5, 0.96])
def test_a_file_cut_short_is_refused(
    tmp_path: Path, speech: NDArray[np.float32], name: str, options: dict[str, str], share: float
) -> None:
    content = _write(tmp_path / name, speech, **options)
    (tmp_path / name).write_bytes(content[: int(len(content) * share)])
    with pytest.raises(AudioError, match=r"cut short|damaged"):
        decode(tmp_path / name)


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_has_no_length_and_is_whole(
    tmp_path: Path, speech: NDArray[np.float32], length: int
) -> None:
    content = bytearray(_write(tmp_path / "a.wav", speech))
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", length)
    content[4:8] = struct.pack("<I", length)
    (tmp_path / "a.wav").write_bytes(bytes(content))
    if length:
        assert len(decode(tmp_path / "a.wav").wave) == len(speech)
    else:  # libsndfile believes a length of nothing
        with pytest.raises(AudioError, match="no samples"):
            decode(tmp_path / "a.wav")


def _nan(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    damaged = speech.copy()
    damaged[1000:1007] = np.nan
    damaged[1007] = np.inf
    return damaged


BAD = {
    "empty": (b"", "is empty (0 bytes)"),
    "text": ("今天天气很好。\n".encode() * 50, "is damaged, or no audio"),
    "noise of bytes": (bytes(range(256)) * 20, "is damaged, or no audio"),
    "m4a": (b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(500), "MP4/M4A"),
    "webm": (b"\x1aE\xdf\xa3" + bytes(500), "Matroska/WebM"),
    "wma": (b"0&\xb2u\x8ef\xcf\x11" + bytes(500), "WMA"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_sound_file_is_refused(tmp_path: Path, case: str) -> None:
    content, reason = BAD[case]
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(AudioError) as caught:
        decode(tmp_path / "a.wav")
    assert reason in caught.value.message
    assert caught.value.fix
    assert "\n" not in str(caught.value)


def test_samples_that_are_no_numbers_are_counted(
    tmp_path: Path, speech: NDArray[np.float32]
) -> None:
    _write(tmp_path / "a.wav", _nan(speech), subtype="FLOAT")
    with pytest.raises(AudioError, match="8 samples that are not numbers"):
        decode(tmp_path / "a.wav")


def test_forty_minutes_are_refused_without_being_decoded(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 8_000, 1) as file:
        for _ in range(40):
            file.write(np.zeros(60 * 8_000, np.int16))
    with pytest.raises(AudioError, match=r"too long \(40 min\)") as caught:
        decode(tmp_path / "a.flac")
    assert "cut it into sentences" in caught.value.fix


def test_a_file_without_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(AudioError, match="no samples"):
        decode(tmp_path / "a.wav")


def test_a_rate_below_speech_is_refused(tmp_path: Path, speech: NDArray[np.float32]) -> None:
    soundfile.write(tmp_path / "a.wav", speech, 4_000)
    with pytest.raises(AudioError, match="sample rate of 4000 Hz"):
        decode(tmp_path / "a.wav")


def test_missing_and_unreadable_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is missing"):
        decode(tmp_path / "a.wav")
    with pytest.raises(AudioError, match="cannot be read"):
        decode(tmp_path)  # a folder
