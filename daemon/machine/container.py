"""The memory that our control group allows: in a container the machine's own figures mislead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")
V1_ROOT = ROOT / "memory"
V2_FILES = "memory.max", "memory.current"
V1_FILES = "memory.limit_in_bytes", "memory.usage_in_bytes"
UNLIMITED = 1 << 60  # bytes; version 1 has no word for "no limit", only a number as large


@dataclass(frozen=True)
class Allowance:
    """Bytes that all processes of a control group may use together, and that they do use."""

    limit: int
    used: int


def allowance(cgroups: Path = CGROUPS, v2: Path = ROOT, v1: Path = V1_ROOT) -> Allowance | None:
    """The tightest limit of our control group and those around it; None where there is none.

    Args:
        cgroups: where the kernel tells which groups we are in.
        v2, v1: where groups of either version are mounted.
    """
    limits: list[Allowance] = []
    for line in cgroups.read_text().splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:
            limits += _limits(v2, group, V2_FILES)
        elif "memory" in controllers.split(","):
            limits += _limits(v1, group, V1_FILES)
    return min(limits, key=lambda each: each.limit - each.used, default=None)


def _limits(root: Path, group: str, files: tuple[str, str]) -> Iterator[Allowance]:
    """Limits of a group and of those around it; in a container its own group is the root."""
    folder = root / group.lstrip("/")
    for place in (folder, *folder.parents):
        if place.is_relative_to(root):
            limit, used = (_bytes(place / name) for name in files)
            if limit is not None and used is not None and limit < UNLIMITED:
                yield Allowance(limit, used)


def _bytes(file: Path) -> int | None:
    """The number in a file; None where it is not there, or says "max"."""
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
