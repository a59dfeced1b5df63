"""Weights in files: what fits is loaded whole, everything else is refused by name."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from engine.model.config import ModelConfig
from engine.model.graph import Kokoro
from engine.model.weights import (
    WeightsError,
    compare,
    config_of,
    load_strictly,
    read_weights,
    save_weights,
    state_hash,
)


@pytest.fixture
def model(tiny: ModelConfig) -> Kokoro:
    torch.manual_seed(0)
    return Kokoro(tiny).eval()


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

    with pytest.raises(WeightsError, match=r"not finite \(bert_encoder\.bias\)"):
        load_strictly(model, state, "here.pth")


def test_every_tensor_is_in_one_group() -> None:
    places = {name: torch.zeros(2, device="meta") for name in "abcdefg"}
    state = {
        "a": torch.ones(2),
        "b": torch.ones(3),
        "c": torch.ones(2, dtype=torch.int64),
        "d": torch.tensor([1.0, torch.inf]),
        "e": torch.ones(2).to_sparse(),
        "x": torch.ones(2),
        "half": torch.ones(2),
    }
    fit = compare({**places, "half": torch.zeros(2).half()}, state, may_lack=lambda n: n == "f")
    assert fit.used == ("a", "half")
    assert (fit.absent, fit.missing, fit.unexpected) == (("f",), ("g",), ("x",))
    assert fit.misshaped == ("b is [3], must be [2]",)
    assert fit.mistyped == ("c is int64, must be float32", "e is sparse float32, must be float32")
    assert fit.broken == ("d",)
    assert fit.misfit.startswith("1 missing (g); 1 unexpected (x); 1 mis-shaped (b is")


def test_configurations_of_other_versions_are_refused(tiny: ModelConfig) -> None:
    text = tiny.model_dump_json()
    assert config_of({"config": text}, Path("model.safetensors")) == tiny
    with pytest.raises(WeightsError, match="flow_steps"):
        config_of({"config": text[:-1] + ', "flow_steps": 4}'}, Path("model.safetensors"))
    with pytest.raises(WeightsError, match="sizes"):
        config_of({}, Path("model.safetensors"))


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
