"""`[preprocess]` of `config.toml`."""

from __future__ import annotations

from pydantic import Field

from workspace.settings import Table


class PreprocessSettings(Table):
    """What an utterance must be like to be trained on, and how it is made ready."""

    workers: int = Field(default=0, ge=0)
    """Processes that decode and measure; 0 takes one for each core that the job may use."""
    min_seconds: float = Field(default=0.2, gt=0)
    """Shortest speech, seconds between its first and last sound."""
    max_seconds: float = Field(default=30.0, gt=0, le=60)
    """Longest speech, seconds between its first and last sound."""
    min_syllable_seconds: float = Field(default=0.07, ge=0)
    """Fastest speech, seconds a syllable: faster means that the text says more than the audio."""
    max_syllable_seconds: float = Field(default=1.2, gt=0)
    """Slowest speech, seconds a syllable: slower means that the text says less than the audio."""
    max_clipping: float = Field(default=0.01, ge=0, le=1)
    """Largest share of samples at full scale."""
    min_snr: float = 10.0
    """Smallest speech level over the noise floor, dB."""
    level: float = Field(default=-23.0, le=-10)
    """RMS of the speech (without its pauses) after normalisation, dBFS."""
    margin_seconds: float = Field(default=0.08, ge=0.05, le=0.5)
    """Silence kept before and after the speech, seconds."""
    min_alignment_score: float = Field(default=-4.0, le=0)
    """Smallest mean log-likelihood of the alignment of an utterance: lower means wrong text."""
