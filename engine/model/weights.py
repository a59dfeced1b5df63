"""Weights in and out of files: ours as safetensors, Kokoro's published ones as they come.

Loading accounts for every tensor. What a file lacks, has too many, or has in another shape is
refused by name; nothing is filled in, dropped or reshaped in silence.
"""

import hashlib
import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from engine.errors import EngineError
from engine.model.config import KOKORO, ModelConfig
from engine.model.graph import Kokoro
from engine.model.layers import InstanceAffine
from workspace.files import write_atomic

CONFIG_KEY = "config"  # metadata: the model's configuration as JSON
HASH_KEY = "state_hash"  # metadata: what `state_hash` said when the file was written
NAMED_AT_MOST = 4  # tensors per kind of misfit in an error

VOICE_ROWS = 510  # a published voice has one style per phoneme count
POSITION_IDS = "bert.embeddings.position_ids"  # a constant that some files carry
OLD_WEIGHT_NORM = re.compile(r"\.weight_([gv])$")


class WeightsError(EngineError):
    """A file's weights cannot be used; says which file and which tensors."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """How a file's tensors differ from a model's."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    misshaped: tuple[str, ...]

    def __str__(self) -> str:
        kinds = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "mis-shaped": self.misshaped,
        }
        return "; ".join(f"{len(v)} {kind} ({_some(v)})" for kind, v in kinds.items() if v)


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


def save_model(path: Path, model: Kokoro, metadata: Mapping[str, str] | None = None) -> str:
    """Write a model with its configuration; returns the state's hash. See `save_weights`."""
    header = {**(metadata or {}), CONFIG_KEY: model.config.model_dump_json()}
    return save_weights(path, model.state_dict(), header)


def load_model(path: Path) -> tuple[Kokoro, dict[str, str]]:
    """Read what `save_model` wrote: the model, in evaluation mode, and the metadata.

    Raises:
        WeightsError: the file cannot be read, has no valid configuration, or does not fit it.
    """
    state, metadata = read_weights(path)
    if CONFIG_KEY not in metadata:
        raise WeightsError(f"{path} does not say its model's sizes", "give a file of this project")
    try:
        config = ModelConfig.model_validate_json(metadata[CONFIG_KEY])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WeightsError(
            f"{path} has a configuration that this version does not know: {where}: {first['msg']}",
            "use the version that wrote it",
        ) from error
    model = Kokoro(config)
    load_strictly(model, state, str(path))
    return model.eval(), metadata


def load_strictly(
    model: torch.nn.Module,
    state: Mapping[str, Tensor],
    source: str,
    may_lack: Callable[[str], bool] = lambda name: False,
) -> None:
    """Copy tensors into a model; each must have its place and each place its tensor.

    Args:
        model: takes the tensors, in its own dtype and on its own device.
        state: tensors by the model's names.
        source: names the file in errors.
        may_lack: says which of the model's tensors may keep what they have.

    Raises:
        WeightsError: a tensor is missing, unexpected, mis-shaped, or not finite. The model is then
            as it was.
    """
    places = model.state_dict()
    misfit = Misfit(
        missing=tuple(n for n in places if n not in state and not may_lack(n)),
        unexpected=tuple(n for n in state if n not in places),
        misshaped=tuple(
            f"{n} is {list(state[n].shape)}, must be {list(places[n].shape)}"
            for n in places
            if n in state and state[n].shape != places[n].shape
        ),
    )
    if str(misfit):
        raise WeightsError(
            f"the weights in {source} do not fit the model: {misfit}",
            "use the configuration that they were made with",
        )
    broken = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise WeightsError(
            f"the weights in {source} are not finite: {_some(broken)}", "use an earlier checkpoint"
        )
    model.load_state_dict({**places, **state})


def load_kokoro(path: Path, config: ModelConfig = KOKORO) -> Kokoro:
    """Load Kokoro's published weights.

    The file is a `.pth` of five state dicts (bert, bert_encoder, predictor, text_encoder, decoder),
    or safetensors with their names joined by dots; names may have a `module.` prefix and either
    spelling of weight norm. Only the constants of AdaIN's instance norm may be absent. Layers of
    the duration encoder that `config` makes Mamba keep their fresh weights, and the file's LSTM
    weights for just these are left.

    Returns:
        The model in evaluation mode.

    Raises:
        WeightsError: the file cannot be read or does not fit.
    """
    state = {_modern_name(name): tensor for name, tensor in _published_state(path).items()}
    _drop_position_ids(state, path)
    model = Kokoro(config)
    replaced = tuple(
        f"predictor.text_encoder.lstms.{2 * layer}."
        for layer, kind in enumerate(config.duration_encoder)
        if kind == "mamba"
    )
    affine = {
        f"{name}.{tensor}"
        for name, module in model.named_modules()
        if isinstance(module, InstanceAffine)
        for tensor in ("weight", "bias")
    }
    left = _lstm_names(replaced)
    load_strictly(
        model,
        {name: tensor for name, tensor in state.items() if name not in left},
        str(path),
        may_lack=lambda name: name in affine or name.startswith(replaced),
    )
    return model.eval()


def load_voice(path: Path, style_dim: int = KOKORO.style_dim) -> Tensor:
    """Read a published voice: `.pt` (a tensor) or `.bin` (float32, little-endian, nothing else).

    Returns:
        (510, 2 * style_dim) float32; row n - 1 is the style for n phonemes.

    Raises:
        WeightsError: the file cannot be read or has another size.
    """
    width = 2 * style_dim
    if path.suffix == ".bin":
        try:
            values = torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"cannot read the voice {path} ({error})", "copy it again"
            ) from error
    else:
        voice = _torch_load(path)
        if not isinstance(voice, Tensor):
            raise WeightsError(f"{path} holds no tensor", "give a published voice file")
        values = voice.float().flatten()
    if values.numel() != VOICE_ROWS * width:
        raise WeightsError(
            f"the voice {path} has {values.numel()} values, not {VOICE_ROWS} x {width}",
            "give a voice of this model",
        )
    if not bool(torch.isfinite(values).all()):
        raise WeightsError(f"the voice {path} has values that are not finite", "copy it again")
    return values.reshape(VOICE_ROWS, width)


def _published_state(path: Path) -> dict[str, Tensor]:
    """Tensors by dotted name, without `module.` prefixes."""
    if path.suffix == ".safetensors":
        flat, _ = read_weights(path)
    else:
        flat = _joined(_torch_load(path), path)
    return {re.sub(r"^(\w+)\.module\.", r"\1.", name): tensor for name, tensor in flat.items()}


def _joined(parts: object, path: Path) -> dict[str, Tensor]:
    """A dictionary of state dictionaries as one, names joined by dots."""
    flat: dict[str, Tensor] = {}
    for part, state in parts.items() if isinstance(parts, Mapping) else [("", parts)]:
        if not isinstance(state, Mapping) or not all(isinstance(t, Tensor) for t in state.values()):
            raise WeightsError(
                f"{path} is not a dictionary of state dictionaries", "give Kokoro's published file"
            )
        flat |= {f"{part}.{name}": tensor for name, tensor in state.items()}
    return flat


def _torch_load(path: Path) -> object:
    try:
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(
            f"cannot read {path} as plain tensors ({reason})", "copy it again"
        ) from error
    return loaded


def _modern_name(name: str) -> str:
    """The name that today's weight norm gives: gain `original0`, direction `original1`."""
    return OLD_WEIGHT_NORM.sub(
        lambda m: f".parametrizations.weight.original{'gv'.index(m[1])}", name
    )


def _lstm_names(prefixes: Iterable[str]) -> set[str]:
    lstm = torch.nn.LSTM(1, 1, bidirectional=True)
    return {prefix + name for prefix in prefixes for name, _ in lstm.named_parameters()}


def _drop_position_ids(state: dict[str, Tensor], path: Path) -> None:
    """Files of older tools carry 0, 1, 2, ...; anything else would mean another model."""
    ids = state.pop(POSITION_IDS, None)
    if ids is not None and ids.flatten().tolist() != list(range(ids.numel())):
        raise WeightsError(f"{path} numbers its positions unusually ({POSITION_IDS})")


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    more = ", ..." if len(shown) > NAMED_AT_MOST else ""
    return ", ".join(shown[:NAMED_AT_MOST]) + more
