"""Bases and voices on disk.

A base (the result of stage 1) is a folder:

    model.safetensors      graph and style encoder; header: size, sizes in full, vocabulary, and
                           whether the style encoder is left out because nobody has trained one
    aligner.safetensors    the aligner that measured its corpus
    voices/<name>.safetensors  styles of some of its speakers
    card.json              data, recipe, measures

A voice (the result of stage 2) is a folder:

    weights.safetensors    what differs from the base; header: the base's name and hash
    voice.safetensors      its style: (n, 1, 2 style_dim) float32, n = 1, or one for each length
    card.json              data, measures, parents
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from engine.errors import EngineError
from engine.model.config import ModelConfig
from engine.model.graph import Kokoro
from engine.model.style_encoder import StyleEncoder
from engine.model.weights import (
    CONFIG_KEY,
    HASH_KEY,
    WeightsError,
    config_of,
    load_strictly,
    read_weights,
    save_weights,
)
from workspace import bases
from workspace.bases import MODEL_FILE as MODEL_FILE
from workspace.bases import VOICES_FOLDER as VOICES_FOLDER
from workspace.catalogue import CATALOGUE
from workspace.files import folder_atomic, write_json
from workspace.voices import CARD_FILE as CARD_FILE

WEIGHTS_FILE = "weights.safetensors"
STYLE_FILE = "voice.safetensors"
STYLE_KEY = "style"
TYPICAL_TOKENS = 100  # of a sentence
STYLE_ENCODER_KEY = "style_encoder"  # metadata: UNTRAINED, or absent
UNTRAINED = "untrained"
STYLE_ENCODER_PREFIX = "style_encoder."


class SpeechModel(nn.Module):
    """The graph with the encoder that reads a speaker's style from a recording.

    Attributes:
        style_encoder_trained: whether what the encoder reads means anything. Kokoro was published
            without one: on such a base it is fresh until a stage 1 has trained it.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.graph = Kokoro(config)
        self.style_encoder = StyleEncoder(config)
        self.style_encoder_trained = True


@dataclass(frozen=True)
class Base:
    """A base's folder."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def header(self) -> dict[str, str]:
        """Metadata of `model.safetensors`."""
        return read_header(self.folder / MODEL_FILE)

    @cached_property
    def config(self) -> ModelConfig:
        return config_of(self.header, self.folder / MODEL_FILE)

    @property
    def vocabulary(self) -> str:
        return self.header["vocabulary"]

    @property
    def hash(self) -> str:
        """`state_hash` of the weights, which every voice on this base names."""
        return self.header.get(HASH_KEY, "")

    @cached_property
    def is_half(self) -> bool:
        """Whether its weights are stored as float16; a descendant of it keeps their very bits."""
        with safe_open(self.folder / MODEL_FILE, framework="pt") as file:
            names: list[str] = file.keys()  # the file is no dict: it has to be asked
            return any(file.get_slice(name).get_dtype() == "F16" for name in names)

    @property
    def has_style_encoder(self) -> bool:
        """Whether it can read a style from a recording; a base as Kokoro published it cannot."""
        return self.header.get(STYLE_ENCODER_KEY) != UNTRAINED

    def load(self) -> SpeechModel:
        """The whole model, in evaluation mode, float32.

        Raises:
            EngineError: the file is damaged or does not fit the sizes in its header.
        """
        model = SpeechModel(self.config)
        model.style_encoder_trained = self.has_style_encoder
        state, _ = read_weights(self.folder / MODEL_FILE)
        load_strictly(
            model,
            state,
            str(self.folder / MODEL_FILE),
            may_lack=lambda name: (
                not self.has_style_encoder and name.startswith(STYLE_ENCODER_PREFIX)
            ),
        )
        return model.eval()

    def voices(self) -> dict[str, Path]:
        """Styles of the speakers that came with the base, by name."""
        return bases.base_voices(self.folder)

    def mean_style(self, tokens: int = TYPICAL_TOKENS) -> Tensor:
        """The mean (2 style_dim,) of its voices: where a new voice starts that nothing can read.

        Args:
            tokens: length of the text that the styles are for.

        Raises:
            EngineError: no voices came with it.
        """
        voices = bases.base_voices(self.folder).values()
        if not voices:
            raise EngineError(
                f"{self.folder}: no voices there to start from", "choose another base"
            )
        styles = [style_for(load_style(path, self.config), tokens)[0] for path in voices]
        return torch.stack(styles).mean(0)

    @classmethod
    def open(cls, folder: Path) -> Base:
        """Raises EngineError where the folder holds no base."""
        if not (folder / MODEL_FILE).is_file():
            raise EngineError(f"{folder}: no {MODEL_FILE} there", "name a folder that holds a base")
        return cls(folder)


def find_base(models: Path, name: str = bases.NEWEST) -> Base:
    """The base that a user means: to choose one for something new.

    Args:
        models: the workspace's `models/`.
        name: see `workspace.bases.named_base`.

    Raises:
        EngineError: no such base; names those that are there.
    """
    folder = bases.named_base(models, name)
    if folder is None:
        known = ", ".join(bases.base_names(models))
        fetch = f"`yinfang models fetch {name}` fetches it; or " if name in CATALOGUE else ""
        raise EngineError(
            f"no base is called {name!r} in {models}", f"{fetch}choose one of: {known}"
        )
    return Base.open(folder)


def base_of(models: Path, sha256: str, name: str, dependant: Path) -> Base:
    """The base with these weights: for what was made on it, whatever has happened since.

    Looked for by its name here, among the kept and the shipped ones, and under other names here.

    Args:
        models: the workspace's `models/`.
        sha256: `Base.hash`.
        name: what it was called then.
        dependant: what stands on it, for the message.

    Raises:
        EngineError: there is no such base.
    """
    own = bases.own_bases(models)
    named = [folder for folder in own if folder.name == name]
    for folder in (*named, *bases.kept_bases(models, sha256), *bases.shipped_bases(), *own):
        base = Base(folder)
        if base.hash == sha256:
            return base
    kept = bases.kept_home(models, sha256)
    raise EngineError(
        f"{dependant}: made on base {name!r} with weights {sha256[:12]}, "
        f"which is neither in {models} nor the one of this version of the program",
        f"copy {kept.relative_to(models.parent)} from the workspace where it was made, "
        "or train again",
    )


def keep_base(models: Path, base: Base) -> None:
    """Copy a base that came with the program into the workspace, where an update leaves it alone.

    Files are copied, not linked: who replaces a shipped file may write into it.
    """
    if base.folder not in bases.shipped_bases() or bases.kept_bases(models, base.hash):
        return
    destination = bases.kept_home(models, base.hash) / base.name
    try:
        with folder_atomic(destination) as temporary:
            for path in (path for path in base.folder.rglob("*") if path.is_file()):
                copy = temporary / path.relative_to(base.folder)
                copy.parent.mkdir(exist_ok=True)
                shutil.copyfile(path, copy)
    except OSError:
        if not destination.exists():
            raise  # else another job has kept it meanwhile


def save_base(
    folder: Path,
    model: SpeechModel,
    size: str,
    vocabulary: str,
    card: dict[str, Any],
    half: bool = True,
) -> None:
    """Write `model.safetensors` and `card.json` into a folder.

    Args:
        half: store float16, which halves the file; sums in it stay float32 after loading.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: tensor.half() if half and tensor.is_floating_point() else tensor
        for name, tensor in model.state_dict().items()
        if model.style_encoder_trained or not name.startswith(STYLE_ENCODER_PREFIX)
    }
    header = {"size": size, CONFIG_KEY: model.config.model_dump_json(), "vocabulary": vocabulary}
    if not model.style_encoder_trained:
        header[STYLE_ENCODER_KEY] = UNTRAINED
    save_weights(folder / MODEL_FILE, state, header)
    write_json(folder / CARD_FILE, card)


def save_style(path: Path, style: Tensor) -> None:
    """Write a style (n, 1, 2 style_dim) or (2 style_dim,) as float32."""
    rows = style.detach().float().reshape(-1, 1, style.shape[-1])
    save_weights(path, {STYLE_KEY: rows}, {})


def load_style(path: Path, config: ModelConfig) -> Tensor:
    """A style (n, 1, 2 style_dim) float32.

    Raises:
        EngineError: damaged, or made for another size of model.
    """
    style = read_weights(path)[0].get(STYLE_KEY)
    wanted = 2 * config.style_dim
    if style is None or style.ndim != 3 or style.shape[-1] != wanted:
        found = "no style" if style is None else f"a style of shape {tuple(style.shape)}"
        raise EngineError(
            f"{path}: holds {found}, this model takes (n, 1, {wanted})",
            "use a voice made on this base",
        )
    return style.float()


def style_for(style: Tensor, tokens: int) -> Tensor:
    """The row (1, 2 style_dim) of a style for a text of so many tokens (without BOS and EOS)."""
    return style[min(max(tokens, 1), len(style)) - 1]


def difference(model: nn.Module, before: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a model that are no longer those of `before`."""
    return {
        name: tensor.detach().clone().contiguous()
        for name, tensor in model.state_dict().items()
        if not torch.equal(tensor, before[name])
    }


def save_voice_weights(
    path: Path, changed: dict[str, Tensor], base: Base, half: bool = True
) -> None:
    """Write what differs from the base, and which base that is."""
    state = {name: tensor.half() if half else tensor for name, tensor in changed.items()}
    header = {"base": base.name, "base_sha256": base.hash, "size": base.header["size"]}
    save_weights(path, state, header)


def apply_voice_weights(model: SpeechModel, path: Path, base: Base) -> None:
    """Put a voice's weights over its base's.

    Raises:
        EngineError: the weights belong to another base, or do not fit.
    """
    changed, header = read_weights(path)
    if header.get("base_sha256") != base.hash:
        raise EngineError(
            f"{path}: made on base {header.get('base')!r} ({header.get('base_sha256', '')[:12]}), "
            f"not on {base.name!r} ({base.hash[:12]})",
            "put that base back, or train the voice again",
        )
    state = model.state_dict()
    unknown = sorted(set(changed) - set(state))
    if unknown:
        raise EngineError(
            f"{path}: tensors that the base has not: {', '.join(unknown[:3])}",
            "train the voice again",
        )
    for name, tensor in changed.items():
        if tensor.shape != state[name].shape:
            raise EngineError(
                f"{path}: {name} is {tuple(tensor.shape)}, the base has {tuple(state[name].shape)}"
            )
        state[name].copy_(tensor)


def read_header(path: Path) -> dict[str, str]:
    """Metadata of a safetensors file, without its tensors; WeightsError where it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path}: cannot be read: {error}", "restore the file or make it again"
        ) from error


def read_card(folder: Path) -> dict[str, Any]:
    """A base's or a voice's `card.json`; empty where there is none."""
    path = folder / CARD_FILE
    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return card
