"""Training the aligner, adapting it to a dataset, and aligning with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.mel import log_mel
from engine.errors import EngineError
from engine.model.aligner import (
    PRIOR_POWER,
    SILENCE,
    AlignerNetwork,
    States,
    occupancy,
    pause_score,
    relative_level,
    speaker_normalized,
    spread,
    states_of,
    viterbi,
)
from engine.model.config import CURVES_PER_FRAME
from engine.model.weights import load_strictly, read_weights, save_weights
from engine.text import VOCABULARIES
from engine.training.optimizer import AdamW
from engine.training.settings import AlignerSettings

VOCABULARY = "v1.1-zh"  # the aligner's classes are this vocabulary's ids
ALIGNER_FILE = "aligner.safetensors"
FRAMES_PER_SECOND = 80  # mel
PRIOR_MOMENTUM = 0.98  # of the running class prior
GRADIENT_CLIP = 1.0

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Alignment:
    """Which token holds which frames of an utterance.

    Attributes:
        durations: alignment frames (25 ms) of each token, BOS and EOS included.
        score: mean log probability a mel frame along the best path; nearer 0 is better.
    """

    durations: tuple[int, ...]
    score: float


@dataclass(frozen=True)
class Example:
    """One utterance as the aligner sees it.

    Attributes:
        mel: (80, frames), normalised.
        pause: (frames,) what a pause scores there, see `pause_score`.
        states: of its text.
    """

    mel: NDArray[np.float32]
    pause: NDArray[np.float32]
    states: States


def examples(
    waves: Sequence[NDArray[np.float32]], symbols: Sequence[Sequence[str]], speakers: Sequence[str]
) -> list[Example]:
    """Mels, normalised speaker by speaker, with their chains of states.

    Args:
        waves: float32, 24 kHz; lengths are multiples of 600 samples.
        symbols: vocabulary symbols of each, without BOS and EOS.
        speakers: whose voice each is.
    """
    vocabulary = VOCABULARIES[VOCABULARY]
    mels = [log_mel(torch.from_numpy(wave)).numpy() for wave in waves]
    pauses = [pause_score(relative_level(mel)) for mel in mels]
    for speaker in set(speakers):
        own = [i for i, name in enumerate(speakers) if name == speaker]
        for i, mel in zip(own, speaker_normalized([mels[i] for i in own]), strict=True):
            mels[i] = mel
    chains = [states_of(row, [vocabulary.id(symbol) for symbol in row]) for row in symbols]
    return [Example(*parts) for parts in zip(mels, pauses, chains, strict=True)]


def train(
    network: AlignerNetwork,
    data: Sequence[Example],
    settings: AlignerSettings,
    *,
    steps: int,
    prior_share: float,
    seed: int,
    progress: Progress = lambda done, total: None,
) -> list[float]:
    """Train in place by expectation and maximisation of the state occupancy.

    Args:
        steps: how many batches.
        prior_share: share of the steps in which the diagonal prior fades from whole to nothing.

    Returns:
        Negative log likelihood a frame of each step's batch.
    """
    usable = [example for example in data if example.mel.shape[1] >= _shortest_path(example.states)]
    if not usable:
        raise EngineError(
            "no utterance is long enough for its text", "check that texts belong to their audio"
        )
    generator = np.random.default_rng(seed)
    optimizer = AdamW(network.parameters(), lr=settings.learning_rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.learning_rate, total_steps=max(steps, 2), pct_start=0.1
    )
    losses = []
    network.train()
    frames_a_batch = int(settings.batch_seconds * FRAMES_PER_SECOND)
    batches = _batches(usable, frames_a_batch, generator)
    for step in range(steps):
        batch = next(batches)
        prior_weight = max(0.0, 1 - step / (prior_share * steps)) if prior_share else 0.0
        loss = _loss(network, batch, prior_weight)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_CLIP)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        progress(step + 1, steps)
    network.eval()
    return losses


def _loss(network: AlignerNetwork, batch: Sequence[Example], prior_weight: float) -> Tensor:
    """Cross entropy against the occupancy: the likelihood's gradient, by Fisher's identity."""
    mel, pause, frames, classes, optional, sizes = _collate(batch)
    log_p = network(mel)
    rows = torch.arange(len(batch)).unsqueeze(1)
    emission = log_p[rows, :, classes].transpose(1, 2)  # (batch, frames, states)
    with torch.no_grad():
        scores = emission - PRIOR_POWER * network.log_prior[classes].unsqueeze(1)
        scores = scores + pause.unsqueeze(-1) * (classes == SILENCE).unsqueeze(1)
        if prior_weight > 0:
            scores = scores + prior_weight * diagonal_prior(frames, sizes, *emission.shape[1:])
        posterior, _ = occupancy(scores, optional, sizes, frames)
        mass = torch.zeros(network.log_prior.shape[0]).index_add_(
            0, classes.flatten(), posterior.sum(1).flatten()
        )
        prior = network.log_prior.exp() * PRIOR_MOMENTUM + (1 - PRIOR_MOMENTUM) * mass / mass.sum()
        network.log_prior.copy_(prior.clamp(min=1e-5).log())
    loss: Tensor = -(posterior * emission).sum() / frames.sum()
    return loss


def diagonal_prior(frames: Tensor, sizes: Tensor, length: int, states: int) -> Tensor:
    """Beta-binomial log prior (batch, length, states): speech goes through its text evenly."""
    t = torch.arange(1, length + 1).view(1, -1, 1)
    s = torch.arange(states).view(1, 1, -1)
    n = (sizes - 1).view(-1, 1, 1)
    total = frames.view(-1, 1, 1)
    a, b = t.float(), (total - t + 1).clamp(min=1).float()
    k = torch.minimum(s, n).float()
    n = n.float()

    def log_beta(x: Tensor, y: Tensor) -> Tensor:
        return torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)

    choose = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
    return choose + log_beta(k + a, n - k + b) - log_beta(a, b)


def _collate(batch: Sequence[Example]) -> tuple[Tensor, ...]:
    frames = torch.tensor([example.mel.shape[1] for example in batch])
    sizes = torch.tensor([len(example.states.classes) for example in batch])
    mel = torch.zeros(len(batch), batch[0].mel.shape[0], int(frames.max()))
    pause = torch.zeros(len(batch), int(frames.max()))
    classes = torch.zeros(len(batch), int(sizes.max()), dtype=torch.long)
    optional = torch.zeros(len(batch), int(sizes.max()), dtype=torch.bool)
    for row, example in enumerate(batch):
        mel[row, :, : frames[row]] = torch.from_numpy(example.mel)
        pause[row, : frames[row]] = torch.from_numpy(example.pause)
        classes[row, : sizes[row]] = torch.from_numpy(example.states.classes)
        optional[row, : sizes[row]] = torch.from_numpy(example.states.optional)
    return mel, pause, frames, classes, optional, sizes


def _batches(
    data: Sequence[Example], frames_a_batch: int, generator: np.random.Generator
) -> Iterator[list[Example]]:
    """Endless shuffled batches of about equal padded size, of utterances about equally long."""
    by_length = sorted(data, key=lambda example: example.mel.shape[1])
    groups: list[list[Example]] = [[]]
    for example in by_length:
        if groups[-1] and (len(groups[-1]) + 1) * example.mel.shape[1] > frames_a_batch:
            groups.append([])
        groups[-1].append(example)
    while True:
        for index in generator.permutation(len(groups)):
            yield groups[index]


def _shortest_path(states: States) -> int:
    return int((~states.optional).sum())


class Aligner:
    """A trained network that aligns utterances.

    Args:
        network: the frame classifier; it stays what it is here for `save` and every `align`.
        settings: how it adapts to a dataset.
        seed: where the adaptation's random numbers start.
    """

    def __init__(
        self, network: AlignerNetwork, settings: AlignerSettings | None = None, seed: int = 0
    ) -> None:
        self.network = network.eval()
        self._given = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        self.settings = settings or AlignerSettings()  # type: ignore[call-arg, unused-ignore]
        self.seed = seed

    @classmethod
    def load(cls, base: Path, settings: AlignerSettings | None = None, seed: int = 0) -> Aligner:
        """The aligner that lies beside a base.

        Raises:
            EngineError: the base has none, or it does not fit.
        """
        path = base / ALIGNER_FILE
        if not path.is_file():
            raise EngineError(f"{path}: the base has no aligner", "choose another base")
        network = AlignerNetwork(VOCABULARIES[VOCABULARY].size)
        load_strictly(network, read_weights(path)[0], str(path))
        return cls(network, settings, seed)

    def save(self, path: Path) -> None:
        """Write the network as it was given, without what `align` adapted."""
        save_weights(path, self._given, {})

    def align(
        self,
        waves: Sequence[NDArray[np.float32]],
        symbols: Sequence[Sequence[str]],
        speakers: Sequence[str],
        progress: Progress = lambda done, total: None,
    ) -> list[Alignment | None]:
        """Adapt the given network to these utterances, then align each.

        Nothing of an earlier call stays: the same utterances always give the same alignments.

        Args:
            waves: float32, 24 kHz, multiples of 600 samples long.
            symbols: vocabulary symbols of each, without BOS and EOS.
            speakers: whose voice each is; levels and channels are taken out speaker by speaker.

        Returns:
            For each its alignment, or None where the audio is too short for its text.
        """
        data = examples(waves, symbols, speakers)
        self.network.load_state_dict(self._given)
        if self.settings.adaptation_steps and data:
            torch.manual_seed(self.seed)  # dropout
            train(
                self.network, data, self.settings,
                steps=self.settings.adaptation_steps, prior_share=0.0, seed=self.seed,
            )  # fmt: skip
        aligned = []
        for index, example in enumerate(data):
            aligned.append(self.align_one(example))
            progress(index + 1, len(data))
        return aligned

    @torch.no_grad()
    def align_one(self, example: Example) -> Alignment | None:
        """The best path of an example as durations; None where it is too short for its text."""
        frames = example.mel.shape[1] // CURVES_PER_FRAME
        tokens = sum(count for _, count in example.states.tokens)
        if frames < tokens or example.mel.shape[1] < _shortest_path(example.states):
            return None
        log_p = self.network(torch.from_numpy(example.mel).unsqueeze(0))[0]
        scaled = (log_p - PRIOR_POWER * self.network.log_prior).numpy()
        scaled[:, SILENCE] += example.pause
        counts, _ = viterbi(scaled[:, example.states.classes], example.states.optional)
        path = np.repeat(example.states.classes, counts)
        score = float(log_p.numpy()[np.arange(len(path)), path].mean())
        return Alignment(spread(counts, example.states, frames), score)
