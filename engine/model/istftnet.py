"""Kokoro's decoder: AdaIN blocks, then a harmonic-plus-noise iSTFTNet generator.

iSTFTNet (Kaneko et al. 2022) upsamples part of the way and leaves the rest to an inverse STFT; the
excitation is a sum of sines at multiples of F0 plus noise (hn-NSF, Wang et al. 2019).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from engine.model.config import CURVE_HOP, CURVES_PER_FRAME, SAMPLE_RATE, ModelConfig
from engine.model.layers import (
    AdaIN1d,
    AdainResBlk1d,
    apply_mask,
    full_precision,
    padding_mask,
    upsample_mask,
)

HARMONICS = 9  # the fundamental and eight overtones
SINE_AMPLITUDE = 0.1
VOICED_NOISE = 0.003  # standard deviation of the noise under a voiced sine
UNVOICED_NOISE = SINE_AMPLITUDE / 3
VOICED_ABOVE = 10.0  # Hz: F0 below this is noise
NOISE_KERNELS = (7, 11)  # of the source's residual blocks: before the last rate, and at it
CONV_STD = 0.01


def _small_conv(conv: nn.Conv1d | nn.ConvTranspose1d) -> nn.Module:
    """Weight-normed, with the small initial weights that keep a deep generator quiet."""
    nn.init.normal_(conv.weight, std=CONV_STD)
    normed: nn.Module = weight_norm(conv)
    return normed


def harmonic_sines(f0: Tensor, noise: Tensor) -> Tensor:
    """Sines at the multiples of F0, noise where there is no voice.

    The phase is accumulated once per F0 value and drawn linearly between their centres. It stays
    in float32 and in this order of operations because the published weights were made with it:
    late in a long text the rounding of the phase is audible as a difference.

    Args:
        f0: (batch, curve) Hz, 0 where unvoiced.
        noise: (batch, curve * 300, 9), standard normal.

    Returns:
        (batch, curve * 300, 9).
    """
    multiples = torch.arange(1, HARMONICS + 1, device=f0.device, dtype=f0.dtype)
    cycles = (f0[..., None] * multiples / SAMPLE_RATE) % 1  # (batch, curve, harmonics)
    phase = torch.cumsum(cycles, dim=1) * 2 * torch.pi
    phase = F.interpolate(phase.transpose(1, 2) * CURVE_HOP, scale_factor=CURVE_HOP, mode="linear")
    sines = torch.sin(phase.transpose(1, 2)) * SINE_AMPLITUDE  # (batch, samples, harmonics)
    voiced = (f0 > VOICED_ABOVE).to(f0.dtype).repeat_interleave(CURVE_HOP, dim=1)[..., None]
    return sines * voiced + noise * (voiced * VOICED_NOISE + (1 - voiced) * UNVOICED_NOISE)


class HarmonicSource(nn.Module):
    """Mixes the harmonics into one excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.l_linear = nn.Linear(HARMONICS, 1)

    def forward(self, f0: Tensor, noise: Tensor) -> Tensor:
        """(batch, curve) Hz, (batch, curve * 300, 9) -> (batch, curve * 300)."""
        mixed: Tensor = self.l_linear(harmonic_sines(f0, noise))
        return torch.tanh(mixed)[..., 0]


class AdaINResBlock1(nn.Module):
    """Three dilated convolution pairs behind AdaIN and Snake (Ziyin et al. 2020) activations."""

    def __init__(
        self, channels: int, kernel: int, dilations: tuple[int, int, int], style_dim: int
    ) -> None:
        super().__init__()

        def conv(dilation: int) -> nn.Module:
            return _small_conv(
                nn.Conv1d(channels, channels, kernel, dilation=dilation, padding="same")
            )

        self.convs1 = nn.ModuleList(conv(dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(conv(1) for _ in dilations)
        self.adain1 = nn.ModuleList(AdaIN1d(style_dim, channels) for _ in dilations)
        self.adain2 = nn.ModuleList(AdaIN1d(style_dim, channels) for _ in dilations)
        self.alpha1 = nn.ParameterList(torch.ones(1, channels, 1) for _ in dilations)
        self.alpha2 = nn.ParameterList(torch.ones(1, channels, 1) for _ in dilations)

    def forward(self, x: Tensor, style: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, channels, frames), (batch, style_dim), (batch, 1, frames) -> as `x`."""
        for i, conv1 in enumerate(self.convs1):
            h = snake(self.adain1[i](x, style, mask), self.alpha1[i])
            h = conv1(apply_mask(h, mask))
            h = snake(self.adain2[i](h, style, mask), self.alpha2[i])
            x = x + self.convs2[i](apply_mask(h, mask))
        return apply_mask(x, mask)


def snake(x: Tensor, alpha: Tensor) -> Tensor:
    """x + sin(alpha x)^2 / alpha."""
    return x + torch.sin(alpha * x).square() / alpha


class ShortTimeFourier(nn.Module):
    """The generator's STFT and its inverse, with a Hann window."""

    window: Tensor

    def __init__(self, n_fft: int, hop: int) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.hop = hop
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def transform(self, audio: Tensor) -> Tensor:
        """(batch, samples) -> magnitude over phase, (batch, n_fft + 2, samples / hop + 1)."""
        spectrum = torch.stft(audio, self.n_fft, self.hop, window=self.window, return_complex=True)
        return torch.cat([spectrum.abs(), spectrum.angle()], dim=1)

    def inverse(self, magnitude: Tensor, phase: Tensor) -> Tensor:
        """Two of (batch, n_fft / 2 + 1, frames) -> (batch, (frames - 1) * hop)."""
        spectrum = torch.polar(magnitude, phase)
        return torch.istft(spectrum, self.n_fft, self.hop, window=self.window)


class Generator(nn.Module):
    """Decoder features and F0 to audio."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes, style = config.istftnet, config.style_dim
        self.rates = sizes.upsample_rates
        self.kernels = len(sizes.resblock_kernel_sizes)
        self.bins = sizes.gen_istft_n_fft // 2 + 1
        self.m_source = HarmonicSource()
        self.stft = ShortTimeFourier(sizes.gen_istft_n_fft, sizes.gen_istft_hop_size)
        self.ups = nn.ModuleList()
        self.noise_convs = nn.ModuleList()
        self.noise_res = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        channels = sizes.upsample_initial_channel
        for i, (rate, kernel) in enumerate(
            zip(self.rates, sizes.upsample_kernel_sizes, strict=True)
        ):
            self.ups.append(
                _small_conv(
                    nn.ConvTranspose1d(
                        channels, channels // 2, kernel, stride=rate, padding=(kernel - rate) // 2
                    )
                )
            )
            channels //= 2
            last = i + 1 == len(self.rates)
            stride = math.prod(self.rates[i + 1 :])  # from the source's rate to this one
            self.noise_convs.append(
                nn.Conv1d(2 * self.bins, channels, 1)
                if last
                else nn.Conv1d(
                    2 * self.bins, channels, 2 * stride, stride=stride, padding=(stride + 1) // 2
                )
            )
            self.noise_res.append(AdaINResBlock1(channels, NOISE_KERNELS[last], (1, 3, 5), style))
            for width, dilations in zip(
                sizes.resblock_kernel_sizes, sizes.resblock_dilation_sizes, strict=True
            ):
                self.resblocks.append(AdaINResBlock1(channels, width, dilations, style))
        self.conv_post = _small_conv(nn.Conv1d(channels, 2 * self.bins, 7, padding=3))

    def forward(
        self,
        x: Tensor,
        style: Tensor,
        f0: Tensor,
        noise: Tensor,
        curve_lengths: Tensor,
        mask: Tensor | None,
    ) -> Tensor:
        """Generate audio.

        Args:
            x: (batch, channels, curve), the decoder's features at 80 frames a second.
            style: (batch, style_dim).
            f0: (batch, curve) Hz, zero in the padding.
            noise: (batch, curve * 300, 9), standard normal.
            curve_lengths: (batch,) int64, valid F0 values.
            mask: (batch, 1, curve) bool, True at valid F0 values; None where all are.

        Returns:
            (batch, curve * 300), zero in the padding.
        """
        with full_precision(f0):
            source = self._source(f0.float(), noise, curve_lengths)
        for i, rate in enumerate(self.rates):
            last = i + 1 == len(self.rates)
            x = self.ups[i](apply_mask(F.leaky_relu(x, 0.1), mask))
            mask = upsample_mask(mask, rate)
            if last:
                # An STFT of n hops has n + 1 frames.
                x = F.pad(x, (1, 0), mode="reflect")
                mask = None if mask is None else F.pad(mask, (1, 0), value=True)
            x = x + self.noise_res[i](self.noise_convs[i](source), style, mask)
            blocks = self.resblocks[i * self.kernels : (i + 1) * self.kernels]
            x = sum((block(x, style, mask) for block in blocks), torch.zeros(())) / self.kernels
        with full_precision(x):
            x = self.conv_post(F.leaky_relu(x.float()))
            magnitude = torch.exp(x[:, : self.bins])
            phase = torch.sin(x[:, self.bins :])
            if mask is None:
                return self.stft.inverse(magnitude, phase)
            return self._inverse_each(magnitude, phase, curve_lengths.tolist())

    @torch.no_grad()
    def _source(self, f0: Tensor, noise: Tensor, curve_lengths: Tensor) -> Tensor:
        """The excitation's STFT, (batch, n_fft + 2, frames); as published, it is never trained.

        Each utterance goes alone. Its last frames must mirror its own end, not the padding. And
        the first frame, mirrored about the first sample, has a real spectrum: rounding alone says
        whether a negative bin's phase is pi or -pi, so the same sums have to be done in the same
        order whatever else is in the batch.
        """
        frames = noise.shape[1] // self.stft.hop + 1
        spectra = noise.new_zeros(len(f0), 2 * self.bins, frames)
        for row, length in enumerate(curve_lengths.tolist()):
            excitation = self.m_source(
                f0[row : row + 1, :length], noise[row : row + 1, : length * CURVE_HOP]
            )
            spectrum = self.stft.transform(excitation)
            spectra[row, :, : spectrum.shape[-1]] = spectrum[0]
        return spectra

    def _inverse_each(self, magnitude: Tensor, phase: Tensor, curve_lengths: list[int]) -> Tensor:
        """(batch, n_fft / 2 + 1, frames) twice -> (batch, samples), zero in the padding.

        Each utterance goes alone: frames in the padding would enter the window normalisation.
        """
        samples = (magnitude.shape[-1] - 1) * self.stft.hop
        rows = []
        for row, curve in enumerate(curve_lengths):
            valid = slice(0, curve * CURVE_HOP // self.stft.hop + 1)
            audio = self.stft.inverse(magnitude[row, None, :, valid], phase[row, None, :, valid])
            rows.append(F.pad(audio, (0, samples - audio.shape[-1])))
        return torch.cat(rows)


class Decoder(nn.Module):
    """Aligned text features, F0 and energy to audio."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes, style = config.istftnet, config.style_dim
        width, narrow = sizes.decoder_channels, sizes.residual_channels
        joined = width + narrow + 2  # features, text again, F0 and energy
        self.encode = AdainResBlk1d(config.hidden_dim + 2, width, style)
        self.decode = nn.ModuleList(
            [
                AdainResBlk1d(joined, width, style),
                AdainResBlk1d(joined, width, style),
                AdainResBlk1d(joined, width, style),
                AdainResBlk1d(joined, sizes.upsample_initial_channel, style, upsample=True),
            ]
        )
        self.F0_conv = weight_norm(nn.Conv1d(1, 1, 3, stride=CURVES_PER_FRAME, padding=1))
        self.N_conv = weight_norm(nn.Conv1d(1, 1, 3, stride=CURVES_PER_FRAME, padding=1))
        self.asr_res = nn.Sequential(weight_norm(nn.Conv1d(config.hidden_dim, narrow, 1)))
        self.generator = Generator(config)

    @staticmethod
    def noise_shape(batch: int, frames: int) -> tuple[int, int, int]:
        """Shape of the `noise` of `forward`."""
        return batch, frames * CURVES_PER_FRAME * CURVE_HOP, HARMONICS

    def forward(
        self,
        asr: Tensor,
        f0: Tensor,
        energy: Tensor,
        style: Tensor,
        frame_lengths: Tensor,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Speak.

        Args:
            asr: (batch, hidden_dim, frames), text features along the alignment.
            f0: (batch, 2 * frames) Hz, 0 where unvoiced.
            energy: (batch, 2 * frames).
            style: (batch, style_dim), the acoustic half.
            frame_lengths: (batch,) int64, alignment frames of each utterance.
            noise: standard normal of `noise_shape`, the noise of the excitation; drawn when None.

        Returns:
            (batch, frames * 600) float, 24 kHz, zero in the padding.
        """
        batch, _, frames = asr.shape
        if noise is None:
            noise = torch.randn(self.noise_shape(batch, frames), device=f0.device, dtype=f0.dtype)
        mask = padding_mask(frame_lengths, frames)
        curve_mask = upsample_mask(mask, CURVES_PER_FRAME)
        curve_lengths = frame_lengths * CURVES_PER_FRAME
        f0 = apply_mask(f0[:, None], curve_mask)  # (batch, 1, 2 * frames)
        pitch = self.F0_conv(f0)
        loudness = self.N_conv(apply_mask(energy[:, None], curve_mask))
        features = apply_mask(torch.cat([asr, pitch, loudness], dim=1), mask)
        x = self.encode(features, style, mask)
        residual = self.asr_res(asr)
        for block in self.decode:
            x = block(torch.cat([x, residual, pitch, loudness], dim=1), style, mask)
        audio: Tensor = self.generator(x, style, f0[:, 0], noise, curve_lengths, curve_mask)
        return audio
