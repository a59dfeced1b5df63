"""Job kind `mix`: a voice between voices of the same base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.errors import EngineError
from engine.model.base import (
    CARD_FILE,
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    base_of,
    keep_base,
    load_style,
    read_header,
    save_style,
    save_voice_weights,
)
from engine.model.mixture import mix_styles, mix_weights
from engine.model.weights import read_weights
from workspace.bases import speaking_voices
from workspace.files import folder_atomic, write_json
from workspace.layout import Workspace
from workspace.run import EventLog, JobFile
from workspace.voices import finished_voices


@dataclass(frozen=True)
class Part:
    """A voice that goes into a mixture.

    Attributes:
        name, version: its; a base's voice has no version.
        style: (n, 1, 2 style_dim).
        changed: tensors of the model that differ from the base's.
    """

    name: str
    version: str
    base: Base
    style: Tensor
    changed: dict[str, Tensor]


def run(job: JobFile, folder: Path, events: EventLog) -> dict[str, Any]:
    """Mix `spec["shares"]` (by voice, summing to 1) to `spec["voice"]`, version `spec["version"]`.

    Raises:
        EngineError: a voice is not there, or they belong to different bases.
    """
    workspace = Workspace(Path(job.workspace))
    shares: dict[str, float] = job.spec["shares"]
    destination = workspace.voices / job.spec["voice"] / job.spec["version"]
    outputs = {"voice": str(destination.relative_to(workspace.root))}
    if destination.exists():  # an earlier attempt died after its rename
        return outputs
    parts = [_part(workspace, name) for name in shares]
    base = _one_base(parts)
    keep_base(workspace.models, base)
    weights = list(shares.values())
    style = mix_styles([part.style for part in parts], weights)
    changed: dict[str, Tensor] = {}
    if any(part.changed for part in parts):
        state = base.load().state_dict()
        changed = mix_weights(state, [part.changed for part in parts], weights)
    card = {
        "kind": "voice", "name": job.spec["voice"], "version": job.spec["version"],
        "base": {"name": base.name, "sha256": base.hash, "size": base.header["size"]},
        "method": "mix",
        "parts": [
            {"voice": part.name, "version": part.version, "share": round(share, 4)}
            for part, share in zip(parts, weights, strict=True)
        ],
        "trained": {}, "measures": {},
    }  # fmt: skip
    with folder_atomic(destination) as temporary:
        save_voice_weights(temporary / WEIGHTS_FILE, changed, base)
        save_style(temporary / STYLE_FILE, style)
        write_json(temporary / CARD_FILE, card)
    return outputs


def _part(workspace: Workspace, name: str) -> Part:
    """A voice by name: one of the workspace's, else one that comes with a base.

    Raises:
        EngineError: there is none, or it is damaged.
    """
    own = finished_voices(workspace.voices)
    of_bases = speaking_voices(workspace.models)
    if name in own:
        folder = own[name][0]
        path = folder / WEIGHTS_FILE
        header = read_header(path)
        models, sha256 = workspace.models, header.get("base_sha256", "")
        base = base_of(models, sha256, header.get("base", ""), path)
        style = load_style(folder / STYLE_FILE, base.config)
        return Part(name, folder.name, base, style, read_weights(path)[0])
    if name in of_bases:
        base = Base.open(of_bases[name].parent.parent)
        return Part(name, "", base, load_style(of_bases[name], base.config), {})
    known = ", ".join(sorted({*own, *of_bases}))
    raise EngineError(f"no voice is called {name!r}", f"choose one of: {known or 'none yet'}")


def _one_base(parts: list[Part]) -> Base:
    first = parts[0]
    for part in parts[1:]:
        if part.base.hash != first.base.hash:
            raise EngineError(
                f"{first.name} stands on base {first.base.name!r} ({first.base.hash[:12]}), "
                f"{part.name} on {part.base.name!r} ({part.base.hash[:12]}): a style means "
                "nothing on another base",
                "mix voices of one base, or train or clone one of them on the other's",
            )
    return first.base
