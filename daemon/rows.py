"""Jobs as rows of `jobs.db`."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from daemon.jobs import Job
from daemon.states import JobState, Stop

JSON_COLUMNS = ("spec", "depends_on", "outputs")


def submission(job: Job) -> dict[str, Any]:
    """What the query `submit` reads of a new job."""
    return {
        "number": job.number,
        "id": job.id,
        "kind": job.kind,
        "spec": json.dumps(job.spec, ensure_ascii=False),
        "priority": job.priority,
        "position": job.position,
        "depends_on": json.dumps(job.depends_on),
        "key": job.key,
        "config": job.config,
        "seed": job.seed,
        "created": job.created,
    }


def mutable(job: Job) -> dict[str, Any]:
    """The columns that the query `transition` writes."""
    return {
        "state": job.state,
        "reason": job.reason,
        "fix": job.fix,
        "priority": job.priority,
        "position": job.position,
        "started": job.started,
        "ended": job.ended,
        "not_before": job.not_before,
        "attempt": job.attempt,
        "failures": job.failures,
        "claim": job.claim,
        "device": job.device,
        "stop": job.stop,
        "cancelled_for": job.cancelled_for,
        "outputs": json.dumps(job.outputs, ensure_ascii=False),
    }


def job(row: sqlite3.Row) -> Job:
    """The job of a whole row."""
    values = dict(row)
    for column in JSON_COLUMNS:
        values[column] = json.loads(values[column])
    values["depends_on"] = tuple(values["depends_on"])
    values["state"] = JobState(values["state"])
    values["stop"] = Stop(values["stop"]) if values["stop"] else None
    return Job(**values)
