"""Jobs as a list with progress bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from tui.cli.listing import Row, listing
from tui.jobs import Progress, progress, short_id, subject, why
from tui.quantities import ago, duration, rate

BAR_WIDTH = 10  # characters
HEADINGS = ("job", "kind", "about", "state", "progress", "time")
STATE_STYLES = {
    "waiting": "yellow", "running": "bold cyan", "paused": "magenta",
    "succeeded": "green", "failed": "bold red", "cancelled": "dim",
}  # fmt: skip


def jobs_table(jobs: Sequence[Mapping[str, Any]], now: float) -> RenderableType:
    """A row for each job, in the order given; `now` is Unix time in seconds."""
    if not jobs:
        return Text("no jobs: drop a folder of recordings into datasets/")
    return listing(HEADINGS, [_row(job, now) for job in jobs])


def _row(job: Mapping[str, Any], now: float) -> Row:
    report = progress(job) if job["state"] == "running" else None
    cells = (
        Text(short_id(job)),
        Text(str(job["kind"])),
        Text(subject(job)),
        Text(job["state"], style=STATE_STYLES.get(job["state"], "")),
        bar(report) if report else Text(ago(job.get("ended"), now), style="dim"),
        Text(_time(job, report), style="dim"),
    )
    return Row(cells, (_why(job, report),))


def bar(report: Progress) -> Text:
    """A progress bar with its percentage; how much is done where the whole is not known."""
    if report.share is None:
        return Text(f"{report.done:,.0f} {report.unit}".rstrip())
    filled = round(report.share * BAR_WIDTH)
    return Text.assemble(
        ("━" * filled, "cyan"), ("─" * (BAR_WIDTH - filled), "dim"), f" {report.share:4.0%}"
    )


def _time(job: Mapping[str, Any], report: Progress | None) -> str:
    if report:
        return f"{duration(report.eta)} left" if report.eta is not None else ""
    if job.get("ended") and job.get("started"):
        return f"took {duration(job['ended'] - job['started'])}"
    return ""


def _why(job: Mapping[str, Any], report: Progress | None) -> str:
    if report:
        speed = rate(report.rate, report.unit)
        parts = [str(job.get("reason") or ""), report.stage, speed]
        return ", ".join(part for part in parts if part)
    return why(job)
