"""Where jobs run, as the dispatcher sees it.

Local processes now (`daemon.supervise`); an existing cluster engine would be another implementation
of these two protocols.
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


class Backend(Protocol):
    """Starts attempts and finds them again."""

    async def start(self, job: Job, order: JobFile) -> Worker:
        """Start a claimed job's attempt.

        Raises:
            LaunchFailedError: the machine could not start it; nothing runs.
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
