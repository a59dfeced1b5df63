"""The `[daemon]` table of `config.toml`."""

from __future__ import annotations

import difflib
import sys

from pydantic import Field, field_validator

from daemon.kinds import HOUR, KINDS, JobKind
from daemon.schedule import GIGABYTE
from daemon.verdict import RetryPolicy
from workspace.settings import Table

WORKER_COMMAND = (sys.executable, "-P", "-m", "engine.worker")
TAKES_COMMAND = (sys.executable, "-P", "-m", "engine.worker.takes")
LIKENESS_COMMAND = (sys.executable, "-P", "-m", "engine.worker.likeness")
SPEECH_COMMAND = (sys.executable, "-P", "-m", "engine.worker.serve")


class DaemonSettings(Table):
    """How jobs are run."""

    training_slots: int = Field(default=1, ge=0)
    """Training jobs at a time on a machine without a GPU; with GPUs it is one on each, or on each
    `gpus_per_training`."""

    gpus_per_training: int = Field(default=1, ge=1)
    """GPUs that share each training job's batches, one process on each."""

    cpu_slots: int = Field(default=1, ge=0)
    """Preparation and synthesis jobs at a time."""

    job_niceness: int = Field(default=10, ge=0, le=19)
    """How much lower a job's priority is than that of those who speak to somebody who waits, as of
    `nice`. Where nobody waits, jobs have the cores to themselves whatever it is."""

    min_free_disk_gb: float = Field(default=2.0, ge=0)
    """No job starts with less disk free than this, in gigabytes."""

    stop_grace_seconds: float = Field(default=5.0, ge=0)
    """How long a job that was told to stop may take to write its checkpoint, in seconds."""

    max_attempts: int = Field(default=4, ge=1)
    """Attempts in a row that the machine may fail (killed, out of memory, lost GPU) before a job
    has failed."""

    backoff_seconds: float = Field(default=10.0, ge=0)
    """Wait before the second attempt, in seconds; it doubles with each further one."""

    backoff_limit_seconds: float = Field(default=600.0, ge=0)
    """The longest such wait, in seconds."""

    time_limit_hours: dict[str, float] = Field(
        default_factory=lambda: {
            name: kind.time_limit / HOUR for name, kind in sorted(KINDS.items())
        }
    )
    """Hours that one attempt of each kind of job may run."""

    speech_idle_minutes: float = Field(default=30.0, gt=0)
    """The warm speech worker ends after so many minutes without a request and frees its memory."""

    speech_gpu: str = ""
    """GPU the speech worker may use, as `CUDA_VISIBLE_DEVICES` names it; empty: it speaks on the
    CPU."""

    log_megabytes: float = Field(default=10.0, gt=0)
    """Size at which the daemon's log is put aside, in megabytes; three old ones are kept."""

    worker_command: tuple[str, ...] = ()
    """Command line that runs a job, the run's folder is added to it; empty: the engine."""

    speech_command: tuple[str, ...] = ()
    """Command line of the speech worker, the workspace is added to it; empty: the engine."""

    takes_command: tuple[str, ...] = ()
    """Command line of the worker that measures recorded takes; as above."""

    likeness_command: tuple[str, ...] = ()
    """Command line of the worker that tells how alike voices are; as above."""

    @field_validator("time_limit_hours")
    @classmethod
    def _known_kinds(cls, value: dict[str, float]) -> dict[str, float]:
        for name, hours in value.items():
            if name not in KINDS:
                near = difflib.get_close_matches(name, KINDS, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"kinds: {', '.join(KINDS)}"
                raise ValueError(f"no job kind {name!r}; {hint}")
            if hours <= 0:
                raise ValueError(f"{name}: must be more than 0 hours")
        return value

    def time_limit(self, kind: JobKind) -> float:
        """Seconds that one attempt of this kind may run."""
        hours = self.time_limit_hours.get(kind.name)
        return kind.time_limit if hours is None else hours * HOUR

    @property
    def retry(self) -> RetryPolicy:
        return RetryPolicy(
            failures=self.max_attempts,
            backoff=self.backoff_seconds,
            backoff_limit=self.backoff_limit_seconds,
        )

    @property
    def required_disk(self) -> int:
        """Bytes that must be free for a job to start."""
        return int(self.min_free_disk_gb * GIGABYTE)
