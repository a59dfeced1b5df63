"""Watches `datasets/` and `recordings/` and says when a dataset has come, changed or gone.

Events from the kernel say where to look, the clock says when to look again, and `daemon.settle`
what a look means. Whatever events say, everything is looked at when the daemon starts and every
`rescan_seconds`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

from daemon.datasets import DatasetRecord, DatasetState, Found, find, roots, stamp_store, take
from daemon.filesystems import eventless_type, read_mounts
from daemon.fingerprint import StillChangingError, StoppedError, forget, observe
from daemon.kernelevents import DEBOUNCE, KernelEvents
from daemon.settle import Observation, SettleState, Take, Unchanged, Wait, settle
from daemon.watchsettings import WatchSettings
from workspace.corrections import corrected_dataset
from workspace.layout import Workspace

log = logging.getLogger(__name__)

LOOKS_AT_ONCE = 2  # a big dataset being read must not keep a small one waiting
LOOK_SHARE = 0.25  # of the time, at most, that a folder which keeps changing is being looked at
RETRY_SECONDS = 30.0  # after a full disk or another trouble that is not the folder's

OnChange = Callable[[DatasetRecord], Awaitable[None]]


@dataclass(kw_only=True, eq=False)
class _Tracked:
    """A dataset folder between two looks; times are monotonic seconds.

    Attributes:
        polled: no events come from there.
        settled: its record when it was last taken.
        due: when to look next.
        looked, cost: when the latest look began, and how long it took.
        busy: a look is going on.
        touched: something happened since that look began.
    """

    path: str
    folder: Path
    state: SettleState
    settled: DatasetRecord | None
    polled: bool = False
    due: float = -inf
    looked: float = -inf
    cost: float = 0.0
    busy: bool = False
    touched: bool = False


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """What one look at the roots found.

    Attributes:
        found: the dataset folders.
        events: the roots with events, by path with device and inode.
        polled: paths of the dataset folders without.
    """

    found: Found
    events: dict[Path, tuple[int, int]]
    polled: frozenset[str]


class DatasetWatcher:
    """Reports each dataset whose record has changed to `on_change`, one at a time.

    The records come in the states SETTLING, PLANNED, UNUSABLE and REMOVED; whether a PLANNED one is
    news is for `daemon.plan.needs_plan` to say.
    """

    def __init__(
        self,
        workspace: Workspace,
        settings: WatchSettings,
        on_change: OnChange,
        *,
        known: Iterable[DatasetRecord] = (),
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            workspace: whose datasets are watched.
            settings: the `[watch]` table.
            on_change: called with each changed record; what it raises ends `run`.
            known: the records of an earlier run: what has not changed since is not taken again.
            clock: monotonic time, seconds.
            wall: Unix time, seconds.
        """
        self._workspace = workspace
        self._settings = settings
        self._on_change = on_change
        self._clock = clock
        self._wall = wall
        self._records = {
            record.folder: record for record in known if record.state is not DatasetState.REMOVED
        }
        self._tracked: dict[str, _Tracked] = {}
        self._events = KernelEvents(self._hint, self.rescan, settings.rescan_seconds)
        self._wake = asyncio.Event()
        self._reporting = asyncio.Lock()
        self._slots = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._stopped = threading.Event()
        self._next_discovery = -inf
        self._next_rescan = -inf

    @property
    def records(self) -> Mapping[str, DatasetRecord]:
        """The latest record of each dataset by its folder's path, e.g. "datasets/alice"."""
        return self._records

    @property
    def mode(self) -> str:
        """How changes are noticed, for `status`: "events", or "polling" and why."""
        if self._settings.poll == "always":
            return "polling: set in [watch]"
        if self._events.trouble:
            return f"polling: {self._events.trouble}"
        polled = sum(tracked.polled for tracked in self._tracked.values())
        return f"events; {polled} folders by polling" if polled else "events"

    def rescan(self) -> None:
        """Look at everything as soon as possible."""
        self._next_discovery = self._next_rescan = -inf
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        self._stopped.clear()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_looking(group), name="watch-clock")
                group.create_task(self._events.run(), name="watch-events")
        finally:
            self._stopped.set()

    async def _keep_looking(self, group: asyncio.TaskGroup) -> None:
        """Start whatever is due, and sleep until something is."""
        while True:
            self._wake.clear()
            now = self._clock()
            if now >= self._next_rescan:
                self._next_rescan = now + self._settings.rescan_seconds
                self._next_discovery = now
                for tracked in self._tracked.values():
                    self._touch(tracked)
            if now >= self._next_discovery:
                await self._discover(now)
            for tracked in self._tracked.values():
                if not tracked.busy and tracked.due <= now:
                    tracked.busy = True
                    group.create_task(self._look(tracked), name=f"watch-look-{tracked.path}")
            dues = [tracked.due for tracked in self._tracked.values() if not tracked.busy]
            wake_at = min(self._next_rescan, self._next_discovery, *dues)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, wake_at - self._clock())):
                    await self._wake.wait()

    def _hint(self, paths: Iterable[Path]) -> None:
        """The kernel says that something happened to these paths."""
        for root in roots(self._workspace):
            for path in paths:
                if path != root and path.is_relative_to(root):
                    name = path.relative_to(root).parts[0]
                    name = corrected_dataset(name) or name
                    tracked = self._tracked.get(f"{root.name}/{name}")
                    if tracked is not None:
                        self._touch(tracked)
        self._next_discovery = -inf
        self._wake.set()

    def _touch(self, tracked: _Tracked) -> None:
        """Look at a folder soon, but not all the time."""
        gap = max(self._settings.settle_seconds * LOOK_SHARE, tracked.cost / LOOK_SHARE)
        tracked.touched = True
        tracked.due = min(tracked.due, max(self._clock() + DEBOUNCE, tracked.looked + gap))

    async def _discover(self, now: float) -> None:
        """Find the folders that have come or gone, and decide how each is watched."""
        self._next_discovery = inf
        try:
            survey = await asyncio.to_thread(self._survey)
        except OSError as error:
            log.warning("the datasets cannot be listed: %s", error)
            self._next_discovery = now + RETRY_SECONDS
            return
        self._events.watch(survey.events)
        folders = survey.found.folders
        refused = {record.folder: record for record in survey.found.refused}
        for path in self._tracked.keys() - folders.keys():
            del self._tracked[path]
        for path in self._records.keys() - folders.keys() - refused.keys():
            await self._report_removed(path)
        for path, folder in folders.items():
            self._track(path, folder, path in survey.polled or bool(self._events.trouble))
        for record in refused.values():
            await self._report(record)
        eventless = self._events.trouble or len(survey.events) < len(roots(self._workspace))
        if eventless and self._settings.poll != "never":
            poll_at = now + self._settings.poll_seconds
            self._next_discovery = min(self._next_discovery, poll_at)

    def _survey(self) -> _Survey:
        """Look at the roots; runs in a thread."""
        mounts = read_mounts()
        poll = self._settings.poll

        def silent(path: Path) -> bool:
            if poll == "auto":
                return eventless_type(path.resolve(), mounts) is not None
            return poll == "always"

        events: dict[Path, tuple[int, int]] = {}
        for root in roots(self._workspace):
            root.mkdir(parents=True, exist_ok=True)
            if not silent(root):
                status = root.stat()
                events[root] = (status.st_dev, status.st_ino)
        found = find(self._workspace, self._wall())
        polled = frozenset(
            path
            for path, folder in found.folders.items()
            # the kernel's watches do not follow a link that is made after them
            if silent(folder) or (poll == "auto" and folder.is_symlink())
        )
        return _Survey(found=found, events=events, polled=polled)

    def _track(self, path: str, folder: Path, polled: bool) -> None:
        tracked = self._tracked.get(path)
        if tracked is None:
            record = self._records.get(path)
            # what was settling, nobody knows how it was before: it is taken anew
            settled = record if record and record.state is not DatasetState.SETTLING else None
            state = SettleState(taken=settled.stamp if settled else "")
            tracked = _Tracked(path=path, folder=folder, state=state, settled=settled)
            self._tracked[path] = tracked
        if polled and not tracked.polled:
            tracked.due = min(tracked.due, self._clock())
        tracked.polled = polled

    async def _look(self, tracked: _Tracked) -> None:
        """One look at a folder, and what follows from it."""
        try:
            async with self._slots:
                started = tracked.looked = self._clock()
                tracked.touched = False
                seen = await asyncio.to_thread(observe, tracked.folder)
                tracked.cost = self._clock() - started
                tracked.state, decision = settle(tracked.state, seen, started, self._settings)
                due = inf
                match decision:
                    case Wait(until=until, reason=reason):
                        due = until
                        await self._report_settling(tracked, seen, reason)
                    case Take():
                        due = await self._take(tracked, seen)
                    case Unchanged() if tracked.settled is not None:
                        await self._report(tracked.settled)
            if tracked.polled and self._settings.poll != "never":
                due = min(due, self._clock() + self._settings.poll_seconds)
            tracked.due = due
            if tracked.touched:
                self._touch(tracked)
        finally:
            tracked.busy = False
            self._wake.set()

    async def _take(self, tracked: _Tracked, seen: Observation) -> float:
        """Take a settled folder; when to look at it again."""
        try:
            record = await asyncio.to_thread(
                take,
                tracked.folder,
                tracked.path,
                seen=seen,
                state_folder=self._workspace.state,
                settings=self._settings,
                now=self._wall(),
                stopped=self._stopped.is_set,
            )
        except StoppedError:
            return inf
        except StillChangingError as error:
            tracked.state = SettleState()
            await self._report_settling(tracked, seen, f"{error} changed while it was read")
            return self._clock() + self._settings.settle_seconds
        except OSError as error:
            tracked.state = SettleState()
            log.warning("%s cannot be taken: %s", tracked.path, error)
            fix = "it is tried again by itself; see the daemon's log"
            await self._report_settling(tracked, seen, f"cannot be taken: {error}", fix)
            return self._clock() + RETRY_SECONDS
        tracked.settled = record
        await self._report(record)
        return inf

    async def _report_settling(
        self, tracked: _Tracked, seen: Observation, reason: str, fix: str = ""
    ) -> None:
        before = tracked.settled or DatasetRecord(
            name=tracked.folder.name, folder=tracked.path, state=DatasetState.SETTLING
        )
        await self._report(
            before.evolve(
                state=DatasetState.SETTLING,
                files=seen.files,
                bytes=seen.bytes,
                reason=reason,
                fix=fix,
                updated=self._wall(),
            )
        )

    async def _report_removed(self, path: str) -> None:
        record = self._records[path].evolve(
            state=DatasetState.REMOVED,
            reason="the folder is gone",
            fix="",
            updated=self._wall(),
        )
        forget(stamp_store(self._workspace.state, path))
        await self._report(record)
        del self._records[path]

    async def _report(self, record: DatasetRecord) -> None:
        """Pass a record on, if it says anything new."""
        async with self._reporting:
            before = self._records.get(record.folder)
            if before is not None and before.evolve(updated=record.updated) == record:
                return
            self._records[record.folder] = record
            await self._on_change(record)
