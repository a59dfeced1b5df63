"""Jobs in cells: what a list and a page say of a job, and in which tone."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Cell, Span
from tui.jobs import FINAL_STATES, progress, short_id, subject
from tui.quantities import ago, duration, rate

Job = Mapping[str, Any]

MARKS: Mapping[str, str] = {
    "running": "●", "waiting": "○", "paused": "‖",
    "succeeded": "✓", "failed": "✗", "cancelled": "–",
}  # fmt: skip
STATE_TONES: Mapping[str, Tone] = {
    "running": "busy", "waiting": "", "paused": "warn",
    "succeeded": "good", "failed": "bad", "cancelled": "dim",
}  # fmt: skip
EIGHTHS = " ▏▎▍▌▋▊▉"
RATE_WIDTH = 13  # cells


def tone_of(job: Job) -> Tone:
    """The tone of a job's state."""
    return STATE_TONES.get(job["state"], "")


def name_cell(job: Job, depth: int = 0) -> Cell:
    """The short id, with its branch where the list is a tree."""
    branch = "  " * (depth - 1) + "└ " if depth else ""
    tone: Tone = "dim" if job["state"] in FINAL_STATES else ""
    return (Span(branch, "faint"), Span(short_id(job), tone))


def state_cell(job: Job) -> Cell:
    """A mark and the state."""
    tone = tone_of(job)
    return Span(f"{MARKS.get(job['state'], ' ')} {job['state']}", tone)


def about_cell(job: Job) -> Cell:
    """What the job is about."""
    return Span(subject(job), "dim" if job["state"] in FINAL_STATES else "strong")


def bar(share: float, width: int) -> tuple[Span, ...]:
    """A bar in eighths of a cell."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    full, part = divmod(eighths, 8)
    filled = "█" * full + (EIGHTHS[part] if part else "")
    return (Span(filled, "busy"), Span("░" * (width - len(filled)), "faint"))


def progress_cell(job: Job, width: int = 12) -> Cell:
    """A bar with its percentage while a job runs, how long ago it ended afterwards."""
    report = progress(job)
    if job["state"] == "running" and report:
        if report.share is None:
            return Span(f"{report.done:,.0f} {report.unit}".rstrip(), "busy")
        return (*bar(report.share, width - 5), Span(f" {report.share:4.0%}"))
    return ""


def time_cell(job: Job, now: float) -> Cell:
    """Time left while it runs, when it ended afterwards."""
    if job["state"] == "running":
        report = progress(job)
        if report and report.eta is not None:
            return duration(report.eta)
        return Span(duration(max(0.0, now - (job.get("started") or now))), "dim")
    return Span(ago(job.get("ended"), now), "dim")


def rate_cell(job: Job) -> Cell:
    """How fast a running job goes; without the unit where that does not fit into `RATE_WIDTH`."""
    report = progress(job) if job["state"] == "running" else None
    if report is None:
        return ""
    said = rate(report.rate, report.unit)
    return said if len(said) <= RATE_WIDTH else rate(report.rate)


def attempt_cell(job: Job) -> Cell:
    """Which attempt this is, from the second on."""
    return Span(f"{job['attempt']}.", "warn") if job["attempt"] > 1 else ""


def why_cell(job: Job) -> Cell:
    """What a running job does just now, why another is where it is."""
    if job["state"] == "running":
        report = progress(job)
        # a worker loads its libraries first, which takes a while on a busy machine
        stage = report.stage if report else "starting"
        said = " · ".join(part for part in (str(job.get("reason") or ""), stage) if part)
        return Span(said, "dim")
    tone: Tone = "bad" if job["state"] == "failed" else "dim"
    return Span(" ".join(str(job.get("reason") or "").split()), tone)


def clock(then: float | None, now: float) -> str:
    """A Unix time as people say it: "14:03:27" today, "Nov 18 14:03" before; "" for None."""
    if then is None:
        return ""
    moment = datetime.datetime.fromtimestamp(then)
    today = datetime.datetime.fromtimestamp(now).date()
    return f"{moment:%H:%M:%S}" if moment.date() == today else f"{moment:%b %d %H:%M}"
