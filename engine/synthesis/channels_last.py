"""Kokoro's decoder as it computes fastest on a CPU: the same weights, another order of sums.

Four things make it fast beside the graph's own decoder, which keeps the published order of
operations and is what trains:

- Convolutions read time-major memory (channels last), which oneDNN needs no copies for.
- Weight norm is folded once instead of at every call.
- Instance norm, the style's scale and shift and the activation go over a tensor together, in
  blocks that stay in the cache.
- Where the processor multiplies bfloat16, convolutions do so, at twice the rate, and the generator
  keeps what lies between them in as few bytes. Norms and activations are worked out in float32, and
  so is everything before the decoder: durations and F0 are those of the exact path, to the last
  bit.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import CURVES_PER_FRAME
from engine.model.istftnet import (
    AdaINResBlock1,
    Decoder,
    Generator,
    HarmonicSource,
    ShortTimeFourier,
)
from engine.model.layers import INSTANCE_NORM_EPS, RESIDUAL_SCALE, AdaIN1d, AdainResBlk1d

BLOCK_SIZE = 1 << 17  # values of an activation that stay in the cache from one step to the next


def native_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself; elsewhere it is slower than float32."""
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16") or able.get("bf16"))


def _plane(x: Tensor) -> Tensor:
    """(batch, channels, time) as (batch, channels, 1, time), time-major in memory."""
    return x[:, :, None].contiguous(memory_format=torch.channels_last)


class PlaneConv(nn.Module):
    """A folded `Conv1d` or `ConvTranspose1d` on planes, computed in `dtype`."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, conv: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        assert isinstance(conv, nn.Conv1d | nn.ConvTranspose1d)
        self.transposed = isinstance(conv, nn.ConvTranspose1d)
        self.stride, self.dilation, self.groups = conv.stride[0], conv.dilation[0], conv.groups
        if conv.padding == "same":
            self.padding = self.dilation * (conv.kernel_size[0] - 1) // 2
        else:
            self.padding = int(conv.padding[0])
        self.output_padding = int(conv.output_padding[0])
        self.dtype = dtype
        self.register_buffer("weight", _plane(conv.weight.detach()).to(dtype))
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach().to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels in, 1, time) -> (batch, channels out, 1, time out), of `dtype`."""
        x = x.to(self.dtype)
        stride, padding, dilation = (1, self.stride), (0, self.padding), (1, self.dilation)
        if self.transposed:
            more = (0, self.output_padding)
            return F.conv_transpose2d(
                x, self.weight, self.bias, stride, padding, more, self.groups, dilation
            )
        return F.conv2d(x, self.weight, self.bias, stride, padding, dilation, self.groups)


class PlaneAdaIN(nn.Module):
    """`AdaIN1d` of one utterance."""

    def __init__(self, adain: AdaIN1d) -> None:
        super().__init__()
        self.adain = adain

    def affine(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """Scale and shift, (channels,) each, of what is normalised."""
        gamma, beta = self.adain.fc(style)[0].chunk(2)
        gain = 1 + gamma
        return gain * self.adain.norm.weight, gain * self.adain.norm.bias + beta

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(1, channels, 1, time), (1, style_dim) -> a fresh tensor like `x`."""
        scale, shift = self.affine(style)
        # over a batch of one, the statistics of a batch are those of the instance
        return F.batch_norm(x, None, None, scale, shift, training=True, eps=INSTANCE_NORM_EPS)


class PlaneSnakeConv(nn.Module):
    """AdaIN, then Snake, x + sin(alpha x)^2 / alpha, then a convolution."""

    def __init__(self, adain: nn.Module, alpha: Tensor, conv: nn.Module, dtype: torch.dtype):
        super().__init__()
        assert isinstance(adain, AdaIN1d)
        self.adain, self.conv = PlaneAdaIN(adain), PlaneConv(conv, dtype)
        self.alpha = nn.Parameter(alpha.detach()[..., None])  # (1, channels, 1, 1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(1, channels, 1, time), (1, style_dim) -> a fresh tensor of that shape.

        Norm and activation go block by block through the cache, where numbers are made float32 and
        back. They are half of what the decoder does besides convolutions, and each pass over a
        whole tensor goes through the memory.
        """
        mean, variance = torch.batch_norm_update_stats(x, None, None, 0.0)
        scale, shift = self.adain.affine(style)
        scale = scale * torch.rsqrt(variance + INSTANCE_NORM_EPS)
        shift = (shift - mean * scale)[:, None, None]
        scale, inverse = scale[:, None, None], self.alpha.reciprocal()
        activated = torch.empty_like(x, dtype=self.conv.dtype)
        frames = max(BLOCK_SIZE // x.shape[1], 1)
        for block, into in zip(x.split(frames, -1), activated.split(frames, -1), strict=True):
            normed = torch.addcmul(shift, block.float(), scale)
            sine = (normed * self.alpha).sin_()
            into.copy_(normed.addcmul_(sine, sine * inverse))
        convolved: Tensor = self.conv(activated)
        return convolved


class PlaneResBlock(nn.Module):
    """`AdaINResBlock1` on planes."""

    def __init__(self, block: AdaINResBlock1, dtype: torch.dtype) -> None:
        super().__init__()
        first = zip(block.adain1, block.alpha1, block.convs1, strict=True)
        second = zip(block.adain2, block.alpha2, block.convs2, strict=True)
        self.first = nn.ModuleList(PlaneSnakeConv(*parts, dtype) for parts in first)
        self.second = nn.ModuleList(PlaneSnakeConv(*parts, dtype) for parts in second)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(1, channels, 1, time), (1, style_dim) -> a fresh tensor like `x`."""
        for number, (first, second) in enumerate(zip(self.first, self.second, strict=True)):
            change = second(first(x, style), style)
            x = x.add_(change) if number else x + change  # the first `x` is the caller's
        return x


class PlaneAdainResBlk(nn.Module):
    """`AdainResBlk1d` on planes."""

    def __init__(self, block: AdainResBlk1d, dtype: torch.dtype) -> None:
        super().__init__()
        self.upsample = block.upsample
        self.norm1, self.norm2 = PlaneAdaIN(block.norm1), PlaneAdaIN(block.norm2)
        self.conv1, self.conv2 = PlaneConv(block.conv1, dtype), PlaneConv(block.conv2, dtype)
        # depthwise: nothing to gain from bfloat16
        self.pool = _optional(block.pool, torch.float32)
        self.conv1x1 = _optional(block.conv1x1, dtype)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(1, channels in, 1, time) -> (1, channels out, 1, time or twice that)."""
        h = self.conv1(self.pool(F.leaky_relu_(self.norm1(x, style), 0.2))).float()
        h = self.conv2(F.leaky_relu_(self.norm2(h, style), 0.2)).float()
        shortcut = x.repeat_interleave(2, dim=-1) if self.upsample else x
        out: Tensor = (h + self.conv1x1(shortcut)) * RESIDUAL_SCALE
        return out


def _optional(layer: nn.Module, dtype: torch.dtype) -> nn.Module:
    return layer if isinstance(layer, nn.Identity) else PlaneConv(layer, dtype)


class PlaneGenerator(nn.Module):
    """`Generator` on planes; excitation and inverse STFT are the generator's own."""

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        super().__init__()
        self.m_source: HarmonicSource = generator.m_source
        self.stft: ShortTimeFourier = generator.stft
        self.bins, self.kernels = generator.bins, generator.kernels
        self.ups = nn.ModuleList(PlaneConv(up, dtype) for up in generator.ups)
        self.noise_convs = nn.ModuleList(PlaneConv(conv, dtype) for conv in generator.noise_convs)
        self.noise_res = nn.ModuleList(_res_block(block, dtype) for block in generator.noise_res)
        self.resblocks = nn.ModuleList(_res_block(block, dtype) for block in generator.resblocks)
        self.conv_post = PlaneConv(generator.conv_post, torch.float32)

    def forward(self, x: Tensor, style: Tensor, f0: Tensor, noise: Tensor) -> Tensor:
        """(1, channels, 1, curve), (1, style_dim), (1, curve), noise -> (1, curve * 300)."""
        source = _plane(self.stft.transform(self.m_source(f0, noise)))
        last = len(self.ups) - 1
        for i, up in enumerate(self.ups):
            x = up(F.leaky_relu_(x, 0.1))
            if i == last:  # an STFT of n hops has n + 1 frames
                x = torch.cat([x[..., 1:2], x], dim=-1)
            x = x.add_(self.noise_res[i](self.noise_convs[i](source), style))
            first, *others = self.resblocks[i * self.kernels : (i + 1) * self.kernels]
            total = first(x, style)
            for block in others:
                total = total.add_(block(x, style))
            x = total.div_(self.kernels)
        spectrum = self.conv_post(F.leaky_relu_(x.float()))[:, :, 0]
        magnitude, phase = spectrum[:, : self.bins].exp(), spectrum[:, self.bins :].sin()
        audio: Tensor = self.stft.inverse(magnitude, phase)
        return audio


def _res_block(block: nn.Module, dtype: torch.dtype) -> PlaneResBlock:
    assert isinstance(block, AdaINResBlock1)
    return PlaneResBlock(block, dtype)


class ChannelsLastDecoder(nn.Module):
    """Stands in for a `Decoder` where speech is made on a CPU; it does not train.

    Args:
        decoder: its weights are copied, in their folded form.
        dtype: of the convolutions, float32 or bfloat16.
    """

    def __init__(self, decoder: Decoder, dtype: torch.dtype) -> None:
        super().__init__()
        self.encode = PlaneAdainResBlk(decoder.encode, dtype)
        self.decode = nn.ModuleList()
        for block in decoder.decode:
            assert isinstance(block, AdainResBlk1d)
            self.decode.append(PlaneAdainResBlk(block, dtype))
        self.F0_conv = PlaneConv(decoder.F0_conv, torch.float32)
        self.N_conv = PlaneConv(decoder.N_conv, torch.float32)
        self.asr_res = PlaneConv(decoder.asr_res[0], dtype)
        self.generator = PlaneGenerator(decoder.generator, dtype)
        self.requires_grad_(False)

    def forward(
        self,
        asr: Tensor,
        f0: Tensor,
        energy: Tensor,
        style: Tensor,
        frame_lengths: Tensor,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Speak, one utterance after the other: see `Decoder.forward`."""
        batch, _, frames = asr.shape
        if noise is None:
            shape = Decoder.noise_shape(batch, frames)
            noise = torch.randn(shape, device=f0.device, dtype=f0.dtype)
        audio = noise.new_zeros(noise.shape[:2])
        for row, length in enumerate(frame_lengths.tolist()):
            curve = slice(0, length * CURVES_PER_FRAME)
            samples = slice(0, Decoder.noise_shape(1, length)[1])
            one = slice(row, row + 1)
            audio[one, samples] = self._speak(
                asr[one, :, :length], f0[one, curve], energy[one, curve], style[one],
                noise[one, samples],
            )  # fmt: skip
        return audio

    def _speak(
        self, asr: Tensor, f0: Tensor, energy: Tensor, style: Tensor, noise: Tensor
    ) -> Tensor:
        text = _plane(asr)
        pitch, loudness = self.F0_conv(_plane(f0[:, None])), self.N_conv(_plane(energy[:, None]))
        x = self.encode(_joined(text, pitch, loudness), style)
        residual = self.asr_res(text).float()
        for block in self.decode:
            x = block(_joined(x, residual, pitch, loudness), style)
        audio: Tensor = self.generator(x, style, f0, noise)
        return audio


def _joined(*parts: Tensor) -> Tensor:
    """Planes joined by channels."""
    return torch.cat(parts, dim=1).contiguous(memory_format=torch.channels_last)
