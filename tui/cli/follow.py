"""Jobs while they run: a live table on a terminal, lines of change in a pipe."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from tui.cli.output import Exit, print_json_line, stdout, write_line
from tui.jobs import ended, progress, short_id, subject, why

if TYPE_CHECKING:
    from daemon.client import SyncClient

REFRESHES = 2  # of the table a second
COUNTDOWN = re.compile(r"in \d+ s$")  # in the reason of a job that is tried again: no change


Jobs = list[dict[str, Any]]
Pick = Callable[[Jobs], Jobs]


def follow_jobs(client: SyncClient, wanted: Sequence[str] | None, as_json: bool) -> None:
    """Show jobs until they have all ended.

    Args:
        client: the connection.
        wanted: their ids; None follows everything and ends only by Ctrl-C.
        as_json: a line of JSON for each change instead of a table.

    Raises:
        typer.Exit: with exit code 1 if one of the wanted jobs failed or was cancelled.
    """

    def pick(jobs: Jobs) -> Jobs:
        return select(jobs, wanted)

    def done(jobs: Jobs) -> bool:
        return wanted is not None and ended(jobs)

    jobs = follow(client, pick, done, as_json)
    if any(job["state"] in ("failed", "cancelled") for job in jobs):
        raise typer.Exit(Exit.FAILED)


def follow(
    client: SyncClient, pick: Pick, done: Callable[[Jobs], bool], as_json: bool = False
) -> Jobs:
    """Show the jobs that `pick` chooses until `done` says so; returns how they stand then."""
    if as_json or not sys.stdout.isatty():
        return _print_changes(client, pick, done, as_json)
    return _show_live(client, pick, done)


def select(jobs: Jobs, wanted: Sequence[str] | None) -> Jobs:
    """The wanted jobs, or all that have not ended and the last that have."""
    if wanted is not None:
        return [job for job in jobs if job["id"] in wanted]
    return recent(jobs, 5)


def recent(jobs: Jobs, count: int) -> Jobs:
    """The jobs that have not ended, and the `count` that ended last, in the order given."""
    finished = sorted((job for job in jobs if job.get("ended")), key=lambda job: -job["ended"])
    left_out = {job["id"] for job in finished[count:]}
    return [job for job in jobs if job["id"] not in left_out]


def pictures(client: SyncClient) -> Iterator[Jobs]:
    """All jobs in order of submission, now and after each change; over a slow line too."""
    rows: dict[str, dict[str, Any]] = {}
    for event in client.stream("jobs.follow"):
        if event["fresh"]:
            rows.clear()
        for row in event["rows"]:
            rows[row["id"]] = {**rows.get(row["id"], {}), **row}
        if not event["left"]:
            yield sorted(rows.values(), key=lambda job: int(job["number"]))


def _show_live(client: SyncClient, pick: Pick, done: Callable[[Jobs], bool]) -> Jobs:
    from rich.console import RenderableType
    from rich.live import Live

    from tui.cli.jobs_table import jobs_table

    news = pictures(client)
    jobs = pick(next(news))

    def table() -> RenderableType:
        return jobs_table(jobs, time.time())  # also without news, times go on

    with Live(get_renderable=table, console=stdout(), refresh_per_second=REFRESHES):
        while not done(jobs):
            jobs = pick(next(news))
    return jobs


def _print_changes(
    client: SyncClient, pick: Pick, done: Callable[[Jobs], bool], as_json: bool
) -> Jobs:
    seen: dict[str, tuple[Any, ...]] = {}
    jobs: Jobs = []
    for every in pictures(client):
        jobs = pick(every)
        for job in jobs:
            look = (job["state"], COUNTDOWN.sub("", job.get("reason") or ""), _tenth(job))
            if seen.get(job["id"]) != look:
                seen[job["id"]] = look
                print_json_line(job) if as_json else write_line(change(job))
        if done(jobs):
            break
    return jobs


def _tenth(job: Mapping[str, Any]) -> tuple[str, int] | None:
    """The tenth of its stage that a running job is in: a pipe gets a line for each."""
    report = progress(job) if job["state"] == "running" else None
    return (report.stage, int((report.share or 0.0) * 10)) if report else None


def change(job: Mapping[str, Any]) -> str:
    """A line on a job's new state."""
    report = progress(job) if job["state"] == "running" else None
    share = f"{report.share:.0%}" if report and report.share is not None else ""
    parts = [why(job), report.stage if report else "", share]
    what = f"{short_id(job)}  {job['kind']:<11} {subject(job):<16}"
    return f"{what} {job['state']:<10} {' – '.join(part for part in parts if part)}".rstrip()
