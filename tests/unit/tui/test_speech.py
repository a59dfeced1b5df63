"""Sound that arrives in blocks becomes a whole file or none."""

from __future__ import annotations

import base64
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.speech import NoSoundError, deliver, note_text, pcm_blocks


def events(*blocks: bytes) -> list[dict[str, Any]]:
    pcm = [{"pcm": base64.b64encode(block).decode(), "rate": 24000} for block in blocks]
    return [*pcm, {"done": {"seconds": 1.0, "notes": [{"kind": "dropped", "text": "x"}]}}]


def test_blocks_become_one_file_and_notes_are_kept(tmp_path: Path) -> None:
    summary: dict[str, Any] = {}
    blocks = pcm_blocks(events(b"\1\0" * 2400, b"\2\0" * 1200), summary)
    assert deliver(blocks, tmp_path / "a.wav", play=False) == pytest.approx(0.15)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24000, 1, 2)
        assert file.readframes(9999) == b"\1\0" * 2400 + b"\2\0" * 1200
    assert summary["notes"] == [{"kind": "dropped", "text": "x"}]


def test_no_sound_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(NoSoundError):
        deliver(pcm_blocks(events(), {}), tmp_path / "a.wav", play=False)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_breaks_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")

    def broken() -> Iterator[tuple[bytes, int]]:
        yield b"\0\0", 24000
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        deliver(broken(), path, play=False)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_note_is_one_line() -> None:
    note = {"kind": "dropped", "text": "😀", "reason": "an emoji has no sound"}
    assert note_text(note) == "dropped: 😀 (an emoji has no sound)"
