"""Recorded speakers in words; pure functions over `recordings.list`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Speaker = Mapping[str, Any]
NAMES = {"own": "a text of one's own"}


def script_of(speaker: Speaker) -> str:
    """What a speaker reads."""
    return " + ".join(NAMES.get(name, name) for name in str(speaker["script"]).split("+"))


def state_of(speaker: Speaker) -> str:
    """Whether takes are still made, or the folder was given to be trained."""
    return "recording" if speaker["held"] else "training"


def tape(seconds: float) -> str:
    """Minutes as on a tape: "0:07", "12:30"."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
