"""The processes of running jobs: each worker and all that it started are one session."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.process import PROC
from daemon.shim import PROCESS_FILE
from workspace.layout import Workspace

TICKS = os.sysconf("SC_CLK_TCK")  # a second
PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
SESSION, TIMES, THREADS, PAGES = 3, slice(11, 15), 17, 21  # fields of /proc/PID/stat after the name


@dataclass(frozen=True)
class Process:
    """A process as /proc/PID/stat tells it.

    Attributes:
        session: pid of the session's leader.
        cpu: seconds of its own and of the children that it has waited for.
        memory: bytes that are in memory, shared ones among them.
    """

    pid: int
    session: int
    cpu: float
    memory: int
    threads: int


@dataclass(frozen=True)
class Worker:
    """All processes of a job.

    Attributes:
        pids: of all of them.
        cpu: seconds since it began.
        memory: bytes in memory; what processes share counts for each of them.
    """

    job: str
    pids: frozenset[int]
    cpu: float
    memory: int
    threads: int

    def report(self, used: float | None) -> dict[str, Any]:
        """
        Args:
            used: cores that it kept busy since the last report; None at first.
        """
        return {
            "job": self.job,
            "pids": sorted(self.pids),
            "cpu_seconds": round(self.cpu, 2),
            "cores": None if used is None else round(used, 2),
            "memory": self.memory,
            "threads": self.threads,
            "unknown": {"cores": "known from the next report on"} if used is None else {},
        }


def parse(stat: str) -> Process:
    """The process of a /proc/PID/stat."""
    pid, _, rest = stat.partition(" ")
    # The command name stands in brackets and may hold brackets and spaces itself.
    fields = rest.rpartition(")")[2].split()
    return Process(
        pid=int(pid),
        session=int(fields[SESSION]),
        cpu=sum(map(int, fields[TIMES])) / TICKS,
        memory=int(fields[PAGES]) * PAGE,
        threads=int(fields[THREADS]),
    )


def group(processes: Iterable[Process], sessions: Mapping[int, str]) -> list[Worker]:
    """The workers among all processes.

    Args:
        processes: of the machine.
        sessions: job id by the pid of its session's leader, which only waits and is left out.
    """
    of: dict[str, list[Process]] = {}
    for process in processes:
        if process.session in sessions and process.pid != process.session:
            of.setdefault(sessions[process.session], []).append(process)
    return [
        Worker(
            job,
            frozenset(process.pid for process in own),
            sum(process.cpu for process in own),
            sum(process.memory for process in own),
            sum(process.threads for process in own),
        )
        for job, own in sorted(of.items())
    ]


def read(workspace: Workspace, jobs: Iterable[str]) -> list[Worker]:
    """The workers of jobs, by the ids of those that run."""
    sessions = {leader: job for job in jobs if (leader := _leader(workspace.run(job))) is not None}
    return group(_processes(), sessions) if sessions else []


def _leader(run: Path) -> int | None:
    """Pid of the shim that leads a run's session; None when it has not said so yet."""
    try:
        return int(json.loads((run / PROCESS_FILE).read_bytes())["pid"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _processes() -> Iterator[Process]:
    for folder in PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            yield parse((folder / "stat").read_text(errors="replace"))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
