"""The configuration: Kokoro's published sizes, and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from benchmarks.parity_kokoro import PUBLISHED_CONFIG
from engine.model.config import KOKORO, SMALL, ISTFTNetConfig, ModelConfig, PLBertConfig
from engine.model.graph import Kokoro
from engine.model.layers import InstanceAffine


def test_published_config_is_kokoro() -> None:
    assert ModelConfig.from_kokoro_json(PUBLISHED_CONFIG) == KOKORO


def test_kokoro_has_the_published_parameter_counts() -> None:
    model = Kokoro(KOKORO)
    counts = {
        name: round(sum(tensor.numel() for tensor in part.state_dict().values()) / 1e6, 2)
        for name, part in model.named_children()
    }
    affine = sum(
        tensor.numel()
        for module in model.modules()
        if isinstance(module, InstanceAffine)
        for tensor in module.buffers()
    )

    assert counts == {
        "bert": 6.29,
        "bert_encoder": 0.39,
        "predictor": 16.20,
        "text_encoder": 5.61,
        "decoder": 53.31,
    }
    assert affine == 46_612


def test_small_is_a_few_million_parameters() -> None:
    model = Kokoro(SMALL)

    assert 3e6 < sum(tensor.numel() for tensor in model.parameters()) < 8e6


def test_json_round_trip() -> None:
    assert ModelConfig.model_validate_json(SMALL.model_dump_json()) == SMALL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hiden_dim": 512}, "hiden_dim"),
        ({"n_layer": 4}, "names 3 layers, n_layer is 4"),
        ({"duration_encoder": ("lstm", "gru", "lstm")}, "'lstm' or 'mamba'"),
        ({"text_encoder_kernel_size": 4}, "must be odd"),
        ({"istftnet": {"upsample_rates": [10, 5]}}, "250 samples per F0 value"),
        ({"source_filter": {"hop": 256}}, "hop is 256"),
        ({"plbert": {"num_attention_heads": 7}}, "not a multiple"),
    ],
)
def test_refuses(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ModelConfig.model_validate(change)


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        KOKORO.hidden_dim = 256


def test_tables_stand_alone() -> None:
    assert PLBertConfig().max_position_embeddings == 512
    assert ISTFTNetConfig().upsample_rates == (10, 6)
