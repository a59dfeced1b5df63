"""`yinfang jobs`: the queue, what runs, what waits and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui.cli import session
from tui.cli.output import CommandError, Exit, JsonOption, print_json, stdout, write_line
from tui.jobs import match, run_curves, run_events

if TYPE_CHECKING:
    from daemon.client import SyncClient

ENDED_SHOWN = 20

app = typer.Typer(no_args_is_help=True, help="The queue: what runs, what waits and why.")

AllOption = Annotated[bool, typer.Option("--all", "-a", help="Also what ended long ago.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Stay and show what is new.")]
JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Its id, or its number alone.")]


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    every: AllOption = False,
    follow: FollowOption = False,
    as_json: JsonOption = False,
) -> None:
    """List jobs with progress, rate, time left, and why one waits or failed.

    \b
    Examples:
      yinfang jobs list
      yinfang jobs list --follow
      yinfang jobs list --json | jq '.[] | select(.state == "failed") | .reason'
    """
    from tui.cli.follow import follow_jobs, recent

    with session.of(ctx).daemon() as client:
        if follow:
            follow_jobs(client, None, as_json)
            return
        jobs = client.call("jobs.list")
    shown = jobs if every else recent(jobs, ENDED_SHOWN)
    if as_json:
        print_json(shown)
        return
    from tui.cli.jobs_table import jobs_table

    stdout().print(jobs_table(shown, time.time()))


@app.command()
def watch(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help="Which; all unless given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show jobs live. With jobs named, it ends when they have: exit code 1 if one failed.

    \b
    Examples:
      yinfang jobs watch
      yinfang jobs watch 12 && yinfang voices play alice
    """
    from tui.cli.follow import follow_jobs

    with session.of(ctx).daemon() as client:
        wanted = [job_id(client, name) for name in names] if names else None
        follow_jobs(client, wanted, as_json)


@app.command()
def show(ctx: typer.Context, job: JobArgument, as_json: JsonOption = False) -> None:
    """Show one job: state, loss curve, checkpoints, outputs.

    \b
    Examples:
      yinfang jobs show 12
    """
    with session.of(ctx).daemon() as client:
        id_ = job_id(client, job)
        record = client.call("jobs.show", id=id_)
        if as_json:
            print_json({**record, "events": run_events(client, id_)})
            return
        curves = run_curves(client, id_)
    from tui.cli.job_page import job_page

    stdout().print(job_page(record, curves, time.time()))


@app.command()
def logs(
    ctx: typer.Context,
    job: JobArgument,
    follow: FollowOption = False,
) -> None:
    """Print what a job's process wrote.

    \b
    Examples:
      yinfang jobs logs 12 -f
    """
    with session.of(ctx).daemon() as client:
        for part in client.stream("jobs.logs", id=job_id(client, job), follow=follow):
            typer.echo(part["text"], nl=False)


@app.command()
def cancel(ctx: typer.Context, job: JobArgument, as_json: JsonOption = False) -> None:
    """Cancel a job, and with it those that need its result.

    A running one is asked to stop and writes a checkpoint; if it does not, it is ended after a few
    seconds.

    \b
    Examples:
      yinfang jobs cancel 12
    """
    _change(ctx, "jobs.cancel", job, as_json)


@app.command()
def retry(ctx: typer.Context, job: JobArgument, as_json: JsonOption = False) -> None:
    """Try a failed or cancelled job again; a training goes on from its last checkpoint.

    \b
    Examples:
      yinfang jobs retry 12
    """
    _change(ctx, "jobs.retry", job, as_json)


@app.command()
def pause(ctx: typer.Context, job: JobArgument, as_json: JsonOption = False) -> None:
    """Pause a job: a waiting one steps out of the queue, a running one stops at a checkpoint.

    \b
    Examples:
      yinfang jobs pause 12
    """
    _change(ctx, "jobs.pause", job, as_json)


@app.command()
def resume(ctx: typer.Context, job: JobArgument, as_json: JsonOption = False) -> None:
    """Let a paused job go on.

    \b
    Examples:
      yinfang jobs resume 12
    """
    _change(ctx, "jobs.resume", job, as_json)


@app.command()
def move(
    ctx: typer.Context,
    job: JobArgument,
    first: Annotated[bool, typer.Option("--first", help="Before all others.")] = False,
    last: Annotated[bool, typer.Option("--last", help="After all others.")] = False,
    before: Annotated[str | None, typer.Option(metavar="JOB", help="Before this one.")] = None,
    priority: Annotated[int | None, typer.Option(help="Give it another priority.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Move a waiting job in the queue.

    \b
    Examples:
      yinfang jobs move 12 --first
      yinfang jobs move 12 --before 9
    """
    if sum((first, last, before is not None, priority is not None)) != 1:
        raise CommandError("where to?", "one of --first, --last, --before, --priority", Exit.USAGE)
    if priority is not None:
        _change(ctx, "jobs.move", job, as_json, priority=priority)
        return
    if before is not None:
        with session.of(ctx).daemon() as client:
            before = job_id(client, before)
        _change(ctx, "jobs.move", job, as_json, before=before)
    else:
        _change(ctx, "jobs.move", job, as_json, to="first" if first else "last")


def job_id(client: SyncClient, given: str) -> str:
    """The id that a person means.

    Raises:
        CommandError: it fits no job, or more than one.
    """
    found = match(client.call("jobs.list"), given)
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(f"no job {given}", "`yinfang jobs list --all` shows them", Exit.USAGE)
    several = ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")
    raise CommandError(f"{given} fits {len(found)} jobs", f"name one: {several}", Exit.USAGE)


def _change(ctx: typer.Context, method: str, job: str, as_json: bool, **params: Any) -> None:
    with session.of(ctx).daemon() as client:
        record = client.call(method, id=job_id(client, job), **params)
    if as_json:
        print_json(record)
    else:
        reason = f" – {record['reason']}" if record.get("reason") else ""
        write_line(f"{record['id']} is {record['state']}{reason}")
