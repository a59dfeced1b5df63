"""The `[watch]` table of `config.toml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workspace.settings import Table

TABLE = "watch"


class WatchSettings(Table):
    """When a folder is looked at, and when it counts as complete."""

    settle_seconds: float = Field(default=10.0, ge=0.0, le=3600.0)
    """A folder is taken when nothing in it has changed for this long, in seconds."""

    abandoned_seconds: float = Field(default=600.0, ge=0.0, le=86_400.0)
    """The same while temporary files of a copy lie in it (`.part`, `.tmp`, rsync's): a copy that
    stood still for this long is taken for given up, in seconds."""

    poll: Literal["auto", "always", "never"] = "auto"
    """Whether folders are looked at by the clock: "always", "never" (only events from the kernel),
    or "auto": where the file system gives no events (NFS, CIFS, FUSE) or the kernel has no watches
    left."""

    poll_seconds: float = Field(default=5.0, gt=0.0, le=3600.0)
    """How often, when polling, in seconds."""

    rescan_seconds: float = Field(default=300.0, gt=0.0, le=86_400.0)
    """How often everything is looked at once more in spite of events, in seconds."""

    sample_above_bytes: int = Field(default=4_000_000_000, ge=0)
    """In a dataset larger than this, audio files are told apart by their size and three samples of
    16 KiB (start, middle, end) and not by every byte; texts always are. In bytes."""

    preview_text: str = Field(default="今天天气很好,我们去公园散步。", min_length=1, max_length=500)
    """What a new voice says first."""
