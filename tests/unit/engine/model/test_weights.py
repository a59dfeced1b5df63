"""Weights in files: what fits is loaded whole, everything else is refused by name."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from benchmarks.parity_kokoro import write_published
from engine.model.config import ModelConfig
from engine.model.graph import Kokoro
from engine.model.layers import InstanceAffine
from engine.model.weights import (
    WeightsError,
    load_kokoro,
    load_model,
    load_strictly,
    load_voice,
    read_weights,
    save_model,
    save_weights,
    state_hash,
)


@pytest.fixture
def model(tiny: ModelConfig) -> Kokoro:
    torch.manual_seed(0)
    model = Kokoro(tiny).eval()
    for module in model.modules():
        if isinstance(module, InstanceAffine):
            torch.nn.init.normal_(module.weight)
    return model


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    states = left.state_dict(), right.state_dict()
    return states[0].keys() == states[1].keys() and all(
        torch.equal(tensor, states[1][name]) for name, tensor in states[0].items()
    )


def test_own_file_round_trip(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "model.safetensors"
    digest = save_model(path, model, {"note": "a base"})
    loaded, metadata = load_model(path)

    assert same(loaded, model) and not loaded.training
    assert loaded.config == model.config
    assert metadata["note"] == "a base"
    assert metadata["state_hash"] == digest == state_hash(loaded.state_dict())
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_hash_sees_values_names_and_shapes_only() -> None:
    state = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}
    reordered = dict(reversed(state.items()))
    strided = {**state, "a": torch.arange(6.0).reshape(2, 3).T.contiguous().T}

    assert state_hash(reordered) == state_hash(strided) == state_hash(state)
    for other in (
        {**state, "a": state["a"] + 1},
        {**state, "a": state["a"].reshape(3, 2)},
        {"c": state["a"], "b": state["b"]},
        {**state, "b": state["b"].half()},
    ):
        assert state_hash(other) != state_hash(state)


def test_damage_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "voice.safetensors"
    save_weights(path, {"style": torch.zeros(64)}, {})
    content = bytearray(path.read_bytes())
    content[-2] ^= 1
    path.write_bytes(content)

    with pytest.raises(WeightsError, match="damaged"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"", b"not weights", b"\xff" * 64])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("model.safetensors", "model.pth"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=name):
            load_kokoro(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.pth"):
        load_kokoro(tmp_path / "none.pth")
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        load_model(tmp_path / "none.safetensors")


def test_misfits_are_listed_and_nothing_is_loaded(model: Kokoro) -> None:
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state: dict[str, Tensor] = {name: tensor + 1 for name, tensor in before.items()}
    del state["bert_encoder.bias"]
    state["bert_encoder.bais"] = torch.zeros(32)
    state["bert_encoder.weight"] = torch.zeros(32, 23)

    with pytest.raises(WeightsError) as caught:
        load_strictly(model, state, "here.pth")
    assert "1 missing (bert_encoder.bias)" in str(caught.value)
    assert "1 unexpected (bert_encoder.bais)" in str(caught.value)
    assert "bert_encoder.weight is [32, 23], must be [32, 24]" in str(caught.value)
    assert "here.pth" in str(caught.value) and "\n" not in str(caught.value)
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())


def test_values_that_are_not_finite_are_refused(model: Kokoro) -> None:
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state["bert_encoder.bias"][3] = float("nan")

    with pytest.raises(WeightsError, match=r"not finite: bert_encoder\.bias"):
        load_strictly(model, state, "here.pth")


def test_configuration_of_a_later_version_is_refused(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "model.safetensors"
    config = model.config.model_dump_json()[:-1] + ', "flow_steps": 4}'
    save_weights(path, model.state_dict(), {"config": config})

    with pytest.raises(WeightsError, match="flow_steps"):
        load_model(path)


def test_published_file_loads(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=True)

    assert same(load_kokoro(path, model.config), model)


def test_published_file_with_new_weight_norm_and_safetensors(tmp_path: Path, model: Kokoro) -> None:
    state = model.state_dict()
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    torch.save(parts, tmp_path / "new.pth")
    save_file(dict(state), tmp_path / "new.safetensors")

    assert same(load_kokoro(tmp_path / "new.pth", model.config), model)
    assert same(load_kokoro(tmp_path / "new.safetensors", model.config), model)


def test_only_adain_constants_may_be_absent(tmp_path: Path, model: Kokoro) -> None:
    path = tmp_path / "kokoro.pth"
    write_published(path, model, with_affine=False)
    loaded = load_kokoro(path, model.config)

    for module in loaded.modules():
        if isinstance(module, InstanceAffine):
            assert (module.weight == 1).all() and (module.bias == 0).all()
    assert torch.equal(loaded.bert_encoder.weight, model.bert_encoder.weight)

    parts = torch.load(path, weights_only=True)
    del parts["decoder"]["module.generator.conv_post.bias"]
    torch.save(parts, path)
    with pytest.raises(WeightsError, match=r"missing \(decoder\.generator\.conv_post\.bias\)"):
        load_kokoro(path, model.config)


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


def test_a_pickled_object_is_never_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (tmp_path / "ran",)

    torch.save({"bert": Payload()}, tmp_path / "kokoro.pth")
    with pytest.raises(WeightsError, match="plain tensors"):
        load_kokoro(tmp_path / "kokoro.pth")
    assert not (tmp_path / "ran").exists()


def test_a_bare_state_dict_is_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "kokoro.pth")
    with pytest.raises(WeightsError, match="not a dictionary of state dictionaries"):
        load_kokoro(tmp_path / "kokoro.pth")


def test_published_voices(tmp_path: Path) -> None:
    voice = torch.randn(510, 1, 256)
    torch.save(voice, tmp_path / "zf_001.pt")
    (tmp_path / "zf_001.bin").write_bytes(voice.numpy().tobytes())

    assert torch.equal(load_voice(tmp_path / "zf_001.pt"), voice[:, 0])
    assert torch.equal(load_voice(tmp_path / "zf_001.bin"), voice[:, 0])


def test_voices_of_another_size_are_refused(tmp_path: Path) -> None:
    torch.save(torch.zeros(510, 1, 128), tmp_path / "half.pt")
    torch.save({"voice": torch.zeros(510, 256)}, tmp_path / "table.pt")
    torch.save(torch.full((510, 256), torch.inf), tmp_path / "infinite.pt")
    (tmp_path / "odd.bin").write_bytes(b"\0" * 1001)
    (tmp_path / "empty.bin").write_bytes(b"")

    for name, reason in {
        "half.pt": "65280 values",
        "table.pt": "no tensor",
        "infinite.pt": "not finite",
        "odd.bin": "cannot read",
        "empty.bin": "empty.bin",
        "none.pt": "cannot read",
    }.items():
        with pytest.raises(WeightsError, match=reason):
            load_voice(tmp_path / name)


def test_files_hold_only_what_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "delta.safetensors"
    save_weights(path, {"x": torch.ones(2, requires_grad=True)}, {"base": "abc"})

    assert list(load_file(path)) == ["x"]
    assert read_weights(path)[1]["base"] == "abc"


FULL_DISK = """
import resource, sys
from pathlib import Path
import torch
from engine.model.weights import save_weights
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    save_weights(Path(sys.argv[1]), {"x": torch.zeros(10_000)}, {})
except OSError as error:
    print(error.errno)
"""


def test_a_full_disk_is_an_error_of_the_system_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path / "x.safetensors")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert int(said) == errno.EFBIG
    assert list(tmp_path.iterdir()) == []
