"""Kokoro's published files: whole ones load, damaged and foreign ones are refused by reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.parity_kokoro import random_model, write_published
from engine.model.config import ModelConfig
from engine.model.graph import Kokoro
from engine.model.layers import InstanceAffine
from engine.model.published import (
    VOICE_ROWS,
    load_kokoro,
    load_voice,
    published_fit,
    read_published,
)
from engine.model.weights import WeightsError

LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:496dba11\nsize 327212226\n"


@pytest.fixture
def model(tiny: ModelConfig) -> Kokoro:
    torch.manual_seed(0)
    model = Kokoro(tiny).eval()
    for module in model.modules():
        if isinstance(module, InstanceAffine):
            torch.nn.init.normal_(module.weight)
    return model


@pytest.fixture
def published(tmp_path: Path, model: Kokoro) -> Path:
    """A file of the published format at a tiny size, without AdaIN's constants."""
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=False)
    return path


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    states = left.state_dict(), right.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(tensor, states[1][name]) for name, tensor in states[0].items()
    )


def test_a_published_file_loads(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=True)

    assert same(load_kokoro(path, model.config), model)


def test_with_new_weight_norm_and_as_safetensors(tmp_path: Path, model: Kokoro) -> None:
    state = model.state_dict()
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    torch.save(parts, tmp_path / "new.pth")
    save_file(dict(state), tmp_path / "new.safetensors")

    assert same(load_kokoro(tmp_path / "new.pth", model.config), model)
    assert same(load_kokoro(tmp_path / "new.safetensors", model.config), model)


def test_only_adain_constants_may_be_absent(published: Path, model: Kokoro) -> None:
    loaded = load_kokoro(published, model.config)

    for module in loaded.modules():
        if isinstance(module, InstanceAffine):
            assert (module.weight == 1).all() and (module.bias == 0).all()
    assert torch.equal(loaded.bert_encoder.weight, model.bert_encoder.weight)


def test_every_tensor_is_accounted_for(published: Path, model: Kokoro) -> None:
    fit = published_fit(published, model.config)
    constants = {
        f"{name}.{tensor}"
        for name, module in model.named_modules()
        if isinstance(module, InstanceAffine)
        for tensor in ("weight", "bias")
    }
    assert not fit.misfit
    assert set(fit.absent) == constants
    assert set(fit.used) == set(model.state_dict()) - constants == set(read_published(published))


@pytest.mark.slow
def test_the_full_shape(tmp_path: Path) -> None:
    """81.8 million random weights in the published format: what Kokoro-82M's file must pass."""
    path = tmp_path / "kokoro.pth"
    model = random_model(seed=1)
    write_published(path, model, with_affine=False)
    assert 327e6 < path.stat().st_size < 328e6, "the published files have 327.2 MB"

    fit = published_fit(path)
    expected = model.state_dict()
    assert not fit.misfit
    assert (len(fit.used), len(fit.absent)) == (548, 140)
    assert sum(expected[name].numel() for name in fit.absent) == 46_612
    loaded = load_kokoro(path).state_dict()
    assert all(torch.equal(loaded[name], expected[name]) for name in fit.used)


def test_mamba_replaces_exactly_its_lstms(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=True)
    config = model.config.model_copy(update={"duration_encoder": ("lstm", "mamba")})
    loaded = load_kokoro(path, config)
    lstms = "predictor.text_encoder.lstms"

    published = model.state_dict()
    kept = {n: t for n, t in loaded.state_dict().items() if not n.startswith(f"{lstms}.2.")}
    assert all(torch.equal(published[name], tensor) for name, tensor in kept.items())
    assert f"{lstms}.0.weight_ih_l0" in kept and f"{lstms}.3.fc.weight" in kept

    parts = torch.load(path, weights_only=True)
    parts["predictor"]["module.text_encoder.lstms.2.surprise"] = torch.zeros(1)
    torch.save(parts, path)
    with pytest.raises(WeightsError, match=r"unexpected \(predictor.text_encoder.lstms.2.surprise"):
        load_kokoro(path, config)


def test_position_ids_of_older_files(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=True)
    parts = torch.load(path, weights_only=True)
    parts["bert"]["module.embeddings.position_ids"] = torch.arange(64)[None]
    torch.save(parts, path)
    assert same(load_kokoro(path, model.config), model)

    parts["bert"]["module.embeddings.position_ids"] = torch.arange(64).flip(0)[None]
    torch.save(parts, path)
    with pytest.raises(WeightsError, match="positions"):
        load_kokoro(path, model.config)


class Payload:
    """Unpickled, it makes the file `ran` in the current folder."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.open, ("ran", os.O_CREAT)


Damage = Callable[[Path], Path | None]  # changes a whole file in place, or names another


def change(edit: Callable[[dict[str, dict[str, Tensor]]], object]) -> Damage:
    """A damage done to the dictionaries inside the file."""

    def damage(path: Path) -> None:
        parts = torch.load(path, weights_only=True)
        edit(parts)
        torch.save(parts, path)

    return damage


def replace(content: bytes | str, name: str = "kokoro.pth") -> Damage:
    """Another file altogether."""

    def damage(path: Path) -> Path:
        other = path.with_name(name)
        other.write_bytes(content.encode() if isinstance(content, str) else content)
        return other

    return damage


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 2 // 3)


def under_net(path: Path) -> None:
    torch.save({"net": torch.load(path, weights_only=True), "epoch": 3, "iters": 90}, path)


def bare(path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, path)


def with_code(path: Path) -> None:
    torch.save({"bert": Payload()}, path)


def program(path: Path) -> None:
    with pytest.warns(DeprecationWarning):
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))


def voice(path: Path) -> None:
    torch.save(torch.zeros(VOICE_ROWS, 1, 16), path)


def other_hidden_size(path: Path) -> None:
    from tests.models import TINY_KOKORO

    few = {"n_token": 40, "max_dur": 12, "hidden_dim": 48}
    write_published(path, Kokoro(TINY_KOKORO.model_copy(update=few)), with_affine=True)


def spoil(name: str, value: object) -> Damage:
    """Put another tensor in one's place; a callable makes it from what was there."""

    def edit(parts: dict[str, dict[str, Tensor]]) -> None:
        part, _, rest = name.partition(".")
        old = parts[part][rest]
        parts[part][rest] = value(old) if callable(value) else value  # type: ignore[assignment]

    return change(edit)


def with_nan(tensor: Tensor) -> Tensor:
    return tensor.index_fill(0, torch.tensor([1]), torch.nan)


BIAS = "bert_encoder.module.bias"
FOREIGN: dict[str, tuple[Damage, str]] = {
    "cut off": (cut_off, "cut off: its end is missing"),
    "empty": (replace(b""), "is empty"),
    "web page": (replace("\n<!DOCTYPE html><html>Log in"), "is a web page"),
    "git-lfs pointer": (replace(LFS_POINTER), "is a git-lfs pointer"),
    "no torch file": (replace(b"\xff" * 640), "as plain tensors"),
    "code": (with_code, r"holds \w+\.open, which is no tensor; it was not run"),
    "TorchScript": (program, "is a TorchScript program"),
    "StyleTTS2": (under_net, "is a StyleTTS2 training checkpoint"),
    "bare state dict": (bare, "not a dictionary of state dictionaries"),
    "a voice": (voice, "one tensor of shape .510, 1, 16."),
    "garbled header": (replace(b"\x40" + b"\0" * 7 + b"{" * 99, "k.safetensors"), "cannot read"),
    "another size": (other_hidden_size, r"mis-shaped \(.* must be \[32"),
    "module missing": (change(lambda parts: parts.pop("decoder")), "lacks the modules decoder"),
    "module too many": (
        change(lambda parts: parts.update(style_encoder={"w": torch.zeros(1)})),
        "has modules that Kokoro has not: style_encoder",
    ),
    "tensor missing": (
        change(lambda parts: parts["decoder"].pop("module.generator.conv_post.bias")),
        r"1 missing \(decoder\.generator\.conv_post\.bias\)",
    ),
    "tensor too many": (
        change(lambda parts: parts["bert"].update(surprise=torch.zeros(1))),
        r"1 unexpected \(bert\.surprise\)",
    ),
    "not a number": (spoil(BIAS, with_nan), r"1 not finite \(bert_encoder\.bias\)"),
    "integers": (
        spoil(BIAS, lambda old: old.to(torch.int32)),
        r"bert_encoder\.bias is int32, must be float32",
    ),
    "sparse": (spoil(BIAS, lambda old: old.to_sparse()), "is sparse float32"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_damaged_and_foreign_files_are_refused(
    published: Path, model: Kokoro, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(published.parent)
    damage, reason = FOREIGN[kind]
    path = damage(published) or published
    with pytest.raises(WeightsError, match=reason) as caught:
        load_kokoro(path, model.config)
    assert path.name in caught.value.message and "\n" not in str(caught.value)
    assert caught.value.fix
    assert not Path("ran").exists(), "nothing is unpickled but tensors"


def test_the_payload_does_run_where_code_is_unpickled(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above relies on: the file is really armed."""
    monkeypatch.chdir(published.parent)
    with_code(published)
    os.close(torch.load(published, weights_only=False)["bert"])
    assert Path("ran").exists()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for name in ("none.pth", "none.safetensors"):
        with pytest.raises(WeightsError, match=name):
            load_kokoro(tmp_path / name)


def test_published_voices(tmp_path: Path) -> None:
    tensor = torch.randn(510, 1, 256)
    torch.save(tensor, tmp_path / "zf_001.pt")
    (tmp_path / "zf_001.bin").write_bytes(tensor.numpy().tobytes())

    assert torch.equal(load_voice(tmp_path / "zf_001.pt"), tensor[:, 0])
    assert torch.equal(load_voice(tmp_path / "zf_001.bin"), tensor[:, 0])


@pytest.mark.shared
def test_real_published_voices(shared_dir: Path) -> None:
    files = sorted((shared_dir / "models/kokoro/voices").glob("*.bin"))
    assert files
    for file in files:
        style = load_voice(file)
        assert style.shape == (VOICE_ROWS, 256) and 0.01 < float(style.std()) < 1


def test_other_files_are_no_voices(tmp_path: Path, published: Path) -> None:
    torch.save(torch.zeros(510, 1, 128), tmp_path / "half.pt")
    torch.save(torch.zeros(256, 1, 510), tmp_path / "turned.pt")
    torch.save({"voice": torch.zeros(510, 256)}, tmp_path / "table.pt")
    torch.save(torch.full((510, 256), torch.inf), tmp_path / "infinite.pt")
    torch.save(torch.zeros(510, 1, 256, dtype=torch.int32), tmp_path / "whole.pt")
    (tmp_path / "odd.bin").write_bytes(b"\0" * 1001)
    (tmp_path / "short.bin").write_bytes(b"\0" * 1000)
    (tmp_path / "empty.bin").write_bytes(b"")
    (tmp_path / "page.bin").write_bytes(b"<html>" + b" " * 522234)

    for name, reason in {
        "half.pt": r"shape \[510, 1, 128\], not \[510, 1, 256\]",
        "turned.pt": r"shape \[256, 1, 510\]",
        "table.pt": "no tensor",
        "infinite.pt": "not finite",
        "whole.pt": "int32",
        "odd.bin": "cannot read",
        "short.bin": "250 values",
        "empty.bin": "empty",
        "page.bin": "web page",
        "none.pt": "cannot read",
        published.name: "a model's weights, not a voice",
    }.items():
        with pytest.raises(WeightsError, match=reason):
            load_voice(tmp_path / name)
