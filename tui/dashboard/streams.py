"""What is known of several runs at once: one stream each, which ends when nobody looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual.worker import Worker

from daemon.client import ClientError
from tui.dashboard.differences import Setting, settings
from tui.dashboard.screens.page import Page
from tui.jobs import FINAL_STATES
from workspace.curves import RunCurves

BUCKETS = 1000  # of each series to begin with: four times the columns of a wide chart


class RunStreams:
    """The curves and the settings of the runs that a page shows.

    Attributes:
        curves: of the runs that are held.
        settings: of every run that was ever held; they never change.
    """

    def __init__(
        self, page: Page, changed: Callable[[bool], None], lost: Callable[[str], None]
    ) -> None:
        """
        Args:
            page: whose workers hold the streams.
            changed: called when more is known; True: curves did more than grow.
            lost: called with a run of which nothing can be had.
        """
        self.curves: dict[str, RunCurves] = {}
        self.settings: dict[str, list[Setting]] = {}
        self._page, self._changed, self._lost = page, changed, lost
        self._held: dict[str, Worker[None]] = {}

    def hold(self, ids: Iterable[str]) -> None:
        """Hold these runs and no others."""
        wanted = set(ids)
        for id_ in self._held.keys() - wanted:
            self._held.pop(id_).cancel()
            del self.curves[id_]
        for id_ in wanted - self._held.keys():
            self.curves[id_] = RunCurves()
            self._begin(id_)
            if id_ not in self.settings:
                self._page.run_worker(self._ask(id_), group="settings")

    def renew(self, ids: Iterable[str], jobs: Mapping[str, Mapping[str, object]]) -> bool:
        """Hold on to runs that had ended and go on; the stream of an ended run ends by itself.

        Args:
            ids: of jobs that have changed.
            jobs: the board's.

        Returns:
            Whether any of them is held.
        """
        held = self._held.keys() & set(ids)
        for id_ in held:
            if self._held[id_].is_finished and jobs[id_]["state"] not in FINAL_STATES:
                self._begin(id_)
        return bool(held)

    def _begin(self, id_: str) -> None:
        self._held[id_] = self._page.run_worker(self._take(id_), group=f"run-{id_}")

    async def _take(self, id_: str) -> None:
        curves, link = self.curves[id_], self._page.dashboard.link
        try:
            async for event in link.follow("run.curves", id=id_, buckets=BUCKETS):
                known = set(curves.series)
                curves.take(event.value)
                self._changed("whole" in event.value or known != set(curves.series))
        except ClientError as error:
            self._page.dashboard.complain(error)
            self._lost(id_)

    async def _ask(self, id_: str) -> None:
        """What a run was told to do."""
        from tui.settings import defaults

        try:
            shown = await self._page.dashboard.link.call("jobs.show", id=id_)
        except ClientError as error:
            self._page.dashboard.complain(error)
            return
        own = (shown.get("spec") or {}).get("settings") or {}
        found = settings(shown["kind"], shown.get("config") or {}, own, defaults())
        self.settings[id_] = found
        self._changed(False)
