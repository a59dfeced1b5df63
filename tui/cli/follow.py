"""Jobs while they run: a live table on a terminal, lines of change in a pipe."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from tui.cli.output import Exit, print_json_line, stdout, write_line
from tui.jobs import ended, progress, short_id, subject, why

if TYPE_CHECKING:
    from daemon.client import SyncClient

REFRESH = 0.5  # seconds between looks; a look costs the daemon under a millisecond
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


def _show_live(client: SyncClient, pick: Pick, done: Callable[[Jobs], bool]) -> Jobs:
    from rich.live import Live

    from tui.cli.jobs_table import jobs_table

    jobs = pick(client.call("jobs.list"))
    with Live(jobs_table(jobs, time.time()), console=stdout(), auto_refresh=False) as live:
        while not done(jobs):
            time.sleep(REFRESH)
            jobs = pick(client.call("jobs.list"))
            live.update(jobs_table(jobs, time.time()), refresh=True)
    return jobs


def _print_changes(
    client: SyncClient, pick: Pick, done: Callable[[Jobs], bool], as_json: bool
) -> Jobs:
    seen: dict[str, tuple[Any, ...]] = {}
    while True:
        jobs = pick(client.call("jobs.list"))
        for job in jobs:
            look = (job["state"], COUNTDOWN.sub("", job.get("reason") or ""), _tenth(job))
            if seen.get(job["id"]) != look:
                seen[job["id"]] = look
                print_json_line(job) if as_json else write_line(change(job))
        if done(jobs):
            return jobs
        time.sleep(REFRESH)


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
