"""LSTMs of the duration encoder become Mamba-2 blocks, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from engine.errors import EngineError
from engine.model.base import SpeechModel
from engine.model.mamba2 import BidirectionalMamba2
from engine.model.swap import Layers, swap
from tests.models import TINY_KOKORO

THREE = TINY_KOKORO.model_copy(update={"n_layer": 3, "duration_encoder": ("lstm", "lstm", "lstm")})


@pytest.mark.parametrize(
    ("layers", "swapped"),
    [("all", (0, 1, 2)), ("first", (0,)), ((2, 0), (0, 2)), ([1], (1,))],
)
def test_only_the_named_layers_are_swapped(layers: Layers, swapped: Sequence[int]) -> None:
    model = SpeechModel(THREE)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert swap(model, layers) == swapped
    places = model.graph.predictor.text_encoder.lstms
    kinds = tuple("mamba" if i in swapped else "lstm" for i in range(3))
    assert model.config.duration_encoder == model.graph.config.duration_encoder == kinds
    for layer, kind in enumerate(kinds):
        expected = BidirectionalMamba2 if kind == "mamba" else nn.LSTM
        assert isinstance(places[2 * layer], expected)

    prefixes = tuple(f"graph.predictor.text_encoder.lstms.{2 * layer}." for layer in swapped)
    after = {n: v for n, v in model.state_dict().items() if not n.startswith(prefixes)}
    assert after.keys() == {name for name in before if not name.startswith(prefixes)}
    for name, value in after.items():
        assert torch.equal(value, before[name]), name
    # a base with this configuration holds just these weights
    SpeechModel(model.config).load_state_dict(model.state_dict())


def test_layers_can_be_swapped_one_after_the_other() -> None:
    model = SpeechModel(THREE)
    assert swap(model, "first") == (0,)
    assert swap(model, "all") == (1, 2)
    assert model.config.duration_encoder == ("mamba",) * 3


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((3,), "layer 3 cannot be swapped"),
        ((0,), "layer 0 cannot be swapped"),
        ((-1,), "layer -1 cannot be swapped"),
        ("first", "layer 0 cannot be swapped"),
        ((), "no layer is named"),
    ],
)
def test_a_layer_that_is_no_lstm_is_refused(layers: Layers, message: str) -> None:
    model = SpeechModel(THREE.model_copy(update={"duration_encoder": ("mamba", "lstm", "lstm")}))
    with pytest.raises(EngineError, match=message) as error:
        swap(model, layers)
    assert error.value.fix == "LSTMs: 1, 2"


def test_a_model_without_lstms_has_nothing_to_swap() -> None:
    model = SpeechModel(THREE.model_copy(update={"duration_encoder": ("mamba",) * 3}))
    with pytest.raises(EngineError, match="there is no LSTM to swap"):
        swap(model, "all")


def test_padding_does_not_reach_a_swapped_encoder() -> None:
    torch.manual_seed(0)
    model = SpeechModel(THREE).eval()
    swap(model, "all")
    encoder, size = model.graph.predictor.text_encoder, THREE.hidden_dim
    x, style = torch.randn(1, size, 5), torch.randn(1, THREE.style_dim)
    alone = encoder(x, style, torch.tensor([5]), torch.ones(1, 5, dtype=torch.bool))
    padded = torch.cat([x, torch.randn(1, size, 4)], dim=-1)
    mask = torch.arange(9)[None] < 5
    together = encoder(padded, style, torch.tensor([5]), mask)
    torch.testing.assert_close(together[:, :5], alone)
    assert not together[:, 5:].any()


@torch.no_grad()
def test_a_trace_tells_what_each_layer_read_and_said() -> None:
    torch.manual_seed(0)
    model = SpeechModel(THREE).eval()
    swap(model, (1,))
    encoder = model.graph.predictor.text_encoder
    lengths = torch.tensor([7, 4])
    mask = torch.arange(7)[None] < lengths[:, None]
    x, style = torch.randn(2, THREE.hidden_dim, 7), torch.randn(2, THREE.style_dim)
    trace = encoder.trace(x, style, lengths, mask)
    assert torch.equal(trace.encoded, encoder(x, style, lengths, mask))
    assert len(trace.inputs) == len(trace.outputs) == 3
    for layer in range(3):
        said = encoder.run_layer(layer, trace.inputs[layer], lengths)
        assert torch.equal(said, trace.outputs[layer])
