"""The `mix` job: voices of one base."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from engine.errors import EngineError
from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    VOICES_FOLDER,
    WEIGHTS_FILE,
    Base,
    load_style,
    read_card,
    save_style,
    save_voice_weights,
)
from engine.model.weights import read_weights
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import load_speaker
from engine.worker import mix
from tests.models import BASE_VOICE, TINY, tiny_base
from workspace.files import write_json
from workspace.layout import Workspace

Run = Callable[..., dict[str, Any]]
BIAS = "graph.decoder.head.bias"


def _voice(workspace: Workspace, name: str, base: Base, level: float | None) -> torch.Tensor:
    """A voice with an own style, and with own weights where `level` says so."""
    folder = workspace.voices / name / "v1"
    folder.mkdir(parents=True)
    torch.manual_seed(len(name))
    style = torch.randn(1, 1, 16)
    save_style(folder / STYLE_FILE, style)
    changed = {} if level is None else {BIAS: base.load().state_dict()[BIAS] + level}
    save_voice_weights(folder / WEIGHTS_FILE, changed, base, half=False)
    write_json(folder / CARD_FILE, {"kind": "voice"})
    return style


def test_styles_and_weights_are_mixed(workspace: Workspace, run_job: Run) -> None:
    base = Base.open(workspace.models / "base")
    alice, bob = _voice(workspace, "alice", base, 1.0), _voice(workspace, "bob", base, None)
    shares = {"alice": 0.75, "bob": 0.25}
    outputs = run_job(mix, "mix", "job", voice="carol", version="1", shares=shares)
    folder = workspace.root / outputs["voice"]
    assert torch.allclose(load_style(folder / STYLE_FILE, TINY), 0.75 * alice + 0.25 * bob)
    changed, header = read_weights(folder / WEIGHTS_FILE)
    bias = base.load().state_dict()[BIAS] + 0.75
    assert set(changed) == {BIAS}
    assert torch.allclose(changed[BIAS].float(), bias, atol=2e-3)  # kept in half precision
    assert header["base_sha256"] == base.hash
    assert read_card(folder)["parts"] == [
        {"voice": "alice", "version": "v1", "share": 0.75},
        {"voice": "bob", "version": "v1", "share": 0.25},
    ]
    speaker = load_speaker(workspace, "carol", SynthesisSettings())
    assert np.isfinite(speaker.whole("你好")).all()
    assert run_job(mix, "mix", "job", voice="carol", version="1", shares=shares) == outputs


def test_a_voice_of_the_base_mixes_too(workspace: Workspace, run_job: Run) -> None:
    base = Base.open(workspace.models / "base")
    alice = _voice(workspace, "alice", base, None)
    shares = {"alice": 0.5, BASE_VOICE: 0.5}
    outputs = run_job(mix, "mix", "job", voice="carol", version="1", shares=shares)
    folder = workspace.root / outputs["voice"]
    own = load_style(base.folder / VOICES_FOLDER / f"{BASE_VOICE}.safetensors", TINY)
    assert torch.allclose(load_style(folder / STYLE_FILE, TINY), (alice + own) / 2)
    assert read_weights(folder / WEIGHTS_FILE)[0] == {}


def test_voices_of_different_bases_are_refused(workspace: Workspace, run_job: Run) -> None:
    _voice(workspace, "alice", Base.open(workspace.models / "base"), None)
    _voice(workspace, "bob", tiny_base(workspace.models / "other", seed=9), None)
    with pytest.raises(EngineError, match=r"alice stands on base 'base'.*bob on 'other'"):
        run_job(mix, "mix", "job", voice="c", version="1", shares={"alice": 0.5, "bob": 0.5})
    assert not (workspace.voices / "c").exists()


def test_an_unknown_voice_is_named_with_those_that_are_there(
    workspace: Workspace, run_job: Run
) -> None:
    with pytest.raises(EngineError, match="no voice is called 'zoe'") as error:
        run_job(mix, "mix", "job", voice="c", version="1", shares={"zoe": 0.5, BASE_VOICE: 0.5})
    assert BASE_VOICE in error.value.fix
