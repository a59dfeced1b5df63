"""Whether a base fits, said tensor by tensor; and published voices that become voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.base import MODEL_FILE, load_style, read_card
from engine.model.published import load_voice
from engine.model.weights import save_weights
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.worker import check, fetch, import_voice
from tests.models import TINY_KOKORO
from tests.published import VOICES, WEIGHTS, digest, write_repository
from tests.unit.engine.worker.conftest import Run
from workspace.layout import Workspace


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write_repository(folder)
    return folder


@pytest.fixture
def fetched(run_job: Run, repository: Path) -> str:
    """The name of a base made from the repository."""
    run_job(fetch, "fetch", "fetched", name="tiny", pinned=False, **{"from": str(repository)})
    return "tiny"


def test_a_sound_base_fits(workspace: Workspace, run_job: Run, fetched: str) -> None:
    report = run_job(check, "check", "job", base=fetched)
    assert report["fits"] and not report["problem"]
    assert (report["voices"], report["vocabulary"], report["aligner"]) == (2, "v1.1-zh", True)
    assert report["used"] > 300
    assert all(name.startswith("style_encoder.") for name in report["absent"])
    by_path = run_job(check, "check", "path", path=str(workspace.models / fetched))
    assert by_path == report


def test_published_files_are_accounted_for(run_job: Run, repository: Path) -> None:
    weights = repository / WEIGHTS
    report = run_job(check, "check", "job", path=str(weights))
    assert report["fits"] and report["sha256"] == digest(weights)
    assert report["published_as"] is None
    assert report["absent"] and all(".norm" in name for name in report["absent"])

    parts = torch.load(weights, weights_only=True)
    parts["bert"]["surprise"] = torch.zeros(1)
    parts["bert_encoder"]["module.bias"] = parts["bert_encoder"]["module.bias"].int()
    del parts["decoder"]["module.generator.conv_post.bias"]
    torch.save(parts, weights)
    report = run_job(check, "check", "again", path=str(weights))
    assert not report["fits"]
    assert report["missing"] == ["decoder.generator.conv_post.bias"]
    assert report["unexpected"] == ["bert.surprise"]
    assert report["mistyped"] == ["bert_encoder.bias is int32, must be float32"]

    weights.write_bytes(b"")
    report = run_job(check, "check", "third", path=str(weights))
    assert not report["fits"] and "is empty" in report["problem"] and report["fix"]


def test_a_damaged_base_does_not_fit(workspace: Workspace, run_job: Run, fetched: str) -> None:
    folder = workspace.models / fetched
    voice = folder / "voices" / "anna.safetensors"
    save_weights(voice, {"style": torch.zeros(1, 1, 4)}, {})
    report = run_job(check, "check", "job", base=fetched)
    assert not report["fits"] and "anna" in report["problem"]

    content = bytearray((folder / MODEL_FILE).read_bytes())
    content[-3] ^= 1
    (folder / MODEL_FILE).write_bytes(content)
    assert "damaged" in run_job(check, "check", "again", base=fetched)["problem"]
    missing = run_job(check, "check", "third", base="kokoro-v1.1-zh")
    assert not missing["fits"]
    assert "yinfang models fetch kokoro-v1.1-zh" in missing["fix"]


@pytest.mark.parametrize("suffix", [".pt", ".bin"])
def test_a_published_voice_speaks(
    workspace: Workspace, run_job: Run, repository: Path, fetched: str, suffix: str
) -> None:
    file = repository / "voices" / f"{VOICES[0]}.pt"
    style = load_voice(file, TINY_KOKORO.style_dim)
    if suffix == ".bin":
        file = file.with_suffix(".bin")
        file.write_bytes(style.numpy().tobytes())
    spec = {"voice": "安娜", "file": str(file), "base": fetched}
    outputs = run_job(import_voice, "import_voice", "job", **spec)
    folder = workspace.root / outputs["voice"]
    assert folder.parent == workspace.voices / "安娜" and folder.name == digest(file)[:16]
    assert torch.equal(load_style(folder / "voice.safetensors", TINY_KOKORO)[:, 0], style)
    assert read_card(folder)["source"] == {"file": file.name, "sha256": digest(file)}
    speaker = load_speaker(workspace, "安娜", SynthesisSettings())
    assert torch.equal(speaker.style[:, 0], style)
    assert np.isfinite(speaker.whole("你好。")).all()
    assert run_job(import_voice, "import_voice", "again", **spec) == outputs


def test_voices_that_cannot_be_imported(run_job: Run, repository: Path, fetched: str) -> None:
    file = str(repository / "voices" / "anna.pt")
    with pytest.raises(EngineError, match=r"not \[510, 1, 128\]"):
        run_job(import_voice, "import_voice", "job", voice="a", file=file, base="small")
    with pytest.raises(EngineError, match="no base is called") as error:
        run_job(import_voice, "import_voice", "job", voice="a", file=file, base="kokoro-v1.0")
    assert "yinfang models fetch kokoro-v1.0" in error.value.fix
    with pytest.raises(EngineError, match="cannot be a name"):
        run_job(import_voice, "import_voice", "job", voice="../a", file=file, base=fetched)
