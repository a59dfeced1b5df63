"""Bases and voices on disk: what goes in comes out, what does not fit is refused by name."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import torch

from engine.errors import EngineError
from engine.model.base import (
    MODEL_FILE,
    WEIGHTS_FILE,
    Base,
    SpeechModel,
    apply_voice_weights,
    difference,
    find_base,
    load_style,
    save_base,
    save_style,
    save_voice_weights,
    style_for,
)
from tests.models import TINY, tiny_base
from workspace.files import TEMPORARY_PREFIX


def test_a_base_comes_back_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(1)
    model = SpeechModel(TINY)
    save_base(tmp_path, model, "small", "v1.1-zh", {}, half=False)
    base = Base.open(tmp_path)
    assert base.config == TINY
    assert (base.header["size"], base.vocabulary) == ("small", "v1.1-zh")
    loaded = base.load()
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value), name


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path: Path) -> None:
    model = SpeechModel(TINY)
    for half in (False, True):
        save_base(tmp_path / str(half), model, "small", "v1.1-zh", {}, half=half)
    sizes = [(tmp_path / str(half) / MODEL_FILE).stat().st_size for half in (True, False)]
    assert sizes[0] < 0.75 * sizes[1]
    loaded = Base.open(tmp_path / "True").load()
    assert {value.dtype for value in loaded.parameters()} == {torch.float32}


def test_newest_named_and_unknown_bases(tmp_path: Path) -> None:
    tiny_base(tmp_path / "first")
    second = tiny_base(tmp_path / "second", seed=2)
    os.utime(tmp_path / "first" / MODEL_FILE, ns=(1, 1))
    assert find_base(tmp_path, "first").name == "first"
    assert find_base(tmp_path).folder == second.folder
    shutil.copytree(second.folder, tmp_path / f"{TEMPORARY_PREFIX}third.1a2b3c4d")
    assert find_base(tmp_path).folder == second.folder, "one that is still being written"
    with pytest.raises(EngineError, match="no base is called 'thrid'") as error:
        find_base(tmp_path, "thrid")
    assert "first, newest, second, small" in error.value.fix


def test_a_voice_is_its_difference_from_the_base(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    model = base.load()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        model.graph.predictor.duration_proj.linear_layer.bias.add_(1)
    changed = difference(model, before)
    assert list(changed) == ["graph.predictor.duration_proj.linear_layer.bias"]
    save_voice_weights(tmp_path / WEIGHTS_FILE, changed, base, half=False)
    fresh = base.load()
    apply_voice_weights(fresh, tmp_path / WEIGHTS_FILE, base)
    for name, value in model.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value), name


def test_a_voice_of_another_base_is_refused(tmp_path: Path) -> None:
    base, other = tiny_base(tmp_path / "base"), tiny_base(tmp_path / "other", seed=5)
    save_voice_weights(tmp_path / WEIGHTS_FILE, {}, base)
    with pytest.raises(EngineError, match=r"made on base 'base' .* not on 'other'"):
        apply_voice_weights(other.load(), tmp_path / WEIGHTS_FILE, other)


def test_foreign_tensors_are_named(tmp_path: Path) -> None:
    base = tiny_base(tmp_path / "base")
    save_voice_weights(tmp_path / WEIGHTS_FILE, {"stranger": torch.zeros(1)}, base)
    with pytest.raises(EngineError, match="stranger"):
        apply_voice_weights(base.load(), tmp_path / WEIGHTS_FILE, base)


def test_styles_one_or_one_a_length(tmp_path: Path) -> None:
    path = tmp_path / "voice.safetensors"
    save_style(path, torch.arange(16.0))
    style = load_style(path, TINY)
    assert style.shape == (1, 1, 16)
    assert torch.equal(style_for(style, 300), torch.arange(16.0).unsqueeze(0))
    save_style(path, torch.arange(48.0).reshape(3, 1, 16))
    style = load_style(path, TINY)
    assert [float(style_for(style, n)[0, 0]) for n in (0, 1, 2, 3, 90)] == [0, 0, 16, 32, 32]


def test_a_style_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.safetensors"
    save_style(path, torch.zeros(256))
    with pytest.raises(EngineError, match=r"shape \(1, 1, 256\), this model takes \(n, 1, 16\)"):
        load_style(path, TINY)


def test_a_folder_without_a_base_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=MODEL_FILE):
        Base.open(tmp_path)
