"""The first curve of a job, beside a list: how it goes, without opening it."""

from __future__ import annotations

import asyncio

from textual import work
from textual.containers import Vertical

from daemon.client import ClientError
from daemon.client.link import Link
from tui.jobs import MEASURING

BUCKETS = 240  # twice the dots that the chart has across
PATIENCE = 0.3  # seconds that the cursor must rest on a job: nobody asks for all that it passes


class Glimpse(Vertical):
    """A chart that follows one job at a time."""

    DEFAULT_CSS = """
    Glimpse { height: 16; display: none; padding-top: 1; }
    Glimpse.-drawn { display: block; }
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self._job: str | None = None

    def look_at(self, id_: str | None, kind: str) -> None:
        """Show another job; None shows nothing."""
        wanted = id_ if kind in MEASURING else None
        if wanted == self._job:
            return
        self._job = wanted
        self.remove_class("-drawn")
        self._follow(wanted)

    @work(exclusive=True, group="glimpse")
    async def _follow(self, id_: str | None) -> None:
        if id_ is None:
            return
        await asyncio.sleep(PATIENCE)
        # the first paint of the dashboard is not to wait for these
        from tui.curves.drawing import Look
        from tui.dashboard import panels
        from tui.dashboard.chart import Chart
        from workspace.curves import RunCurves

        if not self.query(Chart):
            await self.mount(Chart(""))
        curves, chart = RunCurves(), self.query_one(Chart)
        shown: tuple[str, ...] = ()
        try:
            async for event in self._link.follow("run.curves", id=id_, buckets=BUCKETS):
                curves.take(event.value)
                first = panels.panels(curves.series)[:1]
                if not first:
                    continue
                if first[0].series != shown or "whole" in event.value:
                    shown = first[0].series
                    chart.title = first[0].title
                    chart.look = Look(end=panels.end(curves.facts))
                    chart.show(
                        panels.traces(first[0], curves.series, None), panels.markers(curves.facts)
                    )
                    self.add_class("-drawn")
                else:
                    chart.advance()
        except ClientError as error:
            self.notify(error.message, severity="warning", markup=False)
