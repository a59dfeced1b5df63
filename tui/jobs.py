"""Jobs as the daemon tells them, ready to be shown: pure functions of what was received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daemon.client import SyncClient

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


@dataclass(frozen=True)
class LossCurve:
    """One measured value over the steps of a run.

    Attributes:
        name: e.g. "train/loss".
        steps, values: of equal length, steps rising; a value that was not finite is None.
    """

    name: str
    steps: tuple[int, ...]
    values: tuple[float | None, ...]


def loss_curves(events: Iterable[Mapping[str, Any]]) -> list[LossCurve]:
    """Curves of a run's `metric` events, by "split/name".

    A `resume` event takes back what an attempt that died had reported beyond that step.
    """
    points: dict[str, dict[int, float | None]] = {}
    for event in events:
        if event.get("type") == "resume":
            for curve in points.values():
                for step in [step for step in curve if step > event["step"]]:
                    del curve[step]
        elif event.get("type") == "metric":
            for name, value in event["values"].items():
                key = f"{event['split']}/{name}"
                points.setdefault(key, {})[event["step"]] = value
    return [
        LossCurve(name, tuple(sorted(curve)), tuple(curve[step] for step in sorted(curve)))
        for name, curve in points.items()
        if curve
    ]


def run_events(client: SyncClient, job_id: str) -> list[dict[str, Any]]:
    """All events of a job's run so far."""
    stream = client.stream("run.events", id=job_id, follow=False)
    return list(stream)


def checkpoints(events: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The `checkpoint` events of a run, the latest report of each step."""
    by_step = {event["step"]: dict(event) for event in events if event.get("type") == "checkpoint"}
    return [by_step[step] for step in sorted(by_step)]
