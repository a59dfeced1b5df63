"""Kokoro's graph: phoneme ids and a style in, 24 kHz speech out.

A style is (batch, 2 * style_dim): the first half is acoustic (timbre, read by the decoder), the
second prosodic (read by the predictor). Time runs in alignment frames of 600 samples (25 ms); F0
and energy have two values a frame. Token sequences begin and end with id 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.model.albert import Albert
from engine.model.config import FRAME_SAMPLES, ModelConfig
from engine.model.istftnet import Decoder
from engine.model.layers import valid_mask
from engine.model.predictor import Prosody, ProsodyPredictor
from engine.model.source_filter import SourceFilterDecoder
from engine.model.text_encoder import TextEncoder


@dataclass(frozen=True, kw_only=True)
class TextFeatures:
    """What the two text encoders say about a batch of token sequences."""

    acoustic: Tensor
    """(batch, hidden_dim, tokens) float, for the decoder; zero in the padding."""
    prosodic: Tensor
    """(batch, hidden_dim, tokens) float, for the predictor."""
    mask: Tensor
    """(batch, tokens) bool, True where a token is not padding."""


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A batch of synthesised utterances, padded with zeros."""

    audio: Tensor
    """(batch, samples) float, 24 kHz."""
    sample_lengths: Tensor
    """(batch,) int64, samples."""
    durations: Tensor
    """(batch, tokens) int64, alignment frames; 0 in the padding."""
    f0: Tensor
    """(batch, 2 * frames) float, Hz."""
    energy: Tensor
    """(batch, 2 * frames) float."""

    def utterances(self) -> list[Tensor]:
        """The audio of each utterance, (samples,), without padding."""
        lengths = self.sample_lengths.tolist()
        return [row[:length] for row, length in zip(self.audio, lengths, strict=True)]


def round_durations(logits: Tensor, speed: float = 1.0) -> Tensor:
    """Whole frames per token.

    Args:
        logits: (batch, tokens, max_dur); the duration is the sum of their sigmoids.
        speed: above 1 speaks faster.

    Returns:
        (batch, tokens) int64 alignment frames, at least 1.

    Raises:
        ValueError: the speed is not positive.
    """
    if not speed > 0:
        raise ValueError(f"speed is {speed}: it must be above 0")
    return torch.round(torch.sigmoid(logits).sum(dim=-1) / speed).clamp(min=1).long()


def alignment_from_durations(durations: Tensor, frames: int | None = None) -> Tensor:
    """The hard alignment that gives each token its frames, in order.

    Args:
        durations: (batch, tokens) int64, alignment frames; 0 for padding.
        frames: length of the frame axis; by default that of the longest utterance.

    Returns:
        (batch, tokens, frames) float32 of zeros and ones; columns past an utterance's end are zero.

    Raises:
        ValueError: an utterance is longer than `frames`.
    """
    ends = durations.cumsum(dim=1)  # (batch, tokens)
    longest = int(ends[:, -1].max())
    if frames is None:
        frames = longest
    if longest > frames:
        raise ValueError(f"durations of {longest} frames do not fit in {frames}")
    frame = torch.arange(frames, device=durations.device)
    inside = (frame >= (ends - durations)[..., None]) & (frame < ends[..., None])
    return inside.float()


class Kokoro(nn.Module):
    """The whole model; every part is trainable and takes padded batches."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.bert = Albert(config.n_token, config.plbert)
        self.bert_encoder = nn.Linear(config.plbert.hidden_size, config.hidden_dim)
        self.predictor = ProsodyPredictor(config)
        self.text_encoder = TextEncoder(config)
        self.decoder: nn.Module
        if config.decoder == "istftnet":
            self.decoder = Decoder(config)
        else:
            self.decoder = SourceFilterDecoder(config)

    def encode_text(self, tokens: Tensor, lengths: Tensor) -> TextFeatures:
        """Encode phonemes.

        Args:
            tokens: (batch, tokens) int64, with the id 0 at both ends.
            lengths: (batch,) int64, tokens of each sequence.

        Raises:
            ValueError: the sequence is longer than the model's context.
        """
        mask = valid_mask(lengths, tokens.shape[1])
        prosodic = self.bert_encoder(self.bert(tokens, mask)).transpose(1, 2)
        return TextFeatures(
            acoustic=self.text_encoder(tokens, lengths, mask), prosodic=prosodic, mask=mask
        )

    def durations(
        self, text: TextFeatures, prosodic_style: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Predict durations.

        Args:
            text: from `encode_text`.
            prosodic_style: (batch, style_dim).
            lengths: (batch,) int64, tokens of each sequence.

        Returns:
            Logits (batch, tokens, max_dur), see `round_durations`, and the encoded text
            (batch, tokens, hidden_dim + style_dim) that `prosody` takes.
        """
        return self.predictor.durations(text.prosodic, prosodic_style, lengths, text.mask)

    def prosody(
        self, encoded: Tensor, alignment: Tensor, prosodic_style: Tensor, frame_lengths: Tensor
    ) -> Prosody:
        """Predict F0 and energy along an alignment.

        Args:
            encoded: (batch, tokens, hidden_dim + style_dim), from `durations`.
            alignment: (batch, tokens, frames) float.
            prosodic_style: (batch, style_dim).
            frame_lengths: (batch,) int64, alignment frames of each utterance.
        """
        return self.predictor.curves(
            encoded.transpose(1, 2) @ alignment, prosodic_style, frame_lengths
        )

    def decode(
        self,
        text: TextFeatures,
        alignment: Tensor,
        f0: Tensor,
        energy: Tensor,
        acoustic_style: Tensor,
        frame_lengths: Tensor,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Speak.

        Args:
            text: from `encode_text`.
            alignment: (batch, tokens, frames) float.
            f0: (batch, 2 * frames) Hz, 0 where unvoiced.
            energy: (batch, 2 * frames).
            acoustic_style: (batch, style_dim).
            frame_lengths: (batch,) int64, alignment frames of each utterance.
            noise: the decoder's random input, drawn when None; its shape is the decoder's matter.

        Returns:
            (batch, frames * 600) float, 24 kHz.
        """
        asr = text.acoustic @ alignment
        audio: Tensor = self.decoder(asr, f0, energy, acoustic_style, frame_lengths, noise=noise)
        return audio

    @torch.no_grad()
    def synthesize(
        self,
        tokens: Tensor,
        lengths: Tensor,
        style: Tensor,
        speed: float = 1.0,
        noise: Tensor | Callable[[Tensor], Tensor] | None = None,
    ) -> Speech:
        """Go from phonemes to speech with predicted durations, F0 and energy.

        Args:
            tokens: (batch, tokens) int64, with the id 0 at both ends.
            lengths: (batch,) int64, tokens of each sequence.
            style: (batch, 2 * style_dim): acoustic half, prosodic half.
            speed: above 1 speaks faster.
            noise: see `decode`; or what makes it from the alignment frames (batch,) of each
                utterance, which are not known before.

        Raises:
            ValueError: the sequence is longer than the model's context, or the speed not positive.
        """
        acoustic_style = style[:, : self.config.style_dim]
        prosodic_style = style[:, self.config.style_dim :]
        text = self.encode_text(tokens, lengths)
        logits, encoded = self.durations(text, prosodic_style, lengths)
        durations = round_durations(logits, speed) * text.mask
        frame_lengths = durations.sum(dim=1)
        alignment = alignment_from_durations(durations)
        prosody = self.prosody(encoded, alignment, prosodic_style, frame_lengths)
        if callable(noise) and not isinstance(noise, Tensor):
            noise = noise(frame_lengths)
        audio = self.decode(
            text, alignment, prosody.f0, prosody.energy, acoustic_style, frame_lengths, noise
        )
        sample_lengths = frame_lengths * FRAME_SAMPLES
        return Speech(
            audio=audio * valid_mask(sample_lengths, audio.shape[-1]),
            sample_lengths=sample_lengths,
            durations=durations,
            f0=prosody.f0,
            energy=prosody.energy,
        )
