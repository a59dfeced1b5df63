"""A voice as three graphs without loops, complex numbers or data-dependent branches.

    text       phonemes and style -> durations, and the text encoded for each half of the model
    prosody    encoded text along the durations -> F0 and energy
    decoder    the same, F0, energy and noise -> audio

Between the first and the others each token is repeated as many times as it lasts, which is one line
of numpy; durations, pitch and loudness can be changed on the way. One utterance at a time.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.model.config import CURVE_HOP, SAMPLE_RATE, ModelConfig
from engine.model.graph import Kokoro
from engine.model.istftnet import (
    HARMONICS,
    SINE_AMPLITUDE,
    UNVOICED_NOISE,
    VOICED_ABOVE,
    VOICED_NOISE,
    Decoder,
    Generator,
)
from engine.model.source_filter import LOG_GAIN_LIMIT, SourceFilterDecoder
from engine.synthesis.real_fourier import (
    RealShortTimeFourier,
    cosines_and_sines,
    inverse_matrices,
    upsample_linear,
)


class OnnxLSTM(nn.LSTM):
    """A bidirectional LSTM that is exported as one operator.

    What the exporter knows of LSTMs is a loop over the steps, unrolled: of one length only.
    """

    W: Tensor
    R: Tensor
    B: Tensor

    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__(lstm.input_size, lstm.hidden_size, batch_first=True, bidirectional=True)
        self.load_state_dict(lstm.state_dict())
        self.requires_grad_(False).eval()
        stacked = {
            kind: torch.stack([self._gates(f"{kind}_l0{suffix}") for suffix in ("", "_reverse")])
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
        bias = torch.cat([stacked["bias_ih"], stacked["bias_hh"]], dim=1)
        for name, tensor in zip(
            "WRB", (stacked["weight_ih"], stacked["weight_hh"], bias), strict=True
        ):
            self.register_buffer(name, tensor, persistent=False)

    def _gates(self, name: str) -> Tensor:
        """A parameter with its gates in ONNX's order: input, output, forget, cell."""
        tensor: Tensor = getattr(self, name)
        into, forget, cell, out = tensor.detach().chunk(4)
        return torch.cat([into, out, forget, cell])

    def forward(  # type: ignore[override]
        self, x: Tensor, hx: Any = None
    ) -> tuple[Tensor, Any]:
        """(1, steps, channels) -> (1, steps, 2 * hidden)."""
        if not torch.compiler.is_exporting():
            return super().forward(x, hx)
        steps = x.transpose(0, 1)
        y = torch.onnx.ops.symbolic(
            "LSTM",
            (steps, self.W, self.R, self.B),
            {"hidden_size": self.hidden_size, "direction": "bidirectional"},
            dtype=x.dtype,
            shape=(steps.shape[0], 2, 1, self.hidden_size),
        )  # (steps, directions, batch, hidden)
        return y.permute(2, 0, 1, 3).flatten(2), None


def exchange_lstms(model: nn.Module) -> None:
    """Put an LSTM that can be exported in place of each that is there."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.LSTM) and not isinstance(child, OnnxLSTM):
                setattr(parent, name, OnnxLSTM(child))


class TextGraph(nn.Module):
    """Phonemes to durations and encoded text."""

    def __init__(self, graph: Kokoro) -> None:
        super().__init__()
        exchange_lstms(graph)
        self.model = graph

    def forward(self, tokens: Tensor, style: Tensor, speed: Tensor) -> tuple[Tensor, ...]:
        """Encode a sentence.

        Args:
            tokens: (1, tokens) int64, with the id 0 at both ends.
            style: (1, 2 * style_dim).
            speed: () float32, above 1 speaks faster.

        Returns:
            durations (1, tokens) int64 in alignment frames; prosodic (1, tokens, hidden_dim +
            style_dim) and acoustic (1, tokens, hidden_dim) features.
        """
        lengths = torch.ones_like(tokens).sum(dim=1)
        text = self.model.encode_text(tokens, lengths)
        prosodic_style = style[:, self.model.config.style_dim :]
        logits, encoded = self.model.durations(text, prosodic_style, lengths)
        frames = torch.round(torch.sigmoid(logits).sum(dim=-1) / speed).clamp(min=1)
        return frames.long(), encoded, text.acoustic.transpose(1, 2)


class ProsodyGraph(nn.Module):
    """Encoded text along the durations to F0 and energy."""

    def __init__(self, graph: Kokoro) -> None:
        super().__init__()
        exchange_lstms(graph.predictor)
        self.predictor = graph.predictor
        self.style_dim = graph.config.style_dim

    def forward(self, prosodic: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """Predict the curves.

        Args:
            prosodic: (1, frames, hidden_dim + style_dim).
            style: (1, 2 * style_dim).

        Returns:
            F0 in Hz and energy, (1, 2 * frames) each.
        """
        frames = torch.ones_like(prosodic[..., 0]).sum(dim=1).long()
        curves = self.predictor.curves(prosodic.transpose(1, 2), style[:, self.style_dim :], frames)
        return curves.f0, curves.energy


class DecoderGraph(nn.Module):
    """Encoded text along the durations, F0, energy and noise to audio."""

    def __init__(self, graph: Kokoro) -> None:
        super().__init__()
        self.style_dim = graph.config.style_dim
        decoder = graph.decoder
        if isinstance(decoder, Decoder):
            # only what lies inside differs; the decoder's own layers are shared
            generator = PreciseGenerator(graph.config)
            generator.load_from(decoder.generator)
            self.decoder: nn.Module = decoder
            decoder.generator = generator
        else:
            assert isinstance(decoder, SourceFilterDecoder)
            self.decoder = RealSourceFilter(graph.config)
            self.decoder.load_state_dict(decoder.state_dict())

    def forward(
        self, acoustic: Tensor, f0: Tensor, energy: Tensor, style: Tensor, noise: Tensor
    ) -> Tensor:
        """Speak.

        Args:
            acoustic: (1, frames, hidden_dim).
            f0, energy: (1, 2 * frames).
            style: (1, 2 * style_dim).
            noise: standard normal, (1, 600 * frames), with an axis of 9 behind for iSTFTNet.

        Returns:
            (1, 600 * frames) audio, 24 kHz.
        """
        frames = torch.ones_like(acoustic[..., 0]).sum(dim=1).long()
        audio: Tensor = self.decoder(
            acoustic.transpose(1, 2), f0, energy, style[:, : self.style_dim], frames, noise
        )
        return audio


class PreciseGenerator(Generator):
    """`Generator` of one utterance, whose excitation is summed in float64 and real arithmetic.

    The published excitation accumulates phases in float32; how it rounds is no part of the voice.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        sizes = config.istftnet
        self.real_stft = RealShortTimeFourier(sizes.gen_istft_n_fft, sizes.gen_istft_hop_size)

    def load_from(self, generator: Generator) -> None:
        """Take another's layers."""
        for name, layer in generator.named_children():
            setattr(self, name, layer)
        self.stft = self.real_stft  # type: ignore[assignment]

    def _source(self, f0: Tensor, noise: Tensor, curve_lengths: Tensor) -> Tensor:
        """(1, n_fft + 2, frames)."""
        mixed = self.m_source.l_linear(precise_sines(f0, noise))
        return self.real_stft.transform(torch.tanh(mixed)[..., 0])


def precise_sines(f0: Tensor, noise: Tensor) -> Tensor:
    """`harmonic_sines` of one utterance with phases in float64: (1, curve * 300, 9) float32."""
    multiples = torch.arange(1, HARMONICS + 1, device=f0.device, dtype=torch.float64)
    cycles = f0[0].double() * multiples[:, None] / SAMPLE_RATE  # (harmonics, curve)
    cycles = torch.cumsum(cycles - torch.floor(cycles), dim=1) * CURVE_HOP
    phase = upsample_linear(cycles, CURVE_HOP)
    turn = (phase - torch.floor(phase)).float().T[None]  # (1, samples, harmonics)
    sines = torch.sin(turn * (2 * math.pi)) * SINE_AMPLITUDE
    voiced = (f0 > VOICED_ABOVE).to(f0.dtype).repeat_interleave(CURVE_HOP, dim=1)[..., None]
    return sines * voiced + noise * (voiced * VOICED_NOISE + (1 - voiced) * UNVOICED_NOISE)


class RealSourceFilter(SourceFilterDecoder):
    """`SourceFilterDecoder` of one utterance in real arithmetic.

    Logarithmic gains go to a minimum-phase filter's logarithmic response by linear steps alone
    (inverse transform, folding, transform): those are one matrix.
    """

    to_log_gain: Tensor
    to_phase: Tensor
    analysis: Tensor
    synthesis: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        n_fft = self.n_fft
        real, _ = inverse_matrices(n_fft)
        fold = torch.zeros(n_fft)
        fold[0] = fold[n_fft // 2] = 1
        fold[1 : n_fft // 2] = 2
        cosine, sine = cosines_and_sines(n_fft, n_fft)
        cepstrum = (self.harmonic_basis @ real).double() * fold  # (bands, n_fft)
        self.register_buffer("to_log_gain", (cepstrum @ cosine.double()).float(), persistent=False)
        self.register_buffer("to_phase", -(cepstrum @ sine.double()).float(), persistent=False)
        window = self.window_length
        analysis = torch.cat([cosine[:window], -sine[:window]], dim=1) * self.window[:, None]
        self.register_buffer("analysis", analysis.T[:, None].contiguous(), persistent=False)
        synthesis = torch.cat(inverse_matrices(n_fft))[:, None]
        self.register_buffer("synthesis", synthesis, persistent=False)

    def _filter(self, bands: Tensor, f0: Tensor, mask: Tensor, noise: Tensor | None) -> Tensor:
        assert noise is not None
        bands = bands.clamp(max=LOG_GAIN_LIMIT)
        harmonic, aperiodic = bands.split([self.harmonic_bands, self.noise_bands], dim=-1)
        gain, phase = torch.exp(harmonic @ self.to_log_gain), harmonic @ self.to_phase
        real, imaginary = gain * torch.cos(phase), gain * torch.sin(phase)
        breath = torch.exp(aperiodic @ self.noise_basis)
        pulses = self._spectrum(real_pulse_train(f0, self.hop))
        hiss = self._spectrum(noise)
        spectrum = torch.cat(
            [
                pulses[0] * real - pulses[1] * imaginary + hiss[0] * breath,
                pulses[0] * imaginary + pulses[1] * real + hiss[1] * breath,
            ],
            dim=-1,
        )
        return self._joined(spectrum.transpose(1, 2))

    def _spectrum(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Real and imaginary parts, (1, frames, n_fft // 2 + 1) each."""
        margin = (self.window_length - self.hop) // 2
        spectrum = F.conv1d(source[:, None], self.analysis, stride=self.hop, padding=margin)
        real, imaginary = spectrum.transpose(1, 2).chunk(2, dim=-1)
        return real, imaginary

    def _joined(self, spectrum: Tensor) -> Tensor:
        """(1, n_fft + 2, frames) -> (1, frames * hop)."""
        margin = (self.window_length - self.hop) // 2
        summed = F.conv_transpose1d(spectrum, self.synthesis, stride=self.hop)[:, 0]
        return summed[:, margin : margin + spectrum.shape[-1] * self.hop]


def real_pulse_train(f0: Tensor, hop: int) -> Tensor:
    """`pulse_train` of (1, frames) in operations that every runtime has: (1, frames * hop)."""
    voiced = (f0 > 0).to(f0.dtype)
    hertz = upsample_linear(f0, hop) / upsample_linear(voiced, hop).clamp(min=1e-6)
    sounding = voiced.repeat_interleave(hop, dim=-1)
    hertz = torch.where(sounding > 0, hertz, torch.full_like(hertz, 100.0))
    cycles = torch.cumsum(hertz.double() / SAMPLE_RATE, dim=-1)
    phase = (cycles - torch.floor(cycles + 0.5)).to(f0.dtype) * math.pi
    harmonics = torch.floor(SAMPLE_RATE / 2 / hertz)
    order = 2 * harmonics + 1
    near_pulse = phase.abs() < 1e-5
    safe = torch.where(near_pulse, torch.full_like(phase, 1.0), phase)
    kernel = torch.where(near_pulse, order, torch.sin(order * safe) / torch.sin(safe))
    return (kernel - 1) / torch.sqrt(2 * harmonics) * sounding
