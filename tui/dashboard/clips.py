"""Recordings of the workspace as files of this machine, wherever the daemon is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import tempfile
import threading
from pathlib import Path, PurePosixPath

from daemon.client.link import Link
from tui.playback import play_recording
from tui.quantities import size

LARGEST = 64_000_000  # bytes that are fetched to be heard


class ClipError(Exception):
    """A recording was not fetched; the message says why."""


class Clips:
    """Fetches recordings, each once, and plays one at a time; closed, nothing is left of them."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._folder = tempfile.TemporaryDirectory(prefix="yinfang-")
        self._known: dict[str, Path] = {}
        self._playing: threading.Event | None = None  # set, it ends what is played

    async def play(self, path: str) -> None:
        """Play a recording to its end, or until it is stopped.

        Args:
            path: from the workspace's root.

        Raises:
            ClipError, DaemonError: as `fetch`.
            PlaybackError: nothing to play on or with.
        """
        self.stop()
        stopped = self._playing = threading.Event()
        try:
            clip = await self.fetch(path)
            await asyncio.to_thread(play_recording, clip, stopped)
        finally:
            if self._playing is stopped:
                self._playing = None

    def stop(self) -> bool:
        """Be silent; returns whether anything was being played."""
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.set()
        return playing is not None

    async def fetch(self, path: str) -> Path:
        """The file of a recording.

        Args:
            path: from the workspace's root, e.g. "datasets/alice/a01.flac".

        Raises:
            ClipError: it is too large, or changed while it was read.
            DaemonError: the daemon cannot read it.
        """
        if path not in self._known:
            self._known[path] = await self._read(path)
        return self._known[path]

    def close(self) -> None:
        """Be silent, and remove what was fetched."""
        self.stop()
        self._folder.cleanup()

    async def _read(self, path: str) -> Path:
        digest = hashlib.sha256()
        name = hashlib.sha256(path.encode()).hexdigest()[:16] + PurePosixPath(path).suffix
        clip = Path(self._folder.name) / name
        with clip.open("wb") as file:
            async for event in self._link.follow("files.read", path=path, limit=LARGEST):
                if "data" in event.value:
                    block = base64.b64decode(event.value["data"])
                    digest.update(block)
                    file.write(block)
                else:
                    done = event.value["done"]
        if done["size"] > LARGEST:
            raise ClipError(f"{path} has {size(done['size'])}: listen to it where it lies")
        if digest.hexdigest() != done["sha256"]:
            raise ClipError(f"{path} changed while it was read: try again")
        return clip
