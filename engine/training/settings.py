"""How models are trained: the tables `[aligner]`, `[stage1]` and `[stage2]` of `config.toml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workspace.settings import Table

ParameterSet = Literal["mamba", "voice", "adain-lora", "all"]


class AlignerSettings(Table):
    """`[aligner]`: the learned phoneme aligner."""

    adaptation_steps: int = Field(60, ge=0)
    """Steps it is adapted to a new dataset before it aligns that dataset; 0 takes it as it is."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak of the schedule."""
    batch_seconds: float = Field(60.0, gt=0)
    """Audio in a batch, in seconds."""


class LossWeights(Table):
    """`[stage1.losses]`, `[stage2.losses]`: what each part of the loss counts."""

    mel: float = Field(1.0, ge=0)
    """Multi-resolution log-mel distance of the audio."""
    stft: float = Field(0.5, ge=0)
    """Log-magnitude STFT distance at the same resolutions."""
    convergence: float = Field(0.5, ge=0)
    """Spectral convergence (Arik et al. 2018) at the same resolutions."""
    duration: float = Field(0.1, ge=0)
    """Mean absolute error of durations, in frames."""
    duration_bins: float = Field(0.2, ge=0)
    """Cross entropy of the duration bins, summed over a token's bins."""
    f0: float = Field(2.0, ge=0)
    """Smooth L1 of log2 F0 (of F0 / 10 Hz where the model predicts Hz)."""
    voicing: float = Field(0.5, ge=0)
    """Cross entropy of voicing, for models that predict it."""
    energy: float = Field(0.3, ge=0)
    """Smooth L1 of log energy."""
    adversarial: float = Field(0.5, ge=0)
    """How far the audio is from being taken for real by the discriminator, while there is one."""
    features: float = Field(1.0, ge=0)
    """Distance of the discriminator's features, as a share of their size."""


class LoopSettings(Table):
    """What every training has in common."""

    steps: int = Field(3000, ge=1)
    """Optimiser steps. Not minutes: those depend on the machine and its other work."""
    batch_size: int = Field(16, ge=1)
    """Utterances a step, of all processes together."""
    pieces: int = Field(1, ge=1)
    """Pieces that each batch goes in, one after the other; their gradients are summed, in less
    memory. Doubled by itself when memory runs out."""
    processes: int = Field(0, ge=0)
    """Processes that share each batch; `batch_size` is a multiple of it. 0: one for each GPU that
    the job was given; on a CPU up to four for a small base, one for Kokoro."""
    loaders: int = Field(1, ge=1)
    """Threads of each process that draw batches ahead, one batch each. When the share of time that
    waits for data (`data_wait` in the curves) is not near 0, a GPU wants more."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of products and convolutions; weights stay float32. auto: bfloat16 on GPUs that have it."""
    learning_rate: float = Field(2e-3, gt=0)
    """Peak of the schedule: linear warm-up, then cosine to `final_rate` of it."""
    final_rate: float = Field(0.05, ge=0, le=1)
    """What the learning rate ends at, as a share of its peak."""
    warmup_steps: int = Field(60, ge=0)
    """Steps over which the learning rate rises to its peak."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay (AdamW)."""
    gradient_clip: float = Field(3.0, gt=0)
    """Largest norm of the gradient."""
    ema: float = Field(0.995, ge=0, lt=1)
    """Decay of the averaged weights, which are the ones that are validated and kept."""
    checkpoint_every: int = Field(250, ge=1)
    """Steps between checkpoints; each is validated and speaks the preview sentence."""
    keep_checkpoints: int = Field(3, ge=1)
    """Newest `mamba_epoch_NN.safetensors` that stay, besides the best weights."""
    load_from: str = ""
    """A `mamba_epoch_NN.safetensors` of an earlier run on the same base, to go on from: its path
    in the workspace. Only weights come from it; the schedule starts anew."""
    patience: int = Field(8, ge=1)
    """Stop after so many checkpoints without getting better."""
    preview: str = "今天天气很好,我们去公园散步。"
    """The sentence that every checkpoint speaks."""
    threads: int = Field(0, ge=0)
    """CPU threads; 0 takes as many as the process has cores."""


class StageSettings(LoopSettings):
    """What both stages have in common."""

    crop_frames: int = Field(28, ge=4)
    """Alignment frames (25 ms) of each utterance that the decoder trains on in a step."""
    longest_seconds: float = Field(15.0, gt=0)
    """Longest utterance that is trained on: the longest one of a batch decides its memory."""
    validation_utterances: int = Field(24, ge=1)
    """Utterances set aside and never trained on (at most a tenth of the dataset)."""
    adversarial_share: float = Field(0.3, ge=0, le=1)
    """Share of the steps, the last ones, in which a discriminator judges the audio as well: it
    keeps formants from being averaged away, and makes a step half as long again on a CPU."""
    train_small: tuple[ParameterSet, ...] = ("all", "voice")
    """Parameter sets that train on a small base: `mamba` (the duration encoder's blocks), `voice`
    (the style encoder in stage 1, the style itself in stage 2), `adain-lora` (low-rank updates of
    all style projections), `all` (the whole graph)."""
    train_kokoro: tuple[ParameterSet, ...] = ("mamba", "voice", "adain-lora")
    """Parameter sets that train on Kokoro-82M."""
    lora_rank: int = Field(8, ge=1)
    """Rank of the low-rank updates of `adain-lora`."""
    losses: LossWeights = LossWeights()

    def parameter_sets(self, size: str) -> tuple[ParameterSet, ...]:
        """What trains on a base of a size."""
        return self.train_small if size == "small" else self.train_kokoro

    @property
    def first_judged_step(self) -> int:
        """Where the discriminator comes in."""
        return round(self.steps * (1 - self.adversarial_share))


class Stage1Settings(StageSettings):
    """`[stage1]`: the generalist, trained on a multi-speaker corpus."""

    size: Literal["small", "kokoro"] = "small"
    """The model's size when a base is made from nothing."""
    rates: tuple[float, ...] = (0.82, 0.88, 0.94, 1.07, 1.14, 1.22)
    """Playback rates that make further voices of each speaker: pitch and formants move together."""
    rate_share: float = Field(0.5, ge=0, le=1)
    """Share of utterances played at one of `rates`."""
    own_reference_share: float = Field(0.5, ge=0, le=1)
    """Share of utterances whose style is read from themselves, not from another of the speaker."""


class Stage2Settings(StageSettings):
    """`[stage2]`: the specialist, one voice on top of a base."""

    steps: int = Field(400, ge=1)
    batch_size: int = Field(8, ge=1)
    crop_frames: int = Field(48, ge=4)
    learning_rate: float = Field(1e-3, gt=0)
    warmup_steps: int = Field(20, ge=0)
    ema: float = Field(0.98, ge=0, lt=1)
    checkpoint_every: int = Field(100, ge=1)
    validation_utterances: int = Field(8, ge=1)
    patience: int = Field(2, ge=1)
    adversarial_share: float = Field(0.5, ge=0, le=1)


class DistillationWeights(Table):
    """`[distil.losses]`: what each part of the loss counts; all are distances from the teacher."""

    layers: float = Field(1.0, ge=0)
    """Each block on the input that the LSTM had: squared error as a share of variance, mean over
    the layers."""
    encoder: float = Field(1.0, ge=0)
    """The whole encoder by itself: squared error of what it returns, as a share of variance."""
    duration: float = Field(0.1, ge=0)
    """Mean absolute difference of durations, in frames."""
    duration_bins: float = Field(0.3, ge=0)
    """Divergence of the duration bins, summed over a token's bins."""
    f0: float = Field(2.0, ge=0)
    """Smooth L1 of log2 F0 (of F0 / 10 Hz where the model predicts Hz)."""
    voicing: float = Field(0.5, ge=0)
    """Divergence of voicing, for models that predict it."""
    energy: float = Field(0.3, ge=0)
    """Smooth L1 of log energy."""


class DistilSettings(LoopSettings):
    """`[distil]`: Mamba blocks learn from text alone to stand in for a base's LSTMs."""

    steps: int = Field(400, ge=1)
    batch_size: int = Field(8, ge=1)
    """Texts a step, of all processes together."""
    styles_per_text: int = Field(2, ge=1)
    """Styles that each text of a step is read in; another style costs less than another text."""
    learning_rate: float = Field(3e-3, gt=0)
    """Peak of the schedule, for LSTMs whose outputs have a standard deviation of 1; it is
    multiplied by theirs."""
    final_rate: float = Field(0.01, ge=0, le=1)
    warmup_steps: int = Field(30, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    gradient_clip: float = Field(1.0, gt=0)
    ema: float = Field(0.99, ge=0, lt=1)
    checkpoint_every: int = Field(100, ge=1)
    patience: int = Field(3, ge=1)
    layerwise_share: float = Field(0.5, ge=0, le=1)
    """Share of the steps, the first ones, in which only layers are matched, each by itself. After
    it the whole is matched too, by and by, down to durations, F0 and energy."""
    texts: int = Field(2000, ge=1)
    """Most texts of the file that are trained on."""
    validation_texts: int = Field(32, ge=1)
    """Texts set aside and never trained on (at most a quarter of all)."""
    longest_tokens: int = Field(200, ge=1)
    """Longest text that is taken, in phonemes."""
    style_jitter: float = Field(0.5, ge=0)
    """Greatest Gaussian noise on a style, as a share of the voices' standard deviation: a voice
    trained later need not lie between those of the base."""
    good_duration: float = Field(0.5, gt=0)
    """Good enough to train on: mean absolute difference from the teacher's durations, in frames
    of 25 ms, at most this."""
    good_f0: float = Field(0.98, ge=0, lt=1)
    """Good enough to train on: correlation with the teacher's F0 where it is voiced, at least
    this."""
    insist: bool = True
    """Stages 1 and 2 refuse a distilled base that is not good enough."""
    losses: DistillationWeights = DistillationWeights()
