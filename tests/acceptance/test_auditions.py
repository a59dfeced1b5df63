"""Recordings are heard and drawn beside each other by a real daemon and its worker."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import (
    BadRequestError,
    LikenessFailedError,
    NotFoundError,
    RecordingFailedError,
)
from tests.acceptance.running import RunningDaemon
from tests.recordings import record


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[RunningDaemon]:
    running = RunningDaemon(tmp_path / "workspace")
    record(running.workspace.datasets / "alice/a.wav", "今天天气很好")
    yield running.up()
    running.end()


def test_a_recording_is_heard_at_the_level_and_drawn(daemon: RunningDaemon) -> None:
    with daemon.client() as client:
        *sound, done = list(client.stream("auditions.clip", path="datasets/alice/a.wav"))
        pieces = [len(base64.b64decode(piece["pcm"])) for piece in sound]
        assert sum(pieces) > sound[0]["rate"]
        assert all(size == 2 * sound[0]["rate"] for size in pieces[:-1])  # a second each
        assert done["done"]["loudness"] == pytest.approx(-23.0, abs=0.2)
        drawn = client.call("auditions.draw", paths=["datasets/alice/a.wav"] * 2, width=30)
        one, other = drawn["pictures"]
        assert one == other
        assert len(one["outline"]) == len(one["mel"]) == len(one["f0"]) == 30


def test_words_need_a_recogniser(daemon: RunningDaemon) -> None:
    with pytest.raises(RecordingFailedError, match="ecognise"):
        daemon.call("auditions.words", path="datasets/alice/a.wav", text="今天天气很好")


def test_whoever_is_compared_with_nobody_is_told_why(daemon: RunningDaemon) -> None:
    with daemon.client() as client:

        def told(path: str = "datasets/alice/a.wav", **whose: Any) -> Any:
            return client.call("auditions.likeness", path=path, **whose)

        assert "base" in told(voice="yue")["why"]
        assert "gone" in told(recording={"prepared": "v1", "utterance": "a"})["why"]
        job = daemon.wait_state(daemon.submit("synthesize"), "succeeded")["id"]
        assert "base" in told(checkpoint={"job": job, "name": "best"})["why"]
        with pytest.raises(LikenessFailedError, match="no voice is called 'nobody'"):
            told(voice="nobody")
        for whose in ({}, {"voice": "yue", "checkpoint": {"job": job}}):
            with pytest.raises(BadRequestError, match="whose it is"):
                told(**whose)
        with pytest.raises(BadRequestError, match="both texts"):
            told(recording={"prepared": 1})
        with pytest.raises(NotFoundError):
            told(path="datasets/alice/none.wav", voice="yue")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("jobs.db", BadRequestError),
        ("datasets/../jobs.db", BadRequestError),
        (".yinfang/daemon.log", BadRequestError),
        (".yinfang/auditions/../daemon.log", BadRequestError),
        ("datasets/alice/none.wav", NotFoundError),
        ("datasets/alice/a.txt", RecordingFailedError),
    ],
)
def test_what_is_no_recording_is_refused(
    daemon: RunningDaemon, path: str, error: type[Exception]
) -> None:
    with daemon.client() as client, pytest.raises(error):
        client.call("auditions.draw", paths=[path], width=30)


def test_sentences_are_kept(daemon: RunningDaemon) -> None:
    assert daemon.call("auditions.sentences") == {"sentences": []}
    kept = daemon.call("auditions.keep_sentences", sentences=["你好。"])
    assert kept == daemon.call("auditions.sentences") == {"sentences": ["你好。"]}
    with pytest.raises(BadRequestError, match="nothing in it"):
        daemon.call("auditions.keep_sentences", sentences=[" "])
