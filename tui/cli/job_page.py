"""One job on a page: what it is, its curves, its checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tui.cli.jobs_table import STATE_STYLES
from tui.curves.braille import DOTS_ACROSS
from tui.curves.rows import curve, limits
from tui.jobs import checkpoints, progress
from tui.quantities import ago, duration, figure, rate
from workspace.curves import RunCurves
from workspace.series import Bucket, Series

CURVE_WIDTH, CURVE_HEIGHT = 64, 8  # characters
# of each group the first that a run has
WORTH_SEEING = (
    ("train/total", "train/loss"),
    ("validation/full_mcd", "validation/score", "validation/total", "validation/loss"),
)
LABEL_WIDTH = 9


def job_page(job: Mapping[str, Any], curves: RunCurves, now: float) -> RenderableType:
    """Everything about a job; `curves` are its run's, `now` is Unix time in seconds."""
    parts: list[RenderableType] = [_facts(job, now)]
    parts += [curve_plot(name, curves.series[name]) for name in chosen(curves.series)]
    if saved := checkpoints(curves.facts):
        parts.append(_checkpoint_table(list(reversed(saved))))
    return Group(*parts)


def chosen(names: Iterable[str]) -> list[str]:
    """The series worth a place on the page: the training loss, and how validation goes."""
    known = list(names)
    picked = []
    for wanted in WORTH_SEEING:
        picked += [name for name in wanted if name in known][:1]
    return picked or known[:1]


def curve_plot(
    name: str, series: Series, width: int = CURVE_WIDTH, height: int = CURVE_HEIGHT
) -> Text:
    """A curve with its name, the values at its edges and the steps at its ends.

    Args:
        name: of the series.
        series: not empty.
        width, height: characters.
    """
    buckets = series.buckets(width * DOTS_ACROSS)
    low, high = limits((series.low, series.high))
    last = next((bucket.mean for bucket in reversed(buckets) if bucket.points), None)
    text = Text(f"\n{name}  now {figure(last)}, lowest {figure(low)}\n", style="bold")
    rows = curve([value for bucket in buckets for value in _extremes(bucket)], width, height)
    for index, row in enumerate(rows):
        label = figure(high) if index == 0 else figure(low) if index == height - 1 else ""
        text.append(f"{label:>{LABEL_WIDTH}} ", style="dim")
        text.append(row + "\n", style="cyan")
    ends = f"step {buckets[0].first_step}", f"step {buckets[-1].last_step}"
    text.append(f"{'':>{LABEL_WIDTH}} {ends[0]}{ends[1]:>{width - len(ends[0])}}", style="dim")
    return text


def _extremes(bucket: Bucket) -> tuple[float, ...]:
    """What is drawn of a bucket, so that no spike is lost."""
    return (bucket.low,) if bucket.low == bucket.high else (bucket.low, bucket.high)


def _facts(job: Mapping[str, Any], now: float) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row("job", Text(str(job["id"]), style="bold"))
    table.add_row("state", Text(job["state"], style=STATE_STYLES.get(job["state"], "")))
    report = progress(job)
    facts = {
        "why": job.get("reason"),
        "fix": job.get("fix"),
        "progress": _progress_line(job, report) if job["state"] == "running" else "",
        "waits for": ", ".join(job.get("depends_on") or ()),
        "attempt": job.get("attempt"),
        "on": job.get("device"),
        "submitted": ago(job.get("created"), now),
        "ran": _ran(job, now),
        **{f"spec.{key}": value for key, value in (job.get("spec") or {}).items()},
        **{f"made {key}": value for key, value in (job.get("outputs") or {}).items()},
    }
    for key, value in facts.items():
        if value not in (None, "", (), [], {}):
            table.add_row(key, Text(str(value)))
    return table


def _progress_line(job: Mapping[str, Any], report: Any) -> str:
    if report is None:
        return "no report yet"
    of = f" of {report.total:,.0f}" if report.total else ""
    parts = [
        f"{report.done:,.0f}{of} {report.unit}", report.stage, rate(report.rate, report.unit),
        f"{duration(report.eta)} left" if report.eta is not None else "",
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)


def _ran(job: Mapping[str, Any], now: float) -> str:
    if not job.get("started"):
        return ""
    return duration((job.get("ended") or now) - job["started"])


def _checkpoint_table(saved: Sequence[Mapping[str, Any]]) -> Table:
    from rich import box

    table = Table("step", "checkpoint", "", "measures", box=box.SIMPLE_HEAD, pad_edge=False)
    for event in saved:
        measures = event.get("measures") or {}
        figures = ", ".join(f"{name} {figure(value)}" for name, value in measures.items())
        table.add_row(
            str(event["step"]), str(event["path"]), "best" if event.get("best") else "", figures
        )
    return table
