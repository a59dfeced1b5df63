"""Where jobs run, as the dispatcher sees it.

Local processes now (`daemon.supervise`); an existing cluster engine would be another implementation
of these protocols.
"""

from __future__ import annotations

from typing import Protocol

from daemon.jobs import Job
from workspace.run import JobFile, Outcome, Result


class Worker(Protocol):
    """One attempt of a job that runs somewhere."""

    async def ended(self) -> None:
        """Return at once when the attempt is over and nothing of it is left."""

    def stop(self) -> None:
        """Ask it to write a checkpoint and end."""

    def kill(self) -> None:
        """End it now."""


class Preparation(Protocol):
    """An attempt that can be started at once; either `start` or `discard` must follow."""

    async def start(self) -> Worker:
        """Start it, now that its claim is written.

        Raises:
            LaunchFailedError: the machine could not start it; nothing runs.
        """

    def discard(self) -> None:
        """Let it be: the claim was lost."""


class Backend(Protocol):
    """Starts attempts and finds them again."""

    async def prepare(self, job: Job, order: JobFile) -> Preparation:
        """Make everything ready for an attempt that is just being claimed.

        Raises:
            LaunchFailedError: the machine cannot start it.
        """

    async def find(self, job: Job) -> Worker | None:
        """The worker of a job that is said to run, or None if it does not run any more."""

    def was_started(self, job: Job) -> bool:
        """Whether the job's present attempt ever came to life."""

    def result(self, job: Job) -> Result | None:
        """How the job's present attempt ended; None if nobody saw it."""

    def outcome(self, job: Job) -> Outcome:
        """What the worker said of itself at its end; empty if nothing."""

    async def close(self) -> None:
        """Let go of all workers; they live on."""
