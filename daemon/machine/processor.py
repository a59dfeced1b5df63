"""Processor and memory, from what the kernel tells in /proc."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.machine.container import allowance

PROC = Path("/proc")
KIBIBYTE = 1024
IDLE_FIELDS = (3, 4)  # idle and waiting for the disk, of a line of /proc/stat
GUEST_FIELD = 8  # from here on times are counted a second time
MEMORY = {  # what we call it -> what /proc/meminfo does
    "total": "MemTotal",
    "available": "MemAvailable",
    "swap_total": "SwapTotal",
    "swap_free": "SwapFree",
}


@dataclass(frozen=True)
class CoreTimes:
    """What a core has done since boot, in clock ticks."""

    busy: int
    idle: int


def core_times(stat: str) -> dict[str, CoreTimes]:
    """Times of each core, by its name, from the text of /proc/stat."""
    times = {}
    for line in stat.splitlines():
        name, *fields = line.split()
        if name.startswith("cpu") and name != "cpu":
            ticks = [int(field) for field in fields[:GUEST_FIELD]]
            idle = sum(ticks[field] for field in IDLE_FIELDS)
            times[name] = CoreTimes(sum(ticks) - idle, idle)
    return times


def use(before: dict[str, CoreTimes], after: dict[str, CoreTimes]) -> list[float | None]:
    """How busy each core was between two looks, from 0 to 1; None of one that was away."""
    return [
        _share(before[name], times) if name in before else None for name, times in after.items()
    ]


def _share(before: CoreTimes, after: CoreTimes) -> float:
    # the kernel may take back a tick or two of idle time
    busy, idle = max(0, after.busy - before.busy), max(0, after.idle - before.idle)
    return round(busy / (busy + idle), 3) if busy + idle else 0.0


def read_core_times() -> dict[str, CoreTimes]:
    return core_times((PROC / "stat").read_text())


def memory(meminfo: str) -> dict[str, int | None]:
    """Memory in bytes, from the text of /proc/meminfo."""
    lines = (line.partition(":") for line in meminfo.splitlines())
    told = {name: int(value.split()[0]) * KIBIBYTE for name, _, value in lines}
    return {ours: told.get(theirs) for ours, theirs in MEMORY.items()}


def read_memory() -> dict[str, Any]:
    """Memory of the machine, and what our control group allows and uses of it, in bytes."""
    figures = memory((PROC / "meminfo").read_text())
    unknown = {name: "the kernel does not tell" for name, value in figures.items() if value is None}
    allowed = allowance()
    if allowed is None:
        unknown |= dict.fromkeys(("limit", "used"), "no limit is set for this process")
        return {**figures, "limit": None, "used": None, "unknown": unknown}
    return {**figures, "limit": allowed.limit, "used": allowed.used, "unknown": unknown}


def read_load() -> Sequence[float]:
    """Processes that ran or wanted to, as means of 1, 5 and 15 minutes."""
    return [round(mean, 2) for mean in os.getloadavg()]


def report(before: dict[str, CoreTimes], after: dict[str, CoreTimes]) -> dict[str, Any]:
    return {"cores": use(before, after), "load": read_load()}
