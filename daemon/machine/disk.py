"""The disk, and when it will be full at the pace of the last hour."""

from __future__ import annotations

import asyncio
import logging
import shutil
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INTERVAL = 30.0  # seconds between looks
MEMORY = 3600.0  # seconds that looks are remembered
ENOUGH = 300.0  # seconds of looks without which nothing is forecast
NOTICEABLE = 1000.0  # bytes a second; a slower loss is that of logs
HORIZON = 30 * 86_400.0  # seconds; beyond that a forecast says nothing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """What was free: Unix time in seconds, bytes."""

    time: float
    free: int


@dataclass(frozen=True)
class Forecast:
    """When nothing will be left.

    Attributes:
        pace: bytes a second that are lost; None while that is unknown.
        full: Unix time, seconds; None when it is not to be seen.
        reason: why not; empty when it is.
    """

    pace: float | None
    full: float | None
    reason: str = ""


def forecast(looks: Sequence[Look], floor: int = 0) -> Forecast:
    """When the free space will have sunk to `floor` bytes.

    The pace is the median of the paces between looks half of the time apart, so that one folder
    that was deleted or copied does not count as a habit.

    Args:
        looks: in the order of their times.
        floor: bytes that are not to be used; below it no job starts.
    """
    if not looks or looks[-1].time - looks[0].time < ENOUGH:
        return Forecast(None, None, f"known after {ENOUGH / 60:.0f} minutes")
    last, half = looks[-1], len(looks) // 2
    pairs = zip(looks[: len(looks) - half], looks[half:], strict=True)
    paces = [(a.free - b.free) / (b.time - a.time) for a, b in pairs if b.time > a.time]
    pace = statistics.median(paces)
    if last.free <= floor:
        return Forecast(pace, last.time)
    if pace < NOTICEABLE:
        return Forecast(pace, None, "nothing fills it")
    seconds = (last.free - floor) / pace
    if seconds > HORIZON:
        return Forecast(pace, None, f"not within {HORIZON / 86_400:.0f} days")
    return Forecast(pace, last.time + seconds)


class Disk:
    """The disk of the workspace, watched for as long as the daemon runs."""

    def __init__(self, root: Path, floor: int) -> None:
        """
        Args:
            root: any folder on it.
            floor: bytes that must be free for a job to start.
        """
        self._root = root
        self._floor = floor
        self._looks: deque[Look] = deque(maxlen=int(MEMORY / INTERVAL))

    async def run(self) -> None:
        """Look at it now and then, until cancelled."""
        while True:
            try:
                usage = await asyncio.to_thread(shutil.disk_usage, self._root)
                self._looks.append(Look(time.time(), usage.free))
            except OSError as error:
                log.warning("the disk of %s cannot be looked at: %s", self._root, error)
            await asyncio.sleep(INTERVAL)

    def report(self) -> dict[str, Any]:
        """Bytes in all and free, bytes a second that are lost, Unix time when it is full."""
        usage = shutil.disk_usage(self._root)
        ahead = forecast(list(self._looks), self._floor)
        return {
            "total": usage.total,
            "free": usage.free,
            "floor": self._floor,
            "pace": None if ahead.pace is None else round(ahead.pace),
            "full": None if ahead.full is None else round(ahead.full),
            "unknown": {"full": ahead.reason} if ahead.reason else {},
        }
