"""Speech as a job and from the warm worker."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.errors import EngineError
from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    save_style,
    save_voice_weights,
)
from engine.synthesis.speaker import Speaker
from engine.worker import synthesize
from engine.worker.serve import KEPT_SPEAKERS, Server
from engine.worker.spoken import KEPT, keep_spoken
from tests.models import BASE_VOICE, TINY
from workspace.files import folder_atomic, write_atomic, write_json
from workspace.layout import Workspace

Run = Callable[..., dict[str, Any]]
TEXT = "今天天气很好。"


def add_voice(workspace: Workspace, name: str, version: str) -> Path:
    """A version of a voice that is the base with a style of its own."""
    base = Base.open(workspace.models / "base")
    destination = workspace.voices / name / version
    with folder_atomic(destination) as folder:
        save_voice_weights(folder / WEIGHTS_FILE, {}, base)
        save_style(folder / STYLE_FILE, torch.randn(2 * TINY.style_dim))
        write_json(folder / CARD_FILE, {"kind": "voice"})
    return destination


@pytest.fixture
def server(workspace: Workspace) -> Server:
    """A server whose workspace names "alice" as the default voice."""
    write_atomic(workspace.config, '[synthesis]\ndefault_voice = "alice"\n')
    add_voice(workspace, "alice", "v1")
    return Server(workspace)


def samples(answer: list[dict[str, Any]]) -> np.ndarray:
    pcm = b"".join(base64.b64decode(line["pcm"]) for line in answer if "pcm" in line)
    return np.frombuffer(pcm, dtype="<i2")


def test_a_text_becomes_a_file(workspace: Workspace, run_job: Run) -> None:
    outputs = run_job(synthesize, "synthesize", "say", text=TEXT * 40 + "★", voice=BASE_VOICE)
    audio, rate = soundfile.read(workspace.root / outputs["audio"])
    assert rate == 24_000
    assert len(audio) / rate == pytest.approx(outputs["seconds"])
    assert np.abs(audio).max() > 0
    assert outputs["real_time_factor"] > 0
    assert any(note.startswith("dropped: ★") for note in outputs["notes"])

    named = run_job(
        synthesize, "synthesize", "named", text=TEXT, voice=BASE_VOICE, output="mine.wav"
    )
    assert (workspace.root / "mine.wav").is_file()
    assert named["audio"] == "mine.wav"


def test_a_voice_that_is_not_there_makes_no_file(workspace: Workspace, run_job: Run) -> None:
    with pytest.raises(EngineError, match="no voice is called 'nobody'"):
        run_job(synthesize, "synthesize", "say", text=TEXT, voice="nobody", output="mine.wav")
    assert not (workspace.root / "mine.wav").exists()


def test_the_server_answers_chunk_by_chunk(server: Server) -> None:
    answer = list(server.answer({"text": TEXT * 40, "voice": BASE_VOICE, "speed": 1.5}))
    *chunks, last = answer
    assert len(chunks) > 1
    assert {chunk["rate"] for chunk in chunks} == {24_000}
    assert last["done"]["seconds"] == len(samples(answer)) / 24_000
    assert last["done"]["phonemes"] > 0


def test_who_compares_hears_all_at_one_loudness(server: Server) -> None:
    quiet, loud = (
        list(server.answer({"text": TEXT, "loudness": level, "keep": level == -30.0}))
        for level in (-30.0, -27.0)
    )
    assert quiet[-1]["done"]["loudness"] == pytest.approx(-30.0, abs=0.1)
    assert loud[-1]["done"]["loudness"] == pytest.approx(-27.0, abs=0.1)
    assert not loud[-1]["done"]["kept"]
    path = server.workspace.root / quiet[-1]["done"]["kept"]
    kept, rate = soundfile.read(path, dtype="int16")
    assert rate == 24_000
    assert np.abs(kept.astype(int) - samples(quiet)).max() <= 1
    as_it_is = list(server.answer({"text": TEXT}))[-1]["done"]
    assert as_it_is["kept"] == ""


def test_only_the_latest_sounds_are_kept(workspace: Workspace) -> None:
    paths = [keep_spoken(workspace, np.full(9, n / 100, np.float32)) for n in range(KEPT + 2)]
    assert not (workspace.root / paths[0]).exists()
    assert len(list(workspace.auditions.iterdir())) == KEPT


def test_a_newer_version_of_the_default_voice_is_heard(server: Server) -> None:
    request = {"text": TEXT}
    before = samples(list(server.answer(request)))
    kept = server.speaker("", "")
    assert server.speaker("alice", "") is kept, "one voice is loaded once"
    add_voice(server.workspace, "alice", "v2")
    after = samples(list(server.answer(request)))
    assert server.speaker("", "") is not kept
    assert before.shape != after.shape or not np.array_equal(before, after)
    older = samples(list(server.answer({**request, "version": "v1"})))
    assert np.array_equal(older, before)


def test_only_the_latest_voices_stay_in_memory(server: Server) -> None:
    names = [f"voice{number}" for number in range(KEPT_SPEAKERS + 1)]
    for name in names:
        add_voice(server.workspace, name, "v1")
    first, *others = [server.speaker(name, "") for name in names]
    assert [server.speaker(name, "") for name in names[1:]] == others
    assert server.speaker(names[0], "") is not first


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"text": TEXT, "voice": "nobody"}, "no voice is called 'nobody'"),
        ({"text": TEXT, "speed": 9}, "speed 9"),
        ({"text": ""}, "the text is empty"),
        ({"voice": "alice"}, "KeyError"),
        ({"text": TEXT, "speed": "quick"}, "ValueError"),
    ],
)
def test_what_goes_wrong_is_the_answer(
    server: Server, request_: dict[str, Any], error: str
) -> None:
    (line,) = server.answer(request_)
    assert error in line["error"]
    assert line["fix"]


def test_a_defect_is_told_and_the_next_is_served(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(Speaker, "_audio", broken)
    (line,) = server.answer({"text": TEXT})
    assert line["error"] == "RuntimeError: shapes do not fit"
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.undo()
    assert "done" in list(server.answer({"text": TEXT}))[-1]


def test_a_lost_gpu_is_told_and_ends_the_worker(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*arguments: object) -> None:
        raise torch.AcceleratorError("an illegal memory access was encountered")

    monkeypatch.setattr(Speaker, "_audio", lost)
    answer = server.answer({"text": TEXT})
    assert "illegal memory access" in next(answer)["error"]
    with pytest.raises(torch.AcceleratorError):
        next(answer)
