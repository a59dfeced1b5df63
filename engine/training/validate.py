"""Speech measures on the utterances that were set aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.mel import normalized_mel
from engine.corpus.manifest import Utterance
from engine.evaluation.errors import EvaluationError
from engine.evaluation.mcd import Distortion, copy_mcd, full_mcd
from engine.evaluation.prosody import f0_rmse
from engine.model.config import CURVES_PER_FRAME
from engine.model.graph import Kokoro, alignment_from_durations, round_durations
from engine.training.batches import Recording, energy_of, hertz

Wave = NDArray[np.float32]
Path = NDArray[np.intp]

WORST_MCD = 50.0  # dB, of speech that is silent or broken
WORST_F0 = 24.0  # semitones
F0_SHARE = 0.5  # of a semitone of F0 error against a decibel of MCD in the score


class Recordings(Protocol):
    """What knows the features of utterances."""

    def recording(self, item: tuple[int, Utterance]) -> Recording: ...


@dataclass(frozen=True)
class Measures:
    """Means over the validation utterances.

    Attributes:
        copy_mcd: dB, with the true durations, F0 and energy.
        full_mcd: dB along a time warp, everything predicted.
        f0_rmse: semitones, along the same warp.
        duration_mae: milliseconds a token.
        voicing_error: share of frames whose voicing is wrong, with the true durations.
    """

    copy_mcd: float
    full_mcd: float
    f0_rmse: float
    duration_mae: float
    voicing_error: float

    @property
    def score(self) -> float:
        """What picks the best checkpoint; lower is better."""
        return self.full_mcd + F0_SHARE * self.f0_rmse

    def values(self) -> dict[str, float]:
        return asdict(self)


@torch.no_grad()
def measure(
    graph: Kokoro,
    data: Recordings,
    items: Sequence[tuple[int, Utterance]],
    style_of: Callable[[Utterance], Tensor],
    check: Callable[[], None] = lambda: None,
) -> Measures:
    """Speak each utterance with its true prosody and with a predicted one, and compare.

    Args:
        graph: in evaluation mode.
        data: has the features of `items`.
        items: utterances as (corpus, utterance).
        style_of: (2 style_dim,) for an utterance's speaker.
        check: asked before each utterance; raises when the work is to stop.
    """
    rows = []
    for item in items:
        check()
        rows.append(_measure_one(graph, data.recording(item), style_of(item[1]).unsqueeze(0)))
    return Measures(*(float(np.mean(column)) for column in zip(*rows, strict=True)))


def _measure_one(
    graph: Kokoro, real: Recording, style: Tensor
) -> tuple[float, float, float, float, float]:
    device = style.device
    acoustic, prosodic = style.split(graph.config.style_dim, dim=-1)
    tokens = torch.from_numpy(real.tokens).unsqueeze(0).to(device)
    length = torch.tensor([tokens.shape[1]], device=device)
    text = graph.encode_text(tokens, length)
    logits, encoded = graph.durations(text, prosodic, length)
    true_durations = torch.from_numpy(real.durations).unsqueeze(0).to(device)
    predicted = round_durations(logits)
    true_f0 = torch.from_numpy(hertz(real)).unsqueeze(0).to(device)
    energy = energy_of(normalized_mel(torch.from_numpy(real.wave))).unsqueeze(0).to(device)

    aligned = alignment_from_durations(true_durations)
    frames = true_durations.sum(1)
    copy = graph.decode(text, aligned, true_f0, energy, acoustic, frames)
    guided = graph.prosody(encoded, aligned, prosodic, frames)

    own = alignment_from_durations(predicted)
    own_frames = predicted.sum(1)
    prosody = graph.prosody(encoded, own, prosodic, own_frames)
    speech = graph.decode(text, own, prosody.f0, prosody.energy, acoustic, own_frames)
    voicing = (guided.f0[0] > 0) == (true_f0[0] > 0)
    frame_ms = 1000 * CURVES_PER_FRAME / 80
    copied, _ = _distortion(copy_mcd, real.wave, copy[0].cpu().numpy())
    full, path = _distortion(full_mcd, real.wave, speech[0].cpu().numpy())
    return (
        copied,
        full,
        _melody(hertz(real), prosody.f0[0].cpu().numpy(), path),
        float((predicted - true_durations).abs().float().mean()) * frame_ms,
        1 - float(voicing.float().mean()),
    )


def _distortion(
    compare: Callable[[Wave, Wave], Distortion], real: Wave, made: Wave
) -> tuple[float, Path | None]:
    """MCD and path; a young model that makes no sound is as far off as can be, and has no path."""
    try:
        distortion = compare(real, made)
    except EvaluationError:
        return WORST_MCD, None
    return distortion.mcd, distortion.path


def _melody(real: Wave, made: Wave, path: Path | None) -> float:
    """F0 error, as bad as can be while a young model voices nothing that is voiced in truth."""
    if path is None:
        return WORST_F0
    try:
        return f0_rmse(real, made, path)
    except EvaluationError:
        return WORST_F0
