"""When is a folder complete? A pure state machine over what was seen of it.

Copying tools keep old times on new files, so the only sign that counts is that two looks, far
enough apart, saw the same. Temporary files ask for more patience: a stalled copy may go on.
"""

from __future__ import annotations

from dataclasses import dataclass

from daemon.watchsettings import WatchSettings


@dataclass(frozen=True, kw_only=True)
class Observation:
    """One look at a folder.

    Attributes:
        stamp: changes whenever a name, size, time or permission of a file in it does.
        files: how many files, without temporary ones.
        bytes: their size.
        arriving: a temporary file in it, printable, or "".
    """

    stamp: str
    files: int
    bytes: int
    arriving: str = ""


@dataclass(frozen=True, kw_only=True)
class SettleState:
    """What is remembered between two looks.

    Attributes:
        stamp: of the last look.
        since: when this stamp was first seen, on the caller's monotonic clock, seconds.
        taken: the stamp that the folder was last taken with, or "".
    """

    stamp: str = ""
    since: float = 0.0
    taken: str = ""


@dataclass(frozen=True)
class Wait:
    """Not yet: look again at `until` (monotonic, seconds)."""

    until: float
    reason: str


@dataclass(frozen=True)
class Take:
    """The folder is complete as it is."""


@dataclass(frozen=True)
class Unchanged:
    """The folder is as it was taken."""


Decision = Wait | Take | Unchanged


def settle(
    state: SettleState, seen: Observation, now: float, settings: WatchSettings
) -> tuple[SettleState, Decision]:
    """What a look at a folder means.

    Args:
        state: from the look before; `SettleState()` at first, with `taken` where it is known from
            an earlier run.
        seen: what the folder looks like.
        now: when it did, on a monotonic clock, seconds.
        settings: how long a folder has to be quiet.

    Returns:
        The state for the next look, and what to do.
    """
    since = state.since if seen.stamp == state.stamp else now
    if seen.stamp == state.taken:
        return SettleState(stamp=seen.stamp, since=since, taken=state.taken), Unchanged()
    patience = settings.abandoned_seconds if seen.arriving else settings.settle_seconds
    if seen.stamp == state.stamp and now - since >= patience:
        return SettleState(stamp=seen.stamp, since=since, taken=seen.stamp), Take()
    waiting = SettleState(stamp=seen.stamp, since=since, taken=state.taken)
    reason = f"{seen.arriving} is still arriving" if seen.arriving else "files are still changing"
    return waiting, Wait(since + patience, f"{reason}; taken when quiet for {patience:g} s")
