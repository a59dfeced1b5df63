"""Weights in and out of files, as safetensors; Kokoro's published files are read by `published`.

Loading accounts for every tensor. What a file lacks, has too many, or has in another shape or type
is refused by name; nothing is filled in, dropped, reshaped or converted in silence.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine.errors import EngineError
from engine.model.config import ModelConfig
from workspace.files import write_atomic

CONFIG_KEY = "config"  # metadata: the model's configuration as JSON
HASH_KEY = "state_hash"  # metadata: what `state_hash` said when the file was written
NAMED_AT_MOST = 4  # tensors per kind of misfit in an error


class WeightsError(EngineError):
    """A file's weights cannot be used; says which file and which tensors."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How a file's tensors meet a model's: every name of either is in exactly one group.

    Attributes:
        used: go into the model.
        absent: not in the file, and need not be.
        missing: not in the file, but must be.
        unexpected: in the file, but not in the model.
        misshaped, mistyped: what they are and must be, behind the name.
        broken: hold a value that is not finite.
    """

    used: tuple[str, ...]
    absent: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshaped: tuple[str, ...] = ()
    mistyped: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def misfit(self) -> str:
        """What does not fit, counted and named; empty where all does."""
        kinds = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "mis-shaped": self.misshaped,
            "of another type": self.mistyped,
            "not finite": self.broken,
        }
        return "; ".join(f"{len(v)} {kind} ({some(v)})" for kind, v in kinds.items() if v)


def compare(
    places: Mapping[str, Tensor],
    state: Mapping[str, Tensor],
    may_lack: Callable[[str], bool] = lambda name: False,
) -> Fit:
    """Account for every tensor of a file and of a model.

    Args:
        places: the model's; only their shapes and types matter, they may be on `meta`.
        state: the file's.
        may_lack: says which of the model's tensors the file need not have.
    """
    unexpected = tuple(name for name in state if name not in places)
    shared = {name: tensor for name, tensor in state.items() if name in places}
    lacking = [name for name in places if name not in state]
    misshaped = {
        name: f"{name} is {list(tensor.shape)}, must be {list(places[name].shape)}"
        for name, tensor in shared.items()
        if tensor.shape != places[name].shape
    }
    mistyped = {
        name: f"{name} is {_type(tensor)}, must be {_type(places[name])}"
        for name, tensor in shared.items()
        if name not in misshaped and not _same_kind(tensor, places[name])
    }
    sound = [name for name in shared if name not in misshaped and name not in mistyped]
    broken = [name for name in sound if not bool(torch.isfinite(shared[name]).all())]
    return Fit(
        used=tuple(name for name in sound if name not in broken),
        absent=tuple(name for name in lacking if may_lack(name)),
        missing=tuple(name for name in lacking if not may_lack(name)),
        unexpected=unexpected,
        misshaped=tuple(misshaped.values()),
        mistyped=tuple(mistyped.values()),
        broken=tuple(broken),
    )


def state_hash(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, in order of names; devices do not matter."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def save_weights(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Write tensors as safetensors, whole or not at all.

    Args:
        path: the file, `.safetensors`.
        state: tensors by name, on any device.
        metadata: what the header says beside the hash.

    Returns:
        The state's hash, which the file carries too.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    digest = state_hash(tensors)
    header = {**metadata, HASH_KEY: digest}
    # through bytes: when safetensors itself writes, a full disk is no OSError
    write_atomic(path, save(tensors, header))
    return digest


def read_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read safetensors, checked against the hash they carry when we wrote them.

    Returns:
        Tensors by name, on the CPU, and the header's metadata.

    Raises:
        WeightsError: the file cannot be read, is not safetensors, or changed since it was written.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            names: list[str] = file.keys()
            state: dict[str, Tensor] = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"cannot read weights from {path} ({error})", "copy it again") from error
    if HASH_KEY in metadata and metadata[HASH_KEY] != state_hash(state):
        raise WeightsError(f"the weights in {path} are damaged", "copy or make the file again")
    return state, metadata


def config_of(metadata: Mapping[str, str], path: Path) -> ModelConfig:
    """The model's sizes, which a base's header holds.

    Args:
        metadata: of the file.
        path: the file, for the error.

    Raises:
        WeightsError: it has none, or one that this version does not know.
    """
    if CONFIG_KEY not in metadata:
        raise WeightsError(f"{path} does not say its model's sizes", "give a base's own file")
    try:
        return ModelConfig.model_validate_json(metadata[CONFIG_KEY])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WeightsError(
            f"{path} has a configuration that this version does not know: {where}: {first['msg']}",
            "use the version that wrote it",
        ) from error


def load_strictly(
    model: torch.nn.Module,
    state: Mapping[str, Tensor],
    source: str,
    may_lack: Callable[[str], bool] = lambda name: False,
) -> Fit:
    """Copy tensors into a model; each must have its place and each place its tensor.

    Args:
        model: takes the tensors, in its own dtype and on its own device.
        state: tensors by the model's names.
        source: names the file in errors.
        may_lack: says which of the model's tensors may keep what they have.

    Returns:
        What became of each tensor.

    Raises:
        WeightsError: a tensor is missing, unexpected, mis-shaped, of another type, or not finite.
            The model is then as it was.
    """
    places = model.state_dict()
    fit = compare(places, state, may_lack)
    if fit.misfit:
        fix = "use the configuration that they were made with"
        if not (fit.missing or fit.unexpected or fit.misshaped or fit.mistyped):
            fix = "use an earlier checkpoint, or copy the file again"
        raise WeightsError(f"the weights in {source} do not fit the model: {fit.misfit}", fix)
    model.load_state_dict({**places, **state})
    return fit


def some(names: Iterable[str]) -> str:
    """The first few of many names, for an error of one line."""
    shown = list(names)
    more = ", ..." if len(shown) > NAMED_AT_MOST else ""
    return ", ".join(shown[:NAMED_AT_MOST]) + more


def _same_kind(tensor: Tensor, place: Tensor) -> bool:
    """Whether a tensor may be copied to its place: floats of any width to floats, else alike."""
    floats = tensor.is_floating_point() and place.is_floating_point()
    return tensor.layout is torch.strided and (floats or tensor.dtype == place.dtype)


def _type(tensor: Tensor) -> str:
    dense = "" if tensor.layout is torch.strided else "sparse "
    return dense + str(tensor.dtype).removeprefix("torch.")
