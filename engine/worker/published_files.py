"""Where a base's published files lie on this machine. No torch: they arrive without it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import EngineError, MachineError
from workspace.catalogue import CONFIG_FILE, PublishedBase

VOICES = "voices"
VOICE_FILES = (".pt", ".bin")
NAME = re.compile(r"\w[\w.-]*")  # of a folder that is made for a base or a voice


@dataclass(frozen=True, kw_only=True)
class Files:
    """The published files of one base, on this machine.

    Attributes:
        origin: what goes into `source.json`: repository and revision, or folder.
    """

    config: Path
    weights: Path
    voices: tuple[Path, ...]
    origin: dict[str, Any]

    def __iter__(self) -> Iterator[Path]:
        yield from (self.config, self.weights, *self.voices)


def local_files(folder: Path, published: PublishedBase | None) -> Files:
    """The published files that lie in a folder, as a hub's repository has them.

    Raises:
        EngineError: one is not there.
    """
    weights = [folder / published.weights] if published else sorted(folder.glob("*.pth"))
    found = [path for path in (folder / CONFIG_FILE, *weights) if path.is_file()]
    if len(found) != 2:
        wanted = published.weights if published else "one file *.pth"
        raise EngineError(
            f"{folder}: needs {CONFIG_FILE} and {wanted}, and perhaps voices/*.pt",
            "name the folder that has them",
        )
    voices = (p for p in sorted((folder / VOICES).glob("*")) if p.suffix in VOICE_FILES)
    origin = {"folder": str(folder)}
    return Files(config=found[0], weights=found[1], voices=tuple(voices), origin=origin)


def need_disk(place: Path, size: int) -> None:
    """Raise MachineError where so many bytes do not fit."""
    existing = next(parent for parent in (place, *place.parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise MachineError(
            f"{existing}: {size / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free",
            "free space; the job tries again",
        )


def folder_name(name: str) -> str:
    """The name, if a folder of the workspace may bear it; EngineError otherwise."""
    if not NAME.fullmatch(name):
        raise EngineError(f"{name!r} cannot be a name", "use letters, digits, '-', '_' and '.'")
    return name
