"""Mamba-2 (Dao and Gu 2024, "Transformers are SSMs"), with mamba-ssm's parameter names and layout.

The state-space recurrence of one head, for input x_t (headdim) and state h_t (headdim, d_state):

    h_t = exp(dt_t A) h_{t-1} + dt_t x_t B_t^T        y_t = h_t C_t + D x_t

is computed here by the chunked (SSD) algorithm of the paper's section 6 in plain PyTorch; with
mamba-ssm installed and tensors on a GPU, its fused kernel runs on the same weights.
"""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import MambaConfig
from engine.model.layers import full_precision, reversal, valid_mask

DT_MIN, DT_MAX = 1e-3, 1e-1  # initial step sizes, log-uniform: the paper's range


def kernels_available() -> bool:
    """True where mamba-ssm and a GPU are both there."""
    return torch.cuda.is_available() and importlib.util.find_spec("mamba_ssm") is not None


def ssd(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, chunk: int) -> Tensor:
    """The chunked state-space scan, without the D term.

    Within a chunk the recurrence is a masked attention; between chunks only states pass.

    Args:
        x: (batch, length, heads, headdim) input.
        dt: (batch, length, heads) step sizes, positive.
        a: (heads,) negative decay rates.
        b, c: (batch, length, d_state), shared by all heads.
        chunk: steps a chunk.

    Returns:
        (batch, length, heads, headdim), in the dtype of `x`.
    """
    length = x.shape[1]
    padding = -length % chunk
    if padding:  # dt = 0 neither decays nor feeds the state
        x, b, c = (F.pad(t, (0, 0) * (t.ndim - 2) + (0, padding)) for t in (x, b, c))
        dt = F.pad(dt, (0, 0, 0, padding))
    x, dt, b, c = (
        t.unflatten(1, (-1, chunk)) for t in (x, dt, b, c)
    )  # (batch, chunks, chunk, ...)
    fed = x * dt.unsqueeze(-1)
    log_decay = torch.cumsum(dt * a, dim=2).transpose(2, 3)  # (batch, chunks, heads, chunk)

    within = log_decay.unsqueeze(-1) - log_decay.unsqueeze(-2)  # (..., heads, to, from)
    causal = torch.ones(chunk, chunk, dtype=torch.bool, device=x.device).tril()
    # masked before exp: above the diagonal the difference is positive and could overflow
    attention = torch.exp(within.masked_fill(~causal, -torch.inf))
    attention = attention * torch.einsum("zkin,zkjn->zkij", c, b).unsqueeze(2)
    y = torch.einsum("zkhij,zkjhp->zkihp", attention, fed)

    to_end = torch.exp(log_decay[..., -1:] - log_decay)  # (batch, chunks, heads, chunk)
    fed_to_end = fed * to_end.transpose(2, 3).unsqueeze(-1)
    states = torch.einsum("zkjn,zkjhp->zkhpn", b, fed_to_end)
    whole = torch.exp(log_decay[..., -1])  # (batch, chunks, heads): decay over a chunk
    carried = [torch.zeros_like(states[:, 0])]
    for k in range(states.shape[1] - 1):
        carried.append(carried[-1] * whole[:, k, :, None, None] + states[:, k])
    before = torch.stack(carried, dim=1)  # state at each chunk's start
    from_before = torch.einsum("zkin,zkhpn->zkihp", c, before)
    y = y + from_before * torch.exp(log_decay).transpose(2, 3).unsqueeze(-1)
    return y.flatten(1, 2)[:, :length]


def ssd_attention(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """`ssd` with one chunk as long as the sequence: quadratic, but without a loop.

    An exported graph cannot loop over as many chunks as a length makes.
    """
    log_decay = torch.cumsum(dt * a, dim=1).transpose(1, 2)  # (batch, heads, length)
    within = log_decay.unsqueeze(-1) - log_decay.unsqueeze(-2)  # (batch, heads, to, from)
    causal = torch.ones_like(within).tril() > 0
    attention = torch.exp(within.masked_fill(~causal, -torch.inf))
    attention = attention * (c @ b.transpose(1, 2)).unsqueeze(1)
    fed = (x * dt.unsqueeze(-1)).transpose(1, 2)  # (batch, heads, length, headdim)
    return (attention @ fed).transpose(1, 2)


def ssd_recurrence(x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The recurrence taken literally, step by step: what `ssd` is tested against."""
    state = x.new_zeros(x.shape[0], x.shape[2], x.shape[3], b.shape[-1])
    outputs = []
    for t in range(x.shape[1]):
        decay = torch.exp(dt[:, t] * a)[..., None, None]
        fed = (dt[:, t, :, None] * x[:, t]).unsqueeze(-1) * b[:, t, None, None]
        state = decay * state + fed
        outputs.append(torch.einsum("zhpn,zn->zhp", state, c[:, t]))
    return torch.stack(outputs, dim=1)


class GatedRMSNorm(nn.Module):
    """RMS norm of `x * silu(gate)` (Zhang and Sennrich 2019), as mamba-ssm's RMSNormGated."""

    def __init__(self, size: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        x = x * F.silu(gate)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class Mamba2(nn.Module):
    """One causal Mamba-2 mixer; `state_dict` is that of `mamba_ssm.Mamba2` with one group.

    Args:
        d_model: channels in and out.
        config: state size, head size, expansion, convolution width and chunk.
    """

    def __init__(self, d_model: int, config: MambaConfig) -> None:
        super().__init__()
        self.d_state, self.headdim, self.chunk = config.d_state, config.headdim, config.chunk_size
        self.d_inner = config.expand * d_model
        if self.d_inner % self.headdim:
            raise ValueError(
                f"headdim {self.headdim} does not divide {self.d_inner} inner channels"
            )
        self.heads = self.d_inner // self.headdim
        channels = self.d_inner + 2 * self.d_state
        self.in_proj = nn.Linear(d_model, self.d_inner + channels + self.heads, bias=False)
        self.conv1d = nn.Conv1d(
            channels, channels, config.d_conv, groups=channels, padding=config.d_conv - 1
        )
        dt = torch.exp(torch.empty(self.heads).uniform_(math.log(DT_MIN), math.log(DT_MAX)))
        self.dt_bias = nn.Parameter(dt + torch.log(-torch.expm1(-dt)))  # inverse of softplus
        self.A_log = nn.Parameter(torch.log(torch.empty(self.heads).uniform_(1, 16)))
        self.D = nn.Parameter(torch.ones(self.heads))
        self.norm = GatedRMSNorm(self.d_inner)
        self.out_proj = nn.Linear(self.d_inner, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, length, d_model) to the same shape; step t sees steps up to t only."""
        z, mixed, dt = self.in_proj(x).split(
            [self.d_inner, self.d_inner + 2 * self.d_state, self.heads], dim=-1
        )
        mixed = F.silu(self.conv1d(mixed.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2))
        value, b, c = mixed.split([self.d_inner, self.d_state, self.d_state], dim=-1)
        heads = value.unflatten(-1, (self.heads, self.headdim))
        y = self._scan(heads, dt, b, c).flatten(-2)
        out: Tensor = self.out_proj(self.norm(y, z))
        return out

    def _scan(self, x: Tensor, dt: Tensor, b: Tensor, c: Tensor) -> Tensor:
        a = -torch.exp(self.A_log)
        if x.is_cuda and kernels_available():
            return _fused_scan(x, dt, a, b, c, self.chunk, self.D, self.dt_bias)
        with full_precision(x):
            x, dt, b, c = x.float(), dt.float(), b.float(), c.float()
            dt = F.softplus(dt + self.dt_bias)
            if torch.compiler.is_exporting():
                y = ssd_attention(x, dt, a, b, c)
            else:
                y = ssd(x, dt, a, b, c, self.chunk)
            return y + x * self.D.unsqueeze(-1)


def _fused_scan(
    x: Tensor, dt: Tensor, a: Tensor, b: Tensor, c: Tensor, chunk: int, d: Tensor, dt_bias: Tensor
) -> Tensor:
    from mamba_ssm.ops.triton.ssd_combined import (  # type: ignore[import-not-found, unused-ignore]
        mamba_chunk_scan_combined,
    )

    scan: Any = mamba_chunk_scan_combined
    y: Tensor = scan(
        x.contiguous(), dt.contiguous(), a,
        b.unsqueeze(2).contiguous(), c.unsqueeze(2).contiguous(), chunk,
        D=d, dt_bias=dt_bias, dt_softplus=True,
    )  # fmt: skip
    return y


class BidirectionalMamba2(nn.Module):
    """Stands in for a bidirectional LSTM: the same interface, every step sees the whole sequence.

    A projection to the output width, then one mixer forwards and one backwards, both added to it.
    The backward mixer reads each sequence reversed within its own length, so that padding stays
    behind the end for both and never reaches a valid step.
    """

    def __init__(self, d_in: int, d_out: int, config: MambaConfig) -> None:
        super().__init__()
        self.project = nn.Linear(d_in, d_out)
        self.forward_mixer = Mamba2(d_out, config)
        self.backward_mixer = Mamba2(d_out, config)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(batch, length, d_in) to (batch, length, d_out); `lengths` (batch,) valid steps."""
        x = self.project(x)
        order = reversal(lengths, x.shape[1]).unsqueeze(-1).expand_as(x)
        backward = self.backward_mixer(x.gather(1, order)).gather(1, order)
        valid = valid_mask(lengths, x.shape[1]).unsqueeze(-1)
        y: Tensor = (x + self.forward_mixer(x) + backward) * valid
        return y
