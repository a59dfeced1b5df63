"""The `export` job: a voice for onnxruntime, which speaks as it did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from engine.errors import EngineError
from engine.model.base import VOICES_FOLDER, SpeechModel, load_style, save_base, save_style
from engine.model.config import FRAME_SAMPLES, SAMPLE_RATE
from engine.synthesis import onnx_export
from engine.synthesis.acceleration import fold_weight_norm
from engine.synthesis.onnx_export import AUDIO_TOLERANCE, CURVE_TOLERANCE, NEEDED
from engine.synthesis.speaker import load_voice
from engine.text import VOCABULARIES
from engine.worker import export
from tests.models import BASE_VOICE, TINY, TINY_KOKORO, VOCABULARY
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile

VOICES = {"base": BASE_VOICE, "kokoro": "kate"}  # by base
FILES = {"text.onnx", "prosody.onnx", "decoder.onnx", "voice.npy", "voice.json", "speak.py"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Bases of both sizes, "base" and "kokoro", a voice each: "anna" and "kate"."""
    made = Workspace(tmp_path_factory.mktemp("workspace"))
    for name, config in (("base", TINY), ("kokoro", TINY_KOKORO)):
        torch.manual_seed(3)
        model = SpeechModel(config)
        pitch = model.graph.predictor.F0_proj
        assert pitch.bias is not None
        with torch.no_grad():
            if config.voicing_head:
                pitch.bias.copy_(torch.tensor([1.0, 0.1]))  # 200 Hz, voiced more often than not
            else:
                pitch.weight.mul_(50)
                pitch.bias.fill_(60.0)
        save_base(made.models / name, model, "small", VOCABULARY, {"kind": "base"}, half=False)
        style = 0.1 * torch.randn(2 * config.style_dim)
        save_style(made.models / name / VOICES_FOLDER / f"{VOICES[name]}.safetensors", style)
    return made


def export_to(folder: Path, workspace: Workspace, voice: str) -> dict[str, Any]:
    """One attempt of the job "job"."""
    spec = {"voice": voice, "folder": str(folder)}
    job = JobFile(id="job", kind="export", spec=spec, workspace=str(workspace.root), seed=7)
    run_folder = workspace.run("job")
    run_folder.mkdir(parents=True, exist_ok=True)
    events = EventLog(run_folder)
    try:
        return export.run(job, run_folder, events)
    finally:
        events.close()


@pytest.fixture(scope="module", params=["base", "kokoro"])
def base(request: pytest.FixtureRequest) -> str:
    """Name of a base; "base" is of the small model's kind."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def exported(
    workspace: Workspace, base: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """What the job made of the base's voice, and its outputs."""
    for package in NEEDED:
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("out") / "new" / "taken"
    return folder, export_to(folder, workspace, VOICES[base])


@pytest.mark.slow
def test_the_folder_says_what_it_is(
    workspace: Workspace, base: str, exported: tuple[Path, dict[str, Any]]
) -> None:
    folder, outputs = exported
    assert {path.name for path in folder.iterdir()} == FILES
    assert outputs["differences"]["curves"] <= CURVE_TOLERANCE
    assert outputs["differences"]["audio"] <= AUDIO_TOLERANCE
    facts = json.loads((folder / "voice.json").read_text(encoding="utf-8"))
    assert (facts["voice"], facts["base"]["name"]) == (VOICES[base], base)
    assert facts["vocabulary"]["ㄏ"] == VOCABULARIES[VOCABULARY].ids["ㄏ"]
    style = load_style(
        workspace.models / base / VOICES_FOLDER / f"{VOICES[base]}.safetensors", TINY
    )
    assert np.array_equal(np.load(folder / "voice.npy"), style.numpy())
    written = (folder / "voice.json").stat().st_mtime_ns
    assert export_to(folder, workspace, VOICES[base]) == outputs, "as after a death past the rename"
    assert (folder / "voice.json").stat().st_mtime_ns == written


@pytest.mark.slow
def test_it_speaks_without_us(exported: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    sounds = []
    for number, symbols in enumerate(([], ["ㄋㄧ3ㄏㄠ3"])):
        wave = tmp_path / f"{number}.wav"
        # isolated, and from elsewhere: nothing of this repository can be imported
        command = [sys.executable, "-I", exported[0] / "speak.py", wave, *symbols]
        subprocess.run(command, check=True, cwd=tmp_path, env={"PATH": os.environ["PATH"]})
        audio, rate = soundfile.read(wave)
        assert rate == SAMPLE_RATE
        assert len(audio) % FRAME_SAMPLES == 0
        assert np.isfinite(audio).all() and np.abs(audio).max() > 1e-3
        sounds.append(audio)
    assert 0 < len(sounds[1]) < len(sounds[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoiled", "said"),
    [
        ("graph.predictor.duration_proj.linear_layer.bias", "durations differ"),
        ("graph.predictor.N_proj.bias", "onnxruntime differs"),
        ("graph.decoder", "onnxruntime differs"),
    ],
)
def test_what_speaks_otherwise_is_refused(
    workspace: Workspace, base: str, exported: tuple[Path, dict[str, Any]], spoiled: str, said: str
) -> None:
    voice = load_voice(workspace, VOICES[base])
    fold_weight_norm(voice.graph)
    with torch.no_grad():
        for name, parameter in voice.graph.named_parameters(prefix="graph"):
            if name.startswith(spoiled):
                parameter.add_(1.0)
        sentences = [onnx_export._sentence(voice.graph, voice.style, (20, 30, 40, 50, 60))]
    with pytest.raises(EngineError, match=said):
        onnx_export.check(exported[0], onnx_export.parts_of(voice.graph), sentences)


def test_what_is_there_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "voice.json").write_text('{"job": "another"}')
    with pytest.raises(EngineError, match="mine is there already"):
        export_to(folder, workspace, VOICES["base"])
    assert [path.name for path in folder.iterdir()] == ["voice.json"]


def test_a_missing_package_is_named(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "NEEDED", ("json", "no_such_exporter"))
    with pytest.raises(EngineError, match="needs no_such_exporter") as error:
        export_to(tmp_path / "taken", workspace, VOICES["base"])
    assert "yinfang[export]" in error.value.fix
    assert not (tmp_path / "taken").exists()
