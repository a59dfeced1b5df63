"""Jobs as the daemon tells them, ready to be shown: pure functions of what was received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daemon.client import SyncClient
    from workspace.curves import RunCurves

FINAL_STATES = frozenset({"succeeded", "failed", "cancelled"})
MEASURING = frozenset({"stage1", "stage2", "distil", "clone"})  # kinds of job that have curves
SUBJECT_KEYS = ("voice", "name", "dataset", "base", "path")  # of a spec: what the job is about


@dataclass(frozen=True)
class Progress:
    """How far a running job is.

    Attributes:
        share: 0 to 1, or None while nobody knows how much there is to do.
        done, total: in `unit`.
        stage: what it is doing just now.
        rate: `unit` a second, or None.
        eta: seconds left, or None.
    """

    share: float | None
    done: float
    total: float | None
    unit: str
    stage: str
    rate: float | None
    eta: float | None


def progress(job: Mapping[str, Any]) -> Progress | None:
    """Progress of a job; None before its first report."""
    report = job.get("progress")
    if not report:
        return None
    done, total = float(report.get("done") or 0), report.get("total")
    return Progress(
        share=min(1.0, done / total) if total else None,
        done=done,
        total=total,
        unit=str(report.get("unit") or ""),
        stage=str(report.get("stage") or ""),
        rate=report.get("rate"),
        eta=report.get("eta"),
    )


def subject(job: Mapping[str, Any]) -> str:
    """What a job is about: the voice, the base or the dataset."""
    spec = job.get("spec") or {}
    return next((str(spec[key]) for key in SUBJECT_KEYS if spec.get(key)), "")


def why(job: Mapping[str, Any]) -> str:
    """Why a job is in its state and what to do about it, on one line."""
    parts = (" ".join(str(job.get(key) or "").split()) for key in ("reason", "fix"))
    return " – ".join(part for part in parts if part)


def short_id(job: Mapping[str, Any]) -> str:
    """The part of an id that is enough to name the job: "j00012"."""
    return str(job["id"]).split("-", 1)[0]


def match(jobs: Iterable[Mapping[str, Any]], given: str) -> list[str]:
    """Ids of the jobs that a person means by `given`: an id, its beginning, or the number."""
    ids = [str(job["id"]) for job in jobs]
    if given in ids:
        return [given]
    if given.isdigit():
        return [str(job["id"]) for job in jobs if job.get("number") == int(given)]
    return [id_ for id_ in ids if id_.startswith(given)] if given else []


def ended(jobs: Sequence[Mapping[str, Any]]) -> bool:
    """Whether there is nothing left to wait for."""
    return all(job["state"] in FINAL_STATES for job in jobs)


def run_events(client: SyncClient, job_id: str) -> list[dict[str, Any]]:
    """All events of a job's run so far."""
    stream = client.stream("run.events", id=job_id, follow=False)
    return list(stream)


def run_curves(client: SyncClient, job_id: str) -> RunCurves:
    """What a job's run has measured so far, each series as a few hundred buckets."""
    from workspace.curves import RunCurves

    curves = RunCurves()
    for event in client.stream("run.curves", id=job_id, follow=False):
        curves.take(event)
    return curves


def checkpoints(facts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The checkpoints of a run, newest first, each with the `preview` of its step, if any."""
    by_step: dict[int, dict[str, Any]] = {}
    previews: dict[int, str] = {}
    for fact in facts:
        if fact.get("type") == "checkpoint":
            by_step[fact["step"]] = dict(fact)
        elif fact.get("type") == "preview":
            previews[fact["step"]] = str(fact["path"])
        elif fact.get("type") == "resume":
            by_step = {step: one for step, one in by_step.items() if step <= fact["step"]}
    last_best = max((step for step, one in by_step.items() if one.get("best")), default=None)
    return [
        {**by_step[step], "best": step == last_best, "preview": previews.get(step)}
        for step in sorted(by_step, reverse=True)
    ]
