"""Starts worker processes and stays with them to the end, also when the daemon does not.

`python -I -S shim.py PACKAGES` is the launcher: it waits for orders on a socket at descriptor 0 and
forks a shim for each, so that no interpreter has to start before a worker can. The shim makes a
session of its own, writes `process.json`, starts the worker as its child, waits for it and writes
`result.json`. Only the standard library and the leaf package `workspace` are imported here, all
before the first order: a shim that lives for days does not meet newer code half-way.

An order is one packet, a JSON object: `run` (the run's folder), `attempt`, `claim`, `argv`, `cwd`,
`environment`, `niceness`; with it come two descriptors: the run's lock, already held, and its log.
The answer is one packet: `{"pid": ..., "start": ...}` or `{"error": ...}`.

The lock is inherited by shim and worker and so is held for exactly as long as one of them lives,
however they die.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

AUTOGROUP = "/proc/{}/autogroup"  # priority of a session where the kernel groups by those
AUTOGROUP_TRIES, AUTOGROUP_INTERVAL = 50, 0.1  # seconds
LOWEST = 19  # of all priorities
PACKET_LIMIT = 4 << 20  # bytes of one order
PROCESS_FILE = "process.json"
CANNOT_START = 127  # the shell's exit code for a command that is not there


def main() -> None:
    """Serve orders until the daemon closes its end."""
    sys.path.append(
        sys.argv[1]
    )  # last: what else lies there must not stand before the standard library
    import workspace.run  # noqa: F401  (loaded here once, for all shims)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the daemon's terminal is the daemon's
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # shims need no waiting for: the daemon has their pidfd
    orders = socket.socket(fileno=os.dup(0))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(orders, PACKET_LIMIT, 2)
        if not packet:
            return
        orders.send(json.dumps(_launch(orders, json.loads(packet), descriptors)).encode())
        for descriptor in descriptors:
            os.close(descriptor)


def _launch(orders: socket.socket, order: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
    try:
        pid = os.fork()
    except OSError as error:
        return {"error": f"cannot fork: {error.strerror}"}
    if pid == 0:
        try:
            orders.close()
            _run(order, *descriptors)
        except BaseException as error:  # noqa: BLE001  (the child must not enter the parent's loop)
            os.write(2, f"yinfang shim: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(70)
    return {"pid": pid, "start": _start_time(pid)}


def _run(order: dict[str, Any], lock: int, log: int) -> NoReturn:
    """The shim: own the worker from its first moment to its last."""
    from workspace.run import Result

    os.setsid()
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # Signals to the group are meant for the worker; the shim must live to write down how it ended.
    # A handler, unlike SIG_IGN, does not survive the worker's exec.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _let_the_worker_answer)
    folder = Path(order["run"])
    os.nice(order["niceness"])  # the worker inherits it
    _write_process(folder, order)
    os.set_inheritable(lock, True)
    started = time.time()
    try:
        os.chdir(order["cwd"])
        worker = os.posix_spawnp(order["argv"][0], order["argv"], order["environment"])
        started = time.time()
        let_others_first("self", os.getpriority(os.PRIO_PROCESS, 0))
        _, status = os.waitpid(worker, 0)
        code = os.waitstatus_to_exitcode(status)
    except OSError as error:
        os.write(2, f"yinfang: cannot start {order['argv'][0]}: {error.strerror}\n".encode())
        code = CANNOT_START
    Result(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        attempt=order["attempt"],
        started=started,
        ended=time.time(),
    ).write(folder)
    os._exit(0)


def step_back(pid: int, niceness: int) -> None:
    """Lower the priority of another process, which has just begun a session of its own."""
    lower = os.getpriority(os.PRIO_PROCESS, 0) + niceness
    try:
        os.setpriority(os.PRIO_PROCESS, pid, lower)
    except ProcessLookupError:  # it has ended: whoever waits for it is told so
        return
    let_others_first(str(pid), lower)


def let_others_first(process: str, niceness: int) -> None:
    """Give a process's whole session the niceness that the process has.

    Where the kernel schedules by sessions (`sched_autogroup_enabled`), niceness counts only among
    the processes of one, and the session has a niceness of its own.

    Args:
        process: its id, or "self".
        niceness: its own; more than 19 is 19.
    """
    session = Path(AUTOGROUP.format(process))
    if not session.exists():
        return
    for _ in range(AUTOGROUP_TRIES):
        try:
            session.write_text(str(min(niceness, LOWEST)))
        except BlockingIOError:  # the kernel takes one such wish at a time from all users
            time.sleep(AUTOGROUP_INTERVAL)
        except OSError as error:  # no reason not to run
            os.write(2, f"yinfang: the session keeps its priority: {error.strerror}\n".encode())
            return
        else:
            return


def _write_process(folder: Path, order: dict[str, Any]) -> None:
    """Say who we are before the worker exists.

    Not synchronised to the disk: after a power cut the process is gone as well.
    """
    identity = {
        "pid": os.getpid(),
        "start": _start_time(os.getpid()),
        "attempt": order["attempt"],
        "claim": order["claim"],
    }
    temporary = folder / f".tmp-{PROCESS_FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(identity), encoding="utf-8")
    temporary.replace(folder / PROCESS_FILE)


def _start_time(pid: int) -> int:
    """Clock ticks after boot; 0 if the process has ended already (`daemon.process.Identity`)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(stat.rpartition(b")")[2].split()[19])


def _let_the_worker_answer(_number: int, _frame: object) -> None:
    return


if __name__ == "__main__":
    main()
