"""The aligner: which frames belong to which phoneme.

A small convolutional classifier over mel frames, and a left-to-right hidden Markov model whose
states are a text's phonemes with optional pauses between words. It learns from audio and text
alone, by the expected state occupancy (forward-backward; Rabiner 1989, section III), helped at
first by a beta-binomial prior along the diagonal (Shih et al. 2021, RAD-TTS).

Tone digits sound in the final before them and have no states of their own: `spread` gives them a
share of its frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.model.layers import valid_mask

SILENCE = 0  # class of pauses, and the id of BOS and EOS
PAUSES = frozenset('/;:,.!?—…"()“” ')
TONES = frozenset("12345")
MARKS = frozenset("ˈˌːʰʲ̃")  # change a neighbour, sound only within it
IMPOSSIBLE = -1e9  # log probability; finite, so that 0 times it is not NaN
MEL_FLOOR = -6.5  # natural log of mel power: below it lies the recorder, not the speech
DEAD_BAND = (
    0.5  # a band that moves less (standard deviation, nats) is empty, as over 8 kHz of 16 kHz audio
)
PRIOR_POWER = 0.5  # share of the class prior taken off the scores, as in hybrid recognisers
# Without these two, pauses swallow everything: whatever is called silence once trains the silence.
PAUSE_LEVEL = 0.35  # of the way from an utterance's quiet frames to its loud ones
PAUSE_PENALTY = 12.0  # nats, for a pause on a frame as loud as the loud ones, less in proportion


@dataclass(frozen=True)
class States:
    """A text as a chain of states.

    Attributes:
        classes: (states,) class of each, `SILENCE` for pauses.
        optional: (states,) True where a path may skip it.
        tokens: for each state the first token and the number of tokens that share its frames,
            BOS and EOS counted.
    """

    classes: NDArray[np.int64]
    optional: NDArray[np.bool_]
    tokens: tuple[tuple[int, int], ...]


def states_of(symbols: Sequence[str], ids: Sequence[int]) -> States:
    """The chain of states of a text.

    Args:
        symbols: vocabulary symbols, without BOS and EOS.
        ids: their ids.
    """
    classes, optional, tokens = [SILENCE], [True], [(0, 1)]
    for position, (symbol, id_) in enumerate(zip(symbols, ids, strict=True), start=1):
        pause = symbol in PAUSES
        if symbol in TONES or symbol in MARKS or (pause and classes[-1] == SILENCE):
            first, count = tokens[-1]
            tokens[-1] = (first, count + 1)
            continue
        classes.append(SILENCE if pause else id_)
        optional.append(pause)
        tokens.append((position, 1))
    if classes[-1] == SILENCE:
        first, count = tokens[-1]
        tokens[-1] = (first, count + 1)
    else:
        classes.append(SILENCE)
        optional.append(True)
        tokens.append((len(ids) + 1, 1))
    return States(np.array(classes), np.array(optional), tuple(tokens))


class AlignerNetwork(nn.Module):
    """Frame classifier: mel to log probabilities of the vocabulary's symbols and silence.

    It sees three frames (37 ms) to either side and no more: with a wider view it would learn to
    recognise whole syllables and put their borders anywhere.
    """

    def __init__(self, classes: int, n_mels: int = 80, width: int = 128) -> None:
        super().__init__()
        self.enter = nn.Conv1d(n_mels, width, 5, padding=2)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, width, size, padding=size // 2) for size in (3, 1, 1)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.convolutions)
        self.out = nn.Conv1d(width, classes, 1)
        self.log_prior: Tensor
        self.register_buffer("log_prior", torch.full((classes,), -float(np.log(classes))))

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, n_mels, frames) from `speaker_normalized` to (batch, frames, classes) log p."""
        h = F.gelu(self.enter(mel))
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            step = norm(convolution(h).transpose(1, 2)).transpose(1, 2)
            h = h + F.dropout(F.gelu(step), 0.1, self.training)
        return F.log_softmax(self.out(h).transpose(1, 2), dim=-1)


def speaker_normalized(mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Log-mels of one speaker with each band's mean and deviation over all of them taken out.

    Without it an aligner that learned on one microphone collapses on another.

    Args:
        mels: (80, frames) each, `log_mel`.
    """
    floored = [np.maximum(mel, MEL_FLOOR) for mel in mels]
    frames = np.concatenate(floored, axis=1)
    mean = frames.mean(axis=1, keepdims=True)
    deviation = frames.std(axis=1, keepdims=True)
    alive = deviation > DEAD_BAND
    return [
        np.where(alive, (mel - mean) / np.maximum(deviation, DEAD_BAND), 0).astype(np.float32)
        for mel in floored
    ]


def relative_level(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Level of each frame, 0 at the utterance's quiet frames and 1 at its loud ones.

    Args:
        mel: (80, frames) `log_mel`.

    Returns:
        (frames,) float32.
    """
    level = np.maximum(mel, MEL_FLOOR).mean(axis=0)
    quiet, loud = np.quantile(level, (0.05, 0.9))
    relative: NDArray[np.float32] = ((level - quiet) / max(loud - quiet, 1.0)).astype(np.float32)
    return relative


def pause_score(level: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a pause scores beside its class, (frames,) nats, by `relative_level`."""
    score: NDArray[np.float32] = -PAUSE_PENALTY * np.maximum(0, level - PAUSE_LEVEL)
    return score


def occupancy(
    emission: Tensor, optional: Tensor, states: Tensor, frames: Tensor
) -> tuple[Tensor, Tensor]:
    """Posterior state occupancy by forward-backward.

    Args:
        emission: (batch, frames, states) log probabilities.
        optional: (batch, states) bool.
        states: (batch,) number of states of each.
        frames: (batch,) number of frames of each.

    Returns:
        Occupancy (batch, frames, states), summing to 1 over states in valid frames, 0 elsewhere;
        and the log likelihood (batch,).
    """
    batch, length, size = emission.shape
    position = torch.arange(size, device=emission.device)
    emission = emission.masked_fill(position >= states[:, None, None], IMPOSSIBLE)
    skip = _skippable(optional)
    alpha = emission.new_full((length, batch, size), IMPOSSIBLE)
    alpha[0, :, 0] = emission[:, 0, 0]
    alpha[0, :, 1] = torch.where(optional[:, 0], emission[:, 0, 1], IMPOSSIBLE)
    for t in range(1, length):
        alpha[t] = _arrive(alpha[t - 1], skip) + emission[:, t]

    rows = torch.arange(batch, device=emission.device)
    last_optional = optional[rows, states - 1]
    ends = emission.new_full((batch, size), IMPOSSIBLE)
    ends[rows, states - 1] = 0
    ends[rows, states - 2] = torch.where(last_optional, 0.0, IMPOSSIBLE)
    beta = emission.new_full((length, batch, size), IMPOSSIBLE)
    for t in range(length - 1, -1, -1):
        if t < length - 1:
            beta[t] = _depart(beta[t + 1] + emission[:, t + 1], skip)
        beta[t] = torch.where(torch.eq(frames, t + 1)[:, None], ends, beta[t])

    joint = (alpha + beta).transpose(0, 1)  # (batch, frames, states)
    likelihood = torch.logsumexp(joint[:, 0], dim=-1)
    valid = valid_mask(frames, length)
    return torch.softmax(joint, dim=-1) * valid[..., None], likelihood


def _skippable(optional: Tensor) -> Tensor:
    """(batch, states) bool: state s may be entered from s - 2, because s - 1 is optional."""
    return F.pad(optional[:, :-1], (1, 0)) & (
        torch.arange(optional.shape[1], device=optional.device) >= 2
    )


def _arrive(alpha: Tensor, skip: Tensor) -> Tensor:
    one = F.pad(alpha[:, :-1], (1, 0), value=IMPOSSIBLE)
    two = F.pad(alpha[:, :-2], (2, 0), value=IMPOSSIBLE).masked_fill(~skip, IMPOSSIBLE)
    return torch.logsumexp(torch.stack([alpha, one, two]), dim=0)


def _depart(beta: Tensor, skip: Tensor) -> Tensor:
    one = F.pad(beta[:, 1:], (0, 1), value=IMPOSSIBLE)
    two = F.pad(beta.masked_fill(~skip, IMPOSSIBLE)[:, 2:], (0, 2), value=IMPOSSIBLE)
    return torch.logsumexp(torch.stack([beta, one, two]), dim=0)


def viterbi(
    emission: NDArray[np.float32], optional: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], float]:
    """The best path.

    Args:
        emission: (frames, states) log probabilities.
        optional: (states,) which states a path may skip.

    Returns:
        Frames spent in each state (states,) int64, and the path's mean log probability a frame.
    """
    frames, size = emission.shape
    skip = np.zeros(size, dtype=bool)
    skip[2:] = optional[1:-1]
    best = np.full(size, IMPOSSIBLE, dtype=np.float64)
    best[0] = emission[0, 0]
    if optional[0] and size > 1:
        best[1] = emission[0, 1]
    came = np.zeros((frames, size), dtype=np.int8)
    for t in range(1, frames):
        one = np.concatenate(([IMPOSSIBLE], best[:-1]))
        two = np.where(
            skip, np.concatenate(([IMPOSSIBLE, IMPOSSIBLE], best[:-2]))[:size], IMPOSSIBLE
        )
        options = np.stack([best, one, two])
        came[t] = options.argmax(axis=0)
        best = options.max(axis=0) + emission[t]
    state = size - 1
    if optional[-1] and size > 1 and best[-2] > best[-1]:
        state = size - 2
    score = float(best[state]) / frames
    counts = np.zeros(size, dtype=np.int64)
    for t in range(frames - 1, -1, -1):
        counts[state] += 1
        state -= int(came[t, state])
    return counts, score


def spread(
    counts: NDArray[np.int64], states: States, frames: int, minimum: int = 1
) -> tuple[int, ...]:
    """Durations of all tokens, BOS and EOS included, in alignment frames.

    A state's tokens share it equally; every token then gets at least `minimum` frames, with
    boundaries moved as little as possible (least squares under a minimum distance is isotonic
    regression of the boundaries less their ranks; Barlow et al. 1972).

    Args:
        counts: (states,) mel frames in each state.
        states: the text's chain.
        frames: alignment frames of the utterance; the durations sum to it.

    Raises:
        ValueError: the utterance has fewer frames than its tokens need.
    """
    per_frame = counts.sum() / frames  # mel frames an alignment frame
    lengths = np.concatenate(
        [
            np.full(shared, count / shared)
            for count, (_, shared) in zip(counts, states.tokens, strict=True)
        ]
    )
    tokens = len(lengths)
    room = frames - minimum * tokens
    if room < 0:
        raise ValueError(f"{frames} frames cannot hold {tokens} tokens of {minimum}")
    ranks = minimum * np.arange(1, tokens)
    boundaries = np.cumsum(lengths)[:-1] / per_frame
    relaxed = np.clip(np.rint(isotonic(boundaries - ranks)), 0, room).astype(np.int64)
    edges = np.concatenate(([0], relaxed + ranks, [frames]))
    return tuple(int(value) for value in np.diff(edges))


def isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The closest non-decreasing sequence (least squares), by pooling adjacent violators."""
    blocks: list[list[float]] = []  # mean, weight
    for value in values:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight = blocks.pop()
            before, before_weight = blocks[-1]
            total = weight + before_weight
            blocks[-1] = [(mean * weight + before * before_weight) / total, total]
    return np.repeat([mean for mean, _ in blocks], [int(weight) for _, weight in blocks])
