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
    base_of,
    difference,
    find_base,
    keep_base,
    load_style,
    save_base,
    save_style,
    save_voice_weights,
    style_for,
)
from tests.models import TINY, tiny_base
from workspace import bases
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


def test_a_corpus_names_its_newest_base(tmp_path: Path) -> None:
    """Dropped corpora name bases by content, `yinfang train` by time; both are the corpus's."""
    names = ("corpus-0123456789abcdef", "corpus-20261120-140000", "corpus-two-0123456789abcdef")
    for age, name in enumerate(names):
        tiny_base(tmp_path / name)
        os.utime(tmp_path / name / MODEL_FILE, ns=(age, age))
    assert find_base(tmp_path, "corpus").name == names[1]
    assert find_base(tmp_path, "corpus-two").name == names[2]
    assert find_base(tmp_path, names[0]).name == names[0], "an exact name wins"
    tiny_base(tmp_path / "corpus")
    assert find_base(tmp_path, "corpus").name == "corpus"
    with pytest.raises(EngineError) as error:
        find_base(tmp_path, "corpora")
    assert "corpus, " in error.value.fix and "corpus-two, " in error.value.fix


def test_a_shipped_base_is_kept_once_and_is_no_choice_for_new_voices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "SHIPPED", tmp_path / "program")
    models = tmp_path / "models"
    shipped = tiny_base(tmp_path / "program" / "small")
    keep_base(models, shipped)
    (kept,) = bases.kept_bases(models, shipped.hash)
    assert (kept.name, Base.open(kept).hash) == ("small", shipped.hash)
    assert Base.open(kept).voices().keys() == shipped.voices().keys()
    first = (kept / MODEL_FILE).stat()
    keep_base(models, shipped)
    assert (kept / MODEL_FILE).stat() == first
    assert bases.own_bases(models) == []
    assert find_base(models).folder == shipped.folder

    # as `ship` in engine/bases/make.py does: into the file that is there
    newer = tiny_base(tmp_path / "newer", seed=3)
    shutil.copyfile(newer.folder / MODEL_FILE, shipped.folder / MODEL_FILE)
    assert base_of(models, shipped.hash, "small", tmp_path).folder == kept
    assert base_of(models, newer.hash, "small", tmp_path).folder == shipped.folder


def test_own_bases_are_not_copied(tmp_path: Path) -> None:
    keep_base(tmp_path, tiny_base(tmp_path / "mine"))
    assert not (tmp_path / bases.KEPT).exists()


def test_a_base_is_found_by_its_weights_under_any_name(tmp_path: Path) -> None:
    wanted = tiny_base(tmp_path / "first").hash
    (tmp_path / "first").rename(tmp_path / "renamed")
    tiny_base(tmp_path / "first", seed=2)
    assert base_of(tmp_path, wanted, "first", tmp_path / "voice").name == "renamed"


def test_a_base_that_is_gone_is_named_with_its_hash(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with pytest.raises(EngineError, match=r"voice: made on base 'old' with weights 0123") as error:
        base_of(models, "0123456789abcdef" * 4, "old", tmp_path / "voice")
    assert "copy models/.kept/0123456789abcdef " in error.value.fix


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
