"""What a job is about, in a few lines beside the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tui.dashboard import formats
from tui.dashboard.board import Board
from tui.dashboard.lines import labelled
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Span
from tui.dashboard.widgets.told import Told
from tui.jobs import progress, short_id
from tui.quantities import duration, figure, rate, size

Job = Mapping[str, Any]
Labelled = tuple[str, tuple[Span, ...]]
LABEL = 11  # cells
SHOWN_OUTPUTS = 8


class JobSummary(Told):
    """The job under the cursor."""

    def show(
        self, job: Job | None, board: Board, now: float, worker: Mapping[str, Any] | None = None
    ) -> None:
        """
        Args:
            job: a row of the board, or None.
            board: where the jobs are that it depends on.
            now: Unix time, seconds, by the daemon's clock.
            worker: what its processes take, as the stream `machine` tells it, if that is known.
        """
        if job is None:
            self.tell(())
            return
        takes = taken(worker) if worker is not None else ()
        found = (*standing(job, now), *takes, *origin(job, board, now), *made(job))
        lines = [labelled(label, LABEL, *spans) for label, spans in found]
        self.tell([(Span(str(job["id"]), "strong"),), *lines])


def standing(job: Job, now: float) -> Iterable[Labelled]:
    """State, progress, why and what to do about it."""
    cell = formats.state_cell(job)
    assert isinstance(cell, Span)
    attempt = (Span(f"   attempt {job['attempt']}", "warn"),) if job["attempt"] > 1 else ()
    device = (Span(f"  on {job['device']}", "dim"),) if job.get("device") else ()
    yield "state", (cell, *device, *attempt)
    report = progress(job)
    if report and job["state"] == "running":
        share = formats.bar(report.share, 20) if report.share is not None else ()
        done = f" {report.done:,.0f}" + (f" of {report.total:,.0f}" if report.total else "")
        yield report.stage[: LABEL - 1], (*share, Span(f"{done} {report.unit}"))
        left = f", {duration(report.eta)} left" if report.eta is not None else ""
        if report.rate:
            yield "rate", (Span(rate(report.rate, report.unit) + left),)
        for split, values in ((job.get("progress") or {}).get("metrics") or {}).items():
            shown = [f"{name} {figure(value)}" for name, value in list(values.items())[:3]]
            yield split[: LABEL - 1], (Span("   ".join(shown), "dim"),)
    if job.get("reason"):
        tone: Tone = "bad" if job["state"] == "failed" else ""
        yield "why", (Span(" ".join(str(job["reason"]).split()), tone),)
    if job.get("fix"):
        yield "to do", (Span(str(job["fix"]), "accent"),)
    if job.get("started"):
        took = (job.get("ended") or now) - job["started"]
        yield "started", (Span(f"{formats.clock(job['started'], now)}, {duration(took)}", "dim"),)


def taken(worker: Mapping[str, Any]) -> Iterable[Labelled]:
    """What the processes of a running job take."""
    cores = f"{worker['cores']:.1f} cores, " if worker["cores"] is not None else ""
    count = len(worker["pids"])
    of = f"   {count} processes" if count > 1 else ""
    yield "takes", (Span(f"{cores}{size(worker['memory'])}"), Span(of, "dim"))


def origin(job: Job, board: Board, now: float) -> Iterable[Labelled]:
    """When it was made, from what, and after which jobs it comes."""
    yield "made", (Span(formats.clock(job["created"], now), "dim"),)
    for name in job.get("depends_on") or ():
        parent = board.jobs.get(name)
        tone = formats.tone_of(parent) if parent else "dim"
        said = f"{short_id(parent)} {parent['kind']} {parent['state']}" if parent else name
        yield "after", (Span(said, tone),)
    for key, value in (job.get("spec") or {}).items():
        if isinstance(value, str | int | float) and value != "":
            yield str(key)[: LABEL - 1], (Span(str(value), "dim"),)


def made(job: Job) -> Iterable[Labelled]:
    """What came of it."""
    for key, value in list((job.get("outputs") or {}).items())[:SHOWN_OUTPUTS]:
        if isinstance(value, float):
            yield str(key)[: LABEL - 1], (Span(figure(value), "good"),)
        elif isinstance(value, str | int):
            yield str(key)[: LABEL - 1], (Span(str(value), "good"),)
