"""Kokoro's published files, read as they come: weights (`.pth`) and voices (`.pt`, `.bin`).

    weights    a pickle of five state dictionaries: bert, bert_encoder, predictor, text_encoder,
               decoder; names may begin with `module.` and spell weight norm the old way
    voices     a pickle of one tensor (510, 1, 256), or the same as bare little-endian float32

Nothing but tensors is ever unpickled: what else a file holds is refused unread. Sizes and names are
those of the model's `config.json` and of the public package `kokoro`.
"""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.model.config import KOKORO, ModelConfig
from engine.model.graph import Kokoro
from engine.model.layers import InstanceAffine
from engine.model.weights import Fit, WeightsError, compare, load_strictly, read_weights, some

MODULES = frozenset({"bert", "bert_encoder", "predictor", "text_encoder", "decoder"})
VOICE_ROWS = 510  # a published voice has one style per phoneme count
POSITION_IDS = "bert.embeddings.position_ids"  # a constant that some files carry
STYLETTS2_KEY = "net"  # where a StyleTTS2 training checkpoint has its modules

OLD_WEIGHT_NORM = re.compile(r"\.weight_([gv])$")
FORBIDDEN_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")  # in torch's refusal to unpickle
SNIFFED = 64  # bytes at a file's beginning that tell what it is
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml")
LFS_POINTER = b"version https://git-lfs"
ZIP = b"PK\x03\x04"
TORCHSCRIPT_FILE = "constants.pkl"


def load_kokoro(path: Path, config: ModelConfig = KOKORO) -> Kokoro:
    """Load Kokoro's published weights.

    The file is a `.pth` of five state dicts (see above), or safetensors with their names joined by
    dots. Only the constants of AdaIN's instance norm may be absent. Layers of the duration encoder
    that `config` makes Mamba keep their fresh weights, and the file's LSTM weights for just these
    are left.

    Returns:
        The model in evaluation mode.

    Raises:
        WeightsError: the file cannot be read or does not fit.
    """
    state = read_published(path)
    _refuse_modules(state, path)
    model = Kokoro(config)
    replaced = _mamba_layers(config)
    left = _lstm_names(replaced)
    constants = _constants(model)
    load_strictly(
        model,
        {name: tensor for name, tensor in state.items() if name not in left},
        str(path),
        may_lack=lambda name: name in constants or name.startswith(replaced),
    )
    return model.eval()


def published_fit(path: Path, config: ModelConfig = KOKORO) -> Fit:
    """Account for every tensor of a published file without building the model.

    Raises:
        WeightsError: the file cannot be read as weights at all.
    """
    state = read_published(path)
    with torch.device("meta"):
        model = Kokoro(config)
    constants = _constants(model)
    return compare(model.state_dict(), state, may_lack=lambda name: name in constants)


def read_published(path: Path) -> dict[str, Tensor]:
    """A published file's tensors by today's dotted names, on the CPU.

    Raises:
        WeightsError: the file is none, is damaged, or holds something other than tensors.
    """
    if path.suffix == ".safetensors":
        refuse_foreign(path)
        flat, _ = read_weights(path)
    else:
        flat = _joined(_torch_load(path), path)
    plain = {re.sub(r"^(\w+)\.module\.", r"\1.", name): tensor for name, tensor in flat.items()}
    state = {_modern_name(name): tensor for name, tensor in plain.items()}
    _drop_position_ids(state, path)
    return state


def load_voice(path: Path, style_dim: int = KOKORO.style_dim) -> Tensor:
    """Read a published voice: `.pt` (a tensor) or `.bin` (float32, little-endian, nothing else).

    Returns:
        (510, 2 * style_dim) float32; row n - 1 is the style for n phonemes.

    Raises:
        WeightsError: the file cannot be read or has another size.
    """
    width = 2 * style_dim
    voice = _raw_voice(path) if path.suffix == ".bin" else _pickled_voice(path)
    if tuple(voice.shape) not in (
        (VOICE_ROWS, 1, width),
        (VOICE_ROWS, width),
        (VOICE_ROWS * width,),
    ):
        found = f"{len(voice)} values" if voice.ndim == 1 else f"shape {list(voice.shape)}"
        raise WeightsError(
            f"the voice {path} has {found}, not [{VOICE_ROWS}, 1, {width}]",
            "give a voice of this model",
        )
    if not bool(torch.isfinite(voice).all()):
        raise WeightsError(f"the voice {path} has values that are not finite", "copy it again")
    return voice.reshape(VOICE_ROWS, width).float()


def refuse_foreign(path: Path) -> None:
    """Name the files that stand where weights should be, for people and tools that mix them up.

    Raises:
        WeightsError: the file cannot be opened, is empty, a web page, or a git-lfs pointer.
    """
    try:
        with path.open("rb") as file:
            head = file.read(SNIFFED)
    except OSError as error:
        raise WeightsError(f"cannot read {path} ({error.strerror})", "check the path") from error
    if not head:
        raise WeightsError(f"{path} is empty", "copy or fetch it again")
    if head.startswith(LFS_POINTER):
        raise WeightsError(
            f"{path} is a git-lfs pointer, not the file that it stands for",
            "run `git lfs pull` where it was cloned",
        )
    if head.lstrip().lower().startswith(WEB_PAGE):
        raise WeightsError(
            f"{path} is a web page, not weights: what answered the download was not the file",
            "fetch it again",
        )


def _raw_voice(path: Path) -> Tensor:
    refuse_foreign(path)
    try:
        return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32)
    except ValueError as error:
        raise WeightsError(f"cannot read the voice {path} ({error})", "copy it again") from error


def _pickled_voice(path: Path) -> Tensor:
    voice = _torch_load(path)
    if isinstance(voice, Mapping) and not MODULES.isdisjoint(voice):
        raise WeightsError(
            f"{path} holds a model's weights, not a voice", "give a file of `voices/`"
        )
    if not isinstance(voice, Tensor):
        raise WeightsError(f"{path} holds no tensor", "give a published voice file")
    if not voice.is_floating_point() or voice.layout is not torch.strided:
        kind = str(voice.dtype).removeprefix("torch.")
        raise WeightsError(
            f"the voice {path} is a tensor of {kind}, not of floats", "give a published voice file"
        )
    return voice


def _joined(parts: object, path: Path) -> dict[str, Tensor]:
    """A dictionary of state dictionaries as one, names joined by dots."""
    if isinstance(parts, Tensor):
        raise WeightsError(
            f"{path} holds one tensor of shape {list(parts.shape)}, not a model's weights",
            "if it is a voice: yinfang voices import",
        )
    if isinstance(parts, Mapping) and isinstance(parts.get(STYLETTS2_KEY), Mapping):
        raise WeightsError(
            f"{path} is a StyleTTS2 training checkpoint (its modules are under 'net'), "
            "not weights as Kokoro publishes them",
            f"save its modules {', '.join(sorted(MODULES))} as one dictionary",
        )
    flat: dict[str, Tensor] = {}
    for part, state in parts.items() if isinstance(parts, Mapping) else [("", parts)]:
        if not isinstance(state, Mapping) or not all(isinstance(t, Tensor) for t in state.values()):
            raise WeightsError(
                f"{path} is not a dictionary of state dictionaries", "give Kokoro's published file"
            )
        flat |= {f"{part}.{name}": tensor for name, tensor in state.items()}
    return flat


def _refuse_modules(state: Iterable[str], path: Path) -> None:
    """Whole modules too few or too many: said so, not as hundreds of tensors."""
    found = {name.partition(".")[0] for name in state}
    lacking, foreign = sorted(MODULES - found), sorted(found - MODULES)
    if lacking or foreign:
        lacks = f"lacks the modules {some(lacking)}" if lacking else ""
        has = f"has modules that Kokoro has not: {some(foreign)}" if foreign else ""
        raise WeightsError(
            f"{path} {' and '.join(filter(None, (lacks, has)))}",
            f"Kokoro's file has {', '.join(sorted(MODULES))}",
        )


def _torch_load(path: Path) -> object:
    """Unpickle tensors, and only tensors."""
    refuse_foreign(path)
    _refuse_archive(path)
    try:
        loaded: object = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        code = FORBIDDEN_GLOBAL.search(str(error))
        if code:
            raise WeightsError(
                f"{path} holds {code[1]}, which is no tensor; it was not run",
                "give a file of plain tensors, from somebody you trust",
            ) from error
        reason = str(error).partition("\n")[0]
        raise WeightsError(
            f"cannot read {path} as plain tensors ({reason})", "copy it again"
        ) from error
    return loaded


def _refuse_archive(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(ZIP)) != ZIP:
            return
    if not zipfile.is_zipfile(path):
        raise WeightsError(f"{path} is cut off: its end is missing", "copy or fetch it again")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith(f"/{TORCHSCRIPT_FILE}") for name in names):
        raise WeightsError(
            f"{path} is a TorchScript program, not weights", "give Kokoro's published file"
        )


def _modern_name(name: str) -> str:
    """The name that today's weight norm gives: gain `original0`, direction `original1`."""
    return OLD_WEIGHT_NORM.sub(
        lambda m: f".parametrizations.weight.original{'gv'.index(m[1])}", name
    )


def _mamba_layers(config: ModelConfig) -> tuple[str, ...]:
    """Name prefixes of the duration encoder's layers that are no LSTM."""
    return tuple(
        f"predictor.text_encoder.lstms.{2 * layer}."
        for layer, kind in enumerate(config.duration_encoder)
        if kind == "mamba"
    )


def _constants(model: Kokoro) -> frozenset[str]:
    """The fixed affine tensors of AdaIN's instance norms: some published files lack them."""
    return frozenset(
        f"{name}.{tensor}"
        for name, module in model.named_modules()
        if isinstance(module, InstanceAffine)
        for tensor in ("weight", "bias")
    )


def _lstm_names(prefixes: Iterable[str]) -> set[str]:
    lstm = torch.nn.LSTM(1, 1, bidirectional=True)
    return {prefix + name for prefix in prefixes for name, _ in lstm.named_parameters()}


def _drop_position_ids(state: dict[str, Tensor], path: Path) -> None:
    """Files of older tools carry 0, 1, 2, ...; anything else would mean another model."""
    ids = state.pop(POSITION_IDS, None)
    if ids is not None and ids.flatten().tolist() != list(range(ids.numel())):
        raise WeightsError(f"{path} numbers its positions unusually ({POSITION_IDS})")
