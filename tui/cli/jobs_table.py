"""Jobs as a table with progress bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tui.jobs import Progress, progress, short_id, subject
from tui.quantities import ago, duration, rate

BAR_WIDTH = 16
STATE_STYLES = {
    "waiting": "yellow", "running": "bold cyan", "paused": "magenta",
    "succeeded": "green", "failed": "bold red", "cancelled": "dim",
}  # fmt: skip


def jobs_table(jobs: Sequence[Mapping[str, Any]], now: float) -> RenderableType:
    """A row for each job, in the order given; `now` is Unix time in seconds."""
    if not jobs:
        return Text("no jobs: drop a folder of recordings into datasets/")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    for heading in ("job", "kind", "about", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("progress", no_wrap=True)
    table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for job in jobs:
        table.add_row(*_row(job, now))
    return table


def _row(job: Mapping[str, Any], now: float) -> list[RenderableType]:
    running = job["state"] == "running"
    report = progress(job) if running else None
    return [
        short_id(job),
        job["kind"],
        Text(subject(job)),
        Text(job["state"], style=STATE_STYLES.get(job["state"], "")),
        _bar(report) if report else Text(_when(job, now), style="dim"),
        rate(report.rate, report.unit) if report else "",
        duration(report.eta) if report else "",
        Text(_why(job, report)),
    ]


def _bar(report: Progress) -> RenderableType:
    if report.share is None:
        return Text(f"{report.done:,.0f} {report.unit}")
    table = Table.grid(padding=(0, 1))
    table.add_row(
        ProgressBar(total=1.0, completed=report.share, width=BAR_WIDTH), f"{report.share:4.0%}"
    )
    return table


def _when(job: Mapping[str, Any], now: float) -> str:
    ended = job.get("ended")
    if ended is None:
        return ""
    took = duration(ended - job["started"]) if job.get("started") else ""
    return f"{ago(ended, now)}" + (f", took {took}" if took else "")


def _why(job: Mapping[str, Any], report: Progress | None) -> str:
    if report and report.stage:
        return report.stage
    parts = [str(job.get("reason") or ""), str(job.get("fix") or "")]
    return " – ".join(part for part in parts if part)


def with_notes(table: RenderableType, notes: Sequence[str]) -> RenderableType:
    """The table and, below it, lines for the person."""
    return Group(table, *(Text(note, style="dim") for note in notes))
