"""Events of the kernel for a few folders and all below them, as hints where to look.

They are hints and never the truth: they are lost on network file systems, when the kernel's queue
is full, and where a name is not UTF-8. Whatever goes wrong here is told, and the watcher polls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from watchfiles import Change, awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

log = logging.getLogger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every change

DEBOUNCE = 0.2  # seconds: events that come together make one hint
QUIET_SECONDS = 1.0  # without events, after which the watch is known to be in place
UNDECODABLE = "Unable to decode path"  # what watchfiles stops with at a name that is not UTF-8


class KernelEvents:
    """Watches a changing set of folders for as long as `run` runs.

    Attributes:
        trouble: why there are no events at present, or "".
    """

    def __init__(
        self,
        on_paths: Callable[[Iterable[Path]], None],
        on_lost: Callable[[], None],
        retry_seconds: float,
    ) -> None:
        """
        Args:
            on_paths: called with the paths that something happened to.
            on_lost: called when events may have been lost.
            retry_seconds: how long to do without events when the kernel gives none.
        """
        self.trouble = ""
        self._on_paths = on_paths
        self._on_lost = on_lost
        self._retry_seconds = retry_seconds
        self._folders: dict[Path, tuple[int, int]] = {}
        self._changed = asyncio.Event()

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(self._folders)

    def watch(self, folders: dict[Path, tuple[int, int]]) -> None:
        """Watch these folders from now on.

        Args:
            folders: device and inode by the folder's path: one that was removed and made again is
                another one, and the watch on the old one is dead.
        """
        if folders != self._folders:
            self._folders = folders
            self._changed.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            self._changed.clear()
            if not self._folders:
                await self._changed.wait()
                continue
            trouble: BaseException | None = None
            try:
                await self._session()
            except* (WatchfilesRustInternalError, OSError) as group:
                trouble = _first(group)
            if trouble is not None:
                await self._recover(trouble)

    async def _session(self) -> None:
        """Pass events on until the set of folders changes, or one of them goes."""
        self._require_folders()
        events = awatch(
            *self._folders,
            watch_filter=None,
            debounce=int(DEBOUNCE * 1000),
            stop_event=self._changed,
            rust_timeout=int(QUIET_SECONDS * 1000),
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        begun = False
        async with aclosing(events):
            async for changes in events:
                if not begun:  # the watch is in place; what happened before went unseen
                    begun = True
                    self.trouble = ""
                    self._on_lost()
                if changes:
                    self._on_paths([Path(path) for _, path in changes])
                gone = {Path(path) for change, path in changes if change is Change.deleted}
                if gone & self._folders.keys():
                    return  # one made again in its place may even have the same inode

    def _require_folders(self) -> None:
        """watchfiles watches nothing, and says nothing, where a folder is missing."""
        for folder in self._folders:
            if not folder.is_dir():
                raise FileNotFoundError(folder)

    async def _recover(self, trouble: BaseException) -> None:
        if UNDECODABLE in str(trouble):
            pause = DEBOUNCE
        elif isinstance(trouble, FileNotFoundError):
            pause = DEBOUNCE  # the folder went away; it is made again when it is next looked for
        else:
            pause = self._retry_seconds
            self.trouble = f"{trouble} (fs.inotify.max_user_watches may be too low)"
            log.warning("the kernel gives no events, polling instead: %s", self.trouble)
        self._on_lost()
        await asyncio.sleep(pause)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
