"""`yinfang up`, `down`, `status`, `dial-stdio`: the daemon of a workspace."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tui.cli import session
from tui.cli.output import JsonOption, note, print_json, write_line
from tui.quantities import duration, size

if TYPE_CHECKING:
    from daemon.client.remote import SshHost


def up(
    ctx: typer.Context,
    background: Annotated[
        bool, typer.Option("--detach", "-d", help="Go to the background once it answers.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the daemon: it watches datasets/ and recordings/ and works through the queue.

    Jobs outlive it: a daemon that comes back takes over what still runs. For a server that starts
    it at boot, see `yinfang service install`.

    \b
    Examples:
      yinfang up                 # here, until Ctrl-C
      yinfang up -d              # in the background
      yinfang -w ~/voices up -d
      yinfang --host ssh://me@gpu up    # there: ssh me@gpu yinfang up -d
    """
    remote = session.of(ctx).remote()
    if remote is not None:
        _up_there(remote, as_json)
    workspace = session.of(ctx).workspace()
    if not background:
        command = [sys.executable, "-P", "-m", "daemon", str(workspace.root), "--foreground"]
        os.execv(sys.executable, command)
    from daemon.client import start_in_background

    start_in_background(workspace)
    with session.of(ctx).daemon() as client:
        state = client.call("status")
    if as_json:
        print_json(state)
    else:
        write_line(f"the daemon of {workspace.root} is up (process {state['pid']})")


def down(
    ctx: typer.Context,
    stop_jobs: Annotated[
        bool,
        typer.Option("--stop-jobs", help="Also stop running jobs; they go on from a checkpoint."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the daemon. Running jobs go on and are taken over by the next `yinfang up`.

    \b
    Examples:
      yinfang down
      yinfang down --stop-jobs     # before switching the machine off
    """
    from daemon.client import terminate
    from daemon.errors import ProtocolMismatchError

    own = session.of(ctx)
    remote = own.remote()
    try:
        with own.daemon() as client:
            client.call("shutdown", stop_workers=stop_jobs)
    except ProtocolMismatchError:
        if remote is not None or stop_jobs:
            raise
        terminate(own.workspace())  # it is of before an update, and `down` is what is told to do
    wait_until_gone((lambda: _answers(remote)) if remote else own.workspace().socket.exists, 30.0)
    if as_json:
        print_json({"stopped": True})
    else:
        write_line("the daemon has stopped" + ("" if stop_jobs else "; running jobs go on"))


def _up_there(host: SshHost, as_json: bool) -> NoReturn:
    """Become the ssh that starts a daemon on a server, in the background of that server."""
    from daemon.client.remote import PLAIN

    words = ["up", "--detach", *(["--json"] if as_json else [])]
    command = host.command(*words, options=PLAIN)
    note(f"on {host.label}: {host.remote_command} {' '.join(words)}")
    os.execvp(command[0], command)


def _answers(host: SshHost) -> bool:
    """Whether the daemon of a server is still there."""
    from daemon.client import DaemonUnreachableError, connect
    from daemon.errors import ConnectionLostError

    try:
        with connect(host):
            return True
    except DaemonUnreachableError:
        return False
    except ConnectionLostError:
        return True  # it is just leaving


def wait_until_gone(exists: Any, seconds: float) -> None:
    """Poll until the socket has gone, which the daemon removes last.

    Raises:
        CommandError: it is still there after `seconds`.
    """
    from tui.cli.output import CommandError

    deadline = time.monotonic() + seconds
    while exists():
        if time.monotonic() > deadline:
            raise CommandError("the daemon did not stop", "see .yinfang/daemon.log")
        time.sleep(0.02)


def status(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show the daemon: since when, what runs, what waits, GPUs and disk.

    \b
    Examples:
      yinfang status
      yinfang status --json | jq .jobs
    """
    with session.of(ctx).daemon() as client:
        state = client.call("status")
    if as_json:
        print_json(state)
        return
    for key, value in state.items():
        write_line(f"{key:<12} {_readable(key, value)}")


def _readable(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_readable(name, inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(_readable(key, inner) for inner in value) or "none"
    if key in ("disk_free", "memory", "bytes"):
        return size(value)
    if key in ("uptime", "up"):
        return duration(value)
    return str(value)


def dial_stdio(ctx: typer.Context) -> None:
    """Connect standard input and output to the daemon's socket.

    This is the server's end of `ssh HOST yinfang dial-stdio`: one pipe carries every request of a
    client on another machine. Not meant to be typed.

    \b
    Examples:
      ssh gpu yinfang -w voices dial-stdio
    """
    from daemon.client import dial_stdio as pump

    pump(session.of(ctx).workspace())
