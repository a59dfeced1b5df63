"""SIGTERM as a question that long work asks itself between steps."""

from __future__ import annotations

import signal
from types import FrameType

_requested = False


class JobCancelledError(Exception):
    """The job was asked to stop and has kept what it did so far."""


def catch_termination() -> None:
    """From now on SIGTERM and SIGINT only set a flag."""

    def note(number: int, frame: FrameType | None) -> None:
        global _requested
        _requested = True

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)


def stop_requested() -> bool:
    """Whether the process was asked to stop."""
    return _requested


def check() -> None:
    """Raise `JobCancelledError` when the process was asked to stop."""
    if _requested:
        raise JobCancelledError
