"""Layers: padding is as if it were not there, and without it they are the family's."""

import pytest
import torch
from torch import nn

from engine.model.layers import (
    AdaIN1d,
    AdainResBlk1d,
    AdaLayerNorm,
    InstanceAffine,
    run_lstm,
    upsample_mask,
    valid_mask,
)

LENGTHS = torch.tensor([9, 4, 1, 6])


def features(channels: int, frames: int = 9) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    # far from zero mean, so that statistics over padding would show
    return 3 + 2 * torch.randn(len(LENGTHS), channels, frames, generator=generator)


def styles(size: int = 5) -> torch.Tensor:
    return torch.randn(len(LENGTHS), size, generator=torch.Generator().manual_seed(2))


def randomise(module: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    for part in module.modules():
        if isinstance(part, InstanceAffine):
            nn.init.normal_(part.weight, mean=1.0, std=0.3)
            nn.init.normal_(part.bias, std=0.3)
    return module


def test_adain_without_mask_is_instance_norm() -> None:
    layer = randomise(AdaIN1d(5, 6))
    norm = nn.InstanceNorm1d(6, affine=True)
    norm.load_state_dict(layer.norm.state_dict())
    x, style = features(6), styles()
    gamma, beta = layer.fc(style)[..., None].chunk(2, dim=1)

    torch.testing.assert_close(layer(x, style), (1 + gamma) * norm(x) + beta)


def test_adain_mask_means_alone() -> None:
    layer = randomise(AdaIN1d(5, 6))
    x, style = features(6), styles()
    batched = layer(x, style, valid_mask(LENGTHS, 9)[:, None])

    for row, length in enumerate(LENGTHS.tolist()):
        if length > 1:  # torch refuses to normalise a single frame
            alone = layer(x[row, None, :, :length], style[row, None])
            torch.testing.assert_close(batched[row, None, :, :length], alone)
    assert torch.isfinite(batched).all()


@pytest.mark.parametrize("upsample", [False, True])
@pytest.mark.parametrize("dim_out", [6, 4])
def test_residual_block_mask_means_alone(upsample: bool, dim_out: int) -> None:
    block = randomise(AdainResBlk1d(6, dim_out, 5, upsample=upsample))
    x, style = features(6), styles()
    mask = valid_mask(LENGTHS, 9)[:, None]
    batched = block(x, style, mask)
    factor = 2 if upsample else 1

    assert batched.shape == (len(LENGTHS), dim_out, 9 * factor)
    for row, length in enumerate(LENGTHS.tolist()):
        if length > 1:
            alone = block(x[row, None, :, :length], style[row, None])
            torch.testing.assert_close(batched[row, None, :, : length * factor], alone)
    out_mask = upsample_mask(mask, factor)
    assert out_mask is not None
    assert (batched * ~out_mask == 0).all()


def test_residual_block_ignores_what_stands_in_the_padding() -> None:
    block = randomise(AdainResBlk1d(6, 4, 5, upsample=True))
    x, style = features(6), styles()
    mask = valid_mask(LENGTHS, 9)[:, None]

    torch.testing.assert_close(
        block(x, style, mask), block(torch.where(mask, x, 1e3), style, mask), rtol=0, atol=0
    )


def test_ada_layer_norm_is_film_after_layer_norm() -> None:
    layer = AdaLayerNorm(5, 6)
    x, style = features(6).transpose(1, 2), styles()
    gamma, beta = layer.fc(style)[:, None].chunk(2, dim=-1)
    mean, std = x.mean(-1, keepdim=True), x.std(-1, correction=0, keepdim=True)

    torch.testing.assert_close(
        layer(x, style), (1 + gamma) * (x - mean) / std + beta, rtol=1e-4, atol=1e-4
    )


def test_lstm_never_reads_padding() -> None:
    torch.manual_seed(0)
    lstm = nn.LSTM(6, 3, batch_first=True, bidirectional=True)
    x = features(6).transpose(1, 2)
    batched = run_lstm(lstm, x, LENGTHS)

    assert batched.shape == (len(LENGTHS), 9, 6)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = run_lstm(lstm, x[row, None, :length], None)
        torch.testing.assert_close(batched[row, None, :length], alone)
        assert (batched[row, length:] == 0).all()
