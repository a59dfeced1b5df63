"""Looking closer than what the daemon sent of a long run: which parts to ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from daemon.protocol import CurveRange
from tui.curves.trace import Trace, View
from tui.dashboard.chart import Chart
from workspace.curves import range_from_json
from workspace.series import Columns

if TYPE_CHECKING:
    from daemon.client.link import Link


@dataclass(frozen=True)
class Missing:
    """A part of a curve that is known too coarsely.

    Attributes:
        chart: where it is seen.
        name: of its trace there.
        view: what is seen.
        request: asks for it.
    """

    chart: Chart
    name: str
    view: View
    request: CurveRange


def missing(charts: Iterable[Chart]) -> Iterator[Missing]:
    """What charts would have to ask for to show all that was measured in what they show."""
    for chart in charts:
        if chart.drawing is None:
            continue
        for trace in chart.traces:
            if (request := finer(trace, chart.drawing.view)) is not None:
                yield Missing(chart, trace.name, chart.drawing.view, request)


def finer(trace: Trace, view: View) -> CurveRange | None:
    """How to ask for a view as finely as it was measured; None where it is known so."""
    if trace.source is None or (trace.fine is not None and trace.fine.fits(trace, view)):
        return None
    first, last, axis = trace.range(view.viewport, view.axis)
    entries, points = trace.series.detail(first, last, axis)
    if entries >= view.columns or points <= entries:
        return None
    run, name = trace.source
    return CurveRange(id=run, series=name, first=first, last=last, columns=view.columns, axis=axis)


async def ask(link: Link, request: CurveRange) -> Columns:
    """A part of a curve as the daemon has it.

    Raises:
        ClientError: it cannot be had.
    """
    return range_from_json(await link.call("run.range", **asdict(request)))


async def refined(link: Link, trace: Trace, view: View) -> Trace:
    """A curve that shows a view as finely as it was measured.

    Raises:
        ClientError: that cannot be had.
    """
    request = finer(trace, view)
    return trace.refined(view, await ask(link, request)) if request else trace
