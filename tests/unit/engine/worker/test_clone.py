"""The `clone` job, from recordings to a voice that speaks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.corpus.packed import PackedCorpus
from engine.errors import EngineError
from engine.evaluation.errors import EvaluationError
from engine.model.base import STYLE_FILE, WEIGHTS_FILE, Base, load_style, read_card
from engine.model.weights import read_weights
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.worker import clone
from engine.worker.stop import JobCancelledError
from tests.models import TINY
from workspace.layout import Workspace
from workspace.prepared import REFERENCE_FOLDER
from workspace.run import EventLog, JobFile, read_events

RATE = 24_000
SHORT = "今天天气很好"
LONG = "今天天气很好，我们去公园散步，他在北京工作，这本书很有意思，你明天来不来"
FEW = {
    "steps": 2, "batch_size": 2, "crop_frames": 6, "checkpoint_every": 1, "warmup_steps": 0,
    "processes": 1,
    "threads": 1, "preview": "你好。", "shortest_seconds": 1.0, "piece_seconds": 4.0,
    "measured_pieces": 1,
}  # fmt: skip
# an aligner with random weights believes in nothing
FILTER = ("enter.weight", "widen.weight", "narrow.weight", "head.weight")
CONFIG = {"aligner": {"adaptation_steps": 2}, "preprocess": {"min_alignment_score": -20.0}}

Run = Callable[..., dict[str, Any]]
Record = Callable[[str, str], dict[str, Any]]


class Speechless:
    """A speaker encoder that is not installed."""

    def __init__(self) -> None:
        raise EvaluationError("voiceprints need Resemblyzer", "pip install it")


@pytest.fixture
def reference(tmp_path: Path) -> Record:
    """`reference(name, text)`: a recording of so many characters, as in the job's spec."""

    def record(name: str, text: str) -> dict[str, Any]:
        path = tmp_path / "takes" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, _spoken(text), RATE)
        return {"audio": str(path), "text": text, "pinyin": None}

    return record


def _spoken(text: str) -> np.ndarray:
    """Harmonics that open and close for every character, and are silent for every comma."""
    t = np.arange(round(0.25 * len(text) * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(np.full(len(t), 190.0)) / RATE
    wave = sum(np.sin(k * phase) * np.exp(-(((k * 190 - 700) / 900) ** 2)) for k in range(1, 25))
    sounding = np.array([char != "，" for char in text])[(t / 0.25).astype(int)]
    wave = wave * (0.3 + 0.7 * np.abs(np.sin(np.pi * t / 0.25))) * sounding
    silence = np.zeros(RATE // 3)
    whole = np.concatenate([silence, 0.1 * wave / wave.std(), silence])
    return whole + 1e-4 * np.random.default_rng(len(text)).standard_normal(len(whole))


@pytest.fixture
def run_clone(workspace: Workspace) -> Run:
    """`run_clone(id, /, **spec)`: one attempt of the job; its outputs."""

    def run(id_: str, /, **spec: Any) -> dict[str, Any]:
        folder = workspace.run(id_)
        folder.mkdir(parents=True, exist_ok=True)
        job = JobFile(
            id=id_, kind="clone", spec=spec, workspace=str(workspace.root), config=CONFIG, seed=7
        )
        job.write(folder)
        events = EventLog(folder)
        try:
            return clone.run(job, folder, events)
        finally:
            events.close()

    return run


@pytest.fixture(autouse=True)
def without_ears(monkeypatch: pytest.MonkeyPatch) -> None:
    """No speaker encoder: it is optional, and takes seconds to load."""
    monkeypatch.setattr(clone, "SpeakerEncoder", Speechless)


def _spec(*references: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "voice": "ming", "version": "1", "references": list(references),
        "settings": {**FEW, **settings},
    }  # fmt: skip


def test_a_clone_speaks_and_says_what_it_is(
    workspace: Workspace, run_clone: Run, reference: Record
) -> None:
    files = [reference("one", SHORT), reference("two", LONG)]
    outputs = run_clone("job", **_spec(*files))
    folder = workspace.voices / "ming" / "1"
    assert outputs["voice"] == "voices/ming/1"

    base = Base.open(workspace.models / "base")
    changed, header = read_weights(folder / WEIGHTS_FILE)
    assert header["base_sha256"] == base.hash
    assert changed
    assert all(name.endswith((".fc.bias", "head.bias", *FILTER)) for name in changed)
    assert load_style(folder / STYLE_FILE, TINY).shape == (1, 1, 16)

    card = read_card(folder)
    assert card["method"] == "clone"
    assert card["started_from"] == clone.ENCODER
    assert set(card["trained"]) == {"style", "gains", "envelope", "filter"}
    told = card["data"]["reference"]
    assert [(item["file"], item["text"]) for item in told] == [
        ("one.wav", SHORT),
        ("two.wav", LONG),
    ]
    assert told[0]["sha256"] == hashlib.sha256(Path(files[0]["audio"]).read_bytes()).hexdigest()
    assert card["settings"]["steps"] == 2
    assert card["measures"]["speaker_cosine"] == clone.NOT_MEASURED
    assert card["measures"]["full_mcd"] > 0
    assert (folder / "previews" / "training.wav").stat().st_size > 44

    speaker = load_speaker(workspace, "ming", SynthesisSettings())
    assert np.isfinite(speaker.whole("你好")).all()
    assert run_clone("job", **_spec(*files)) == outputs


def test_a_long_recording_is_cut_into_pieces(
    workspace: Workspace, run_clone: Run, reference: Record
) -> None:
    run_clone("job", **_spec(reference("one", LONG)))
    corpus = PackedCorpus(workspace.run("job") / REFERENCE_FOLDER)
    assert len(corpus) > 1
    assert sum(len(u.syllables) for u in corpus.utterances) == len(LONG.replace("，", ""))
    longest = TINY.plbert.max_position_embeddings
    assert all(u.durations and len(u.ids) + 2 <= longest for u in corpus.utterances)


def test_the_style_alone_leaves_every_weight_as_it_was(
    workspace: Workspace, run_clone: Run, reference: Record
) -> None:
    spec = _spec(reference("one", LONG), fit_small=["style"])
    outputs = run_clone("job", **spec)
    assert read_weights(workspace.root / outputs["voice"] / WEIGHTS_FILE)[0] == {}


def test_a_cancelled_clone_goes_on_where_it_was(
    workspace: Workspace,
    run_clone: Run,
    reference: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = _spec(reference("one", LONG), steps=4, patience=9)
    whole = run_clone("whole", **{**spec, "version": "whole"})
    asked = iter([False, False, True])
    monkeypatch.setattr("engine.worker.training.stop_requested", lambda: next(asked))
    with pytest.raises(JobCancelledError):
        run_clone("job", **spec)
    monkeypatch.undo()
    monkeypatch.setattr(clone, "SpeakerEncoder", Speechless)
    Path(spec["references"][0]["audio"]).write_bytes(Path(__file__).read_bytes())  # not read again
    resumed = run_clone("job", **spec)
    styles = [
        load_style(workspace.root / outputs["voice"] / STYLE_FILE, TINY)
        for outputs in (whole, resumed)
    ]
    assert torch.equal(*styles)
    kinds = [event["type"] for _, event in read_events(workspace.run("job") / "events.jsonl")]
    assert "resume" in kinds


@pytest.mark.parametrize(
    ("settings", "text", "message"),
    [
        ({"shortest_seconds": 5.0}, SHORT, "cloning takes at least 5 s"),
        ({"longest_seconds": 3.0}, LONG, "is too long"),
        ({}, LONG * 5, "too short for its text"),
        ({}, "!?", "nothing"),
    ],
)
def test_a_reference_that_cannot_be_used_is_refused_with_the_reason(
    workspace: Workspace,
    run_clone: Run,
    reference: Record,
    settings: dict[str, Any],
    text: str,
    message: str,
) -> None:
    file = {**reference("one", LONG if len(text) > 10 else SHORT), "text": text}
    with pytest.raises(EngineError, match=message):
        run_clone("job", **_spec(file, **settings))
    assert not (workspace.voices / "ming").exists()


def test_recordings_beyond_a_minute_are_left_out_and_said_to_be(
    workspace: Workspace, run_clone: Run, reference: Record
) -> None:
    files = [reference("one", SHORT), reference("two", SHORT + "吗"), reference("three", SHORT)]
    spec = _spec(*files, longest_seconds=4.5)
    run_clone("job", **spec)
    assert len(PackedCorpus(workspace.run("job") / REFERENCE_FOLDER)) == 2
    events = [event for _, event in read_events(workspace.run("job") / "events.jsonl")]
    notes = [event["text"] for event in events if event["type"] == "note"]
    assert any(note.startswith("1 recordings are left out") for note in notes)


def test_without_a_style_encoder_the_nearest_voice_is_the_start(
    workspace: Workspace,
    run_clone: Run,
    reference: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Base, "has_style_encoder", False)
    run_clone("job", **_spec(reference("one", LONG)))
    assert read_card(workspace.voices / "ming" / "1")["started_from"] == "anna"


@pytest.mark.optional
def test_likeness_is_measured_where_the_encoder_is(
    voice: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("resemblyzer", exc_type=ImportError)
    monkeypatch.undo()
    own, other = voice(4.0, f0=210.0), voice(4.0, f0=95.0)
    pieces = SimpleNamespace(
        recordings=[SimpleNamespace(wave=own), SimpleNamespace(wave=own[:60_000])]
    )
    same = clone.resemblance(SimpleNamespace(whole=lambda text: own), pieces)
    far = clone.resemblance(SimpleNamespace(whole=lambda text: other), pieces)
    assert same["real_to_real"] == far["real_to_real"] > 0.8
    assert same["speaker_cosine"] > 0.9
    assert far["speaker_cosine"] < same["speaker_cosine"] - 0.05
    silent = SimpleNamespace(whole=lambda text: np.zeros(RATE, np.float32))
    assert clone.resemblance(silent, pieces)["speaker_cosine"].startswith("not measured")
