"""Playing recordings: what is left to a player of the system, and what is said without one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tui.playback import PLAYERS, PlaybackError, play_recording

DEADLINE = 20.0  # seconds
FLAC = b"fLaC and what follows"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.flac"
    path.write_bytes(FLAC)
    return path


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose programs are the only ones that are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def player(folder: Path, script: str) -> None:
    path = folder / PLAYERS[0][0]
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_an_empty_file_is_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "empty.flac"
    path.touch()
    with pytest.raises(PlaybackError, match="is empty"):
        play_recording(path, threading.Event())


def test_without_a_player_it_says_which_would_do(clip: Path, only: Path) -> None:
    with pytest.raises(PlaybackError, match=r"nothing here plays .flac files: install one of ff"):
        play_recording(clip, threading.Event())


def test_what_is_packed_goes_to_a_player(clip: Path, only: Path, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    player(only, f'for last; do :; done\necho "$last" > {heard}')
    play_recording(clip, threading.Event())
    assert heard.read_text("utf-8").strip() == str(clip)


def test_a_player_that_fails_is_an_error(clip: Path, only: Path) -> None:
    player(only, "echo no such codec >&2\nexit 1")
    with pytest.raises(PlaybackError, match="cannot play"):
        play_recording(clip, threading.Event())


def test_playing_ends_when_it_is_stopped(clip: Path, only: Path) -> None:
    player(only, "exec /bin/sleep 600")
    stopped = threading.Event()
    thread = threading.Thread(target=play_recording, args=(clip, stopped), daemon=True)
    thread.start()
    stopped.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()
