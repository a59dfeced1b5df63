"""The chunked scan is the recurrence; blocks are causal or see both sides, never the padding."""

from __future__ import annotations

import pytest
import torch

from engine.model.config import MambaConfig
from engine.model.layers import reversal
from engine.model.mamba2 import (
    BidirectionalMamba2,
    Mamba2,
    kernels_available,
    ssd,
    ssd_attention,
    ssd_recurrence,
)

CONFIG = MambaConfig(d_state=16, headdim=8, expand=2, d_conv=4, chunk_size=8)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 65])
@pytest.mark.parametrize("chunk", [8, 32])
def test_chunked_scan_is_the_recurrence(length: int, chunk: int) -> None:
    generator = torch.Generator().manual_seed(length * chunk)
    draw = {"dtype": torch.float64, "generator": generator}
    x = torch.randn(2, length, 4, 8, **draw)
    dt = torch.rand(2, length, 4, **draw)
    a = -16 * torch.rand(4, **draw)
    b, c = torch.randn(2, length, 16, **draw), torch.randn(2, length, 16, **draw)
    literal = ssd_recurrence(x, dt, a, b, c)
    assert (ssd(x, dt, a, b, c, chunk) - literal).abs().max() < 1e-10
    assert (ssd_attention(x, dt, a, b, c) - literal).abs().max() < 1e-10


def test_gradients_of_both_agree() -> None:
    torch.manual_seed(0)
    inputs = [
        torch.randn(1, 20, 2, 4),
        torch.rand(1, 20, 2),
        -torch.rand(2),
        torch.randn(1, 20, 8),
        torch.randn(1, 20, 8),
    ]
    gradients = []
    for scan in (lambda *t: ssd(*t, 8), ssd_recurrence):
        leaves = [t.double().requires_grad_() for t in inputs]
        scan(*leaves).square().sum().backward()
        gradients.append([leaf.grad for leaf in leaves])
    for chunked, literal in zip(*gradients, strict=True):
        torch.testing.assert_close(chunked, literal, rtol=1e-9, atol=1e-9)


def test_long_decay_does_not_overflow() -> None:
    x, dt = torch.ones(1, 64, 1, 4), torch.full((1, 64, 1), 50.0)
    y = ssd(x, dt, torch.tensor([-16.0]), torch.ones(1, 64, 4), torch.ones(1, 64, 4), 32)
    assert torch.isfinite(y).all()


def test_parameters_are_named_and_shaped_as_mamba_ssm_has_them() -> None:
    # mamba_ssm.Mamba2(d_model=32, d_state=16, headdim=8, expand=2, d_conv=4, ngroups=1)
    inner, states, heads = 64, 16, 8
    expected = {
        "in_proj.weight": (2 * inner + 2 * states + heads, 32),
        "conv1d.weight": (inner + 2 * states, 1, 4),
        "conv1d.bias": (inner + 2 * states,),
        "dt_bias": (heads,),
        "A_log": (heads,),
        "D": (heads,),
        "norm.weight": (inner,),
        "out_proj.weight": (32, inner),
    }
    assert {name: tuple(t.shape) for name, t in Mamba2(32, CONFIG).state_dict().items()} == expected


def test_a_step_sees_only_what_came_before() -> None:
    torch.manual_seed(1)
    mixer = Mamba2(32, CONFIG).eval()
    x = torch.randn(1, 30, 32)
    changed = x.clone()
    changed[:, 20:] += 1
    before, after = mixer(x), mixer(changed)
    assert torch.equal(before[:, :20], after[:, :20])
    assert not torch.allclose(before[:, 20:], after[:, 20:])


def test_bidirectional_sees_both_sides_and_no_padding() -> None:
    torch.manual_seed(2)
    block = BidirectionalMamba2(24, 16, CONFIG).eval()
    x = torch.randn(2, 25, 24)
    lengths = torch.tensor([25, 11])
    y = block(x, lengths)
    alone = block(x[1:, :11], torch.tensor([11]))
    torch.testing.assert_close(y[1:, :11], alone, rtol=1e-5, atol=1e-5)
    assert not y[1, 11:].any()
    changed = x.clone()
    changed[1, 10] += 1
    assert not torch.allclose(block(changed, lengths)[1, 0], y[1, 0])


def test_reversal_is_its_own_inverse() -> None:
    order = reversal(torch.tensor([4, 2]), 5)
    assert order.tolist() == [[3, 2, 1, 0, 4], [1, 0, 2, 3, 4]]
    assert torch.equal(order.gather(1, order), torch.arange(5).expand(2, 5))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="headdim 8 does not divide"):
        Mamba2(3, CONFIG)


@pytest.mark.gpu
def test_fused_kernels_agree_with_our_path() -> None:
    if not kernels_available():
        pytest.skip("needs mamba-ssm")
    torch.manual_seed(3)
    block = BidirectionalMamba2(
        64, 64, MambaConfig(d_state=64, headdim=64, expand=1, chunk_size=64)
    )
    x, lengths = torch.randn(2, 100, 64), torch.tensor([100, 60])
    ours = block(x, lengths)
    fused = block.cuda()(x.cuda(), lengths.cuda()).cpu()
    torch.testing.assert_close(ours, fused, rtol=1e-3, atol=1e-3)
