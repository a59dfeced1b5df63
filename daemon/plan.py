"""From a dataset to its jobs: pure functions of the record and of the jobs there are.

What is trained is the content: a job's key is made from the dataset's version, so that a folder
that was renamed, touched or copied finds its jobs done. When the content changes, jobs of older
versions that have not started are cancelled, and so is an older preprocess that runs: it reads
files that are no longer what its version says. A training that runs goes on: it reads prepared
data, which does not change, and its voice is there sooner than the next one's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from daemon.datasets import DatasetRecord, DatasetState
from daemon.jobs import Job
from daemon.states import JobState, Stop
from workspace.dataset import Role

PREPROCESS, STAGE1, STAGE2, SYNTHESIZE = "preprocess", "stage1", "stage2", "synthesize"
TRAINING = (STAGE1, STAGE2)
PREVIEW_FILE = "previews/preview.wav"
NOT_STARTED = (JobState.WAITING, JobState.PAUSED)


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """A job to be submitted.

    Attributes:
        kind: name of the job's kind.
        spec: the kind's own arguments.
        depends_on: what must have succeeded before: an index into the plan's jobs, or the id of
            a job that is there already.
        key: identity of the work; a job with this key is never submitted twice.
    """

    kind: str
    spec: dict[str, Any]
    depends_on: tuple[int | str, ...]
    key: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done about a dataset.

    Attributes:
        jobs: to be submitted, in this order.
        cancel: ids of jobs that the new version supersedes, or that lost their folder.
        again: ids of cancelled jobs that are wanted after all: to be retried.
        same_as: name of another dataset whose content this is, or "".
    """

    jobs: tuple[PlannedJob, ...] = ()
    cancel: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    same_as: str = ""


def plan(dataset: DatasetRecord, known: Iterable[Job], preview_text: str) -> Plan:
    """What is to be done about a dataset that was taken, or is gone.

    Args:
        dataset: its record. Only PLANNED and REMOVED ask for anything.
        known: the jobs there are: at least those of this dataset and those of this version.
        preview_text: what a new voice says first.
    """
    jobs = tuple(known)
    if dataset.state is DatasetState.REMOVED:
        return Plan(cancel=_superseded(dataset, jobs, keep=""))
    if dataset.state is not DatasetState.PLANNED:
        return Plan()
    planned: list[PlannedJob] = []
    again: list[str] = []
    home = dataset.name  # of the dataset under whose name this content was, or will be, prepared
    before: int | str | None = None  # the step that the next one depends on
    for kind in _kinds(dataset):
        key, job = _known_job(kind, dataset, jobs)
        if job is None:
            spec = _spec(kind, dataset, home, _previous(dataset, jobs), preview_text)
            depends_on = () if before is None else (before,)
            planned.append(PlannedJob(kind=kind, spec=spec, depends_on=depends_on, key=key))
            before = len(planned) - 1
            continue
        if job.state is JobState.FAILED:
            break  # it would fail again; its reason and fix stand with it
        if job.state is JobState.CANCELLED:
            again.append(job.id)
        home = str(job.spec.get("dataset", home))
        dataset = dataset.evolve(voice=str(job.spec.get("voice", dataset.voice)))
        before = job.id
    return Plan(
        jobs=tuple(planned),
        cancel=_superseded(dataset, jobs, keep=dataset.version),
        again=tuple(again),
        same_as=home if home != dataset.name else "",
    )


def needs_plan(before: DatasetRecord | None, after: DatasetRecord) -> bool:
    """Whether a change of a record asks for a plan: not if it was only touched.

    Args:
        before: the record that was last planned for, if any; it is replaced only after the plan
            was carried out, so that a daemon that dies in between plans again.
        after: the record now.
    """
    if after.state is DatasetState.REMOVED:
        return True
    if after.state is not DatasetState.PLANNED:
        return False
    if before is None or before.state is DatasetState.REMOVED:
        return True
    return before.version != after.version


def job_key(kind: str, version: str, folder: str = "") -> str:
    """The idempotency key of a step; `folder` only where another folder's job came to nothing."""
    digest = blake2b(f"{kind}\0{version}\0{folder}".encode(), digest_size=12)
    return f"{kind}-{digest.hexdigest()}"


def with_jobs(record: DatasetRecord, known: Iterable[Job]) -> DatasetRecord:
    """The record with the state that its version's jobs give it.

    Args:
        record: what was found in the folder.
        known: the jobs there are: at least those of this version.
    """
    if record.state is not DatasetState.PLANNED:
        return record
    steps = {job.kind: job for job in _usable(record, known)}
    training = next((steps[kind] for kind in TRAINING if kind in steps), None)
    preparing = steps.get(PREPROCESS)
    if training is not None and training.state is JobState.SUCCEEDED:
        return record.evolve(state=DatasetState.READY)
    for job, running in ((preparing, DatasetState.PREPARING), (training, DatasetState.TRAINING)):
        if job is not None and job.state is JobState.RUNNING:
            return record.evolve(state=running)
        if job is not None and job.state in (JobState.FAILED, JobState.CANCELLED):
            return record.evolve(state=DatasetState.FAILED, reason=job.reason, fix=job.fix)
        if job is not None and job.state in NOT_STARTED:
            return record.evolve(reason=job.reason, fix=job.fix)
    return record


def _kinds(dataset: DatasetRecord) -> tuple[str, ...]:
    """The steps of a dataset, each depending on the one before."""
    if dataset.role == Role.GENERALIST:
        return PREPROCESS, STAGE1
    return PREPROCESS, STAGE2, SYNTHESIZE


def _known_job(kind: str, dataset: DatasetRecord, jobs: Collection[Job]) -> tuple[str, Job | None]:
    """The key of a step, and the job that does it: under this folder's name or another's."""
    usable = {job.key: job for job in _usable(dataset, jobs) if job.kind == kind}
    key = job_key(kind, dataset.version)
    if any(job.key == key for job in jobs) and key not in usable:
        key = job_key(kind, dataset.version, dataset.folder)
    return key, usable.get(key) or next(iter(usable.values()), None)


def _usable(dataset: DatasetRecord, known: Iterable[Job]) -> list[Job]:
    """The planned jobs of a dataset's version, without those lost with another folder."""
    jobs = [job for job in known if job.key and _version(job) == dataset.version]
    hopeless = {job.id for job in jobs if _is_hopeless(job)}
    return [job for job in jobs if not _is_lost(job, dataset, hopeless)]


def _spec(
    kind: str, dataset: DatasetRecord, home: str, previous: str | None, preview_text: str
) -> dict[str, Any]:
    """What the engine is told; paths are relative to the workspace."""
    name, voice, version = dataset.name, dataset.voice, dataset.version
    training = {"dataset": name, "prepared": f"prepared/{home}/{version}", "base": dataset.base}
    match kind:
        case "preprocess":
            return {
                "dataset": name,
                "folder": dataset.folder,
                "role": dataset.role,
                "version": version,
                "previous": previous,
            }
        case "stage1":
            return {**training, "name": f"{voice}-{version}"}  # a grown corpus: another base
        case "stage2":
            return {**training, "voice": voice, "version": version}
    return {
        "text": preview_text,
        "voice": voice,
        "version": version,
        "output": f"voices/{voice}/{version}/{PREVIEW_FILE}",
    }


def _previous(dataset: DatasetRecord, jobs: Iterable[Job]) -> str | None:
    """The newest older version of this dataset that is prepared."""
    done = [
        job
        for job in jobs
        if job.kind == PREPROCESS
        and job.state is JobState.SUCCEEDED
        and job.spec.get("dataset") == dataset.name
        and job.spec.get("version") != dataset.version
    ]
    newest = max(done, key=lambda job: job.number, default=None)
    return None if newest is None else str(newest.spec["version"])


def _is_lost(job: Job, dataset: DatasetRecord, hopeless: Set[str]) -> bool:
    """Whether a job with this content's key comes to nothing under another folder's name.

    Args:
        hopeless: ids of the jobs that come to nothing; what waits for one of them will follow it.
    """
    subject, ours = (
        ("voice", dataset.voice) if job.kind == SYNTHESIZE else ("dataset", dataset.name)
    )
    elsewhere = job.spec.get(subject, ours) != ours
    follows = job.state in NOT_STARTED and not hopeless.isdisjoint(job.depends_on)
    return elsewhere and (job.id in hopeless or follows)


def _is_hopeless(job: Job) -> bool:
    return job.state in (JobState.FAILED, JobState.CANCELLED) or job.stop is Stop.CANCEL


def _superseded(dataset: DatasetRecord, jobs: Iterable[Job], keep: str) -> tuple[str, ...]:
    """Jobs of other versions than `keep` that are not worth their time any more."""
    return tuple(
        job.id
        for job in jobs
        if job.spec.get("dataset") == dataset.name
        and _version(job) != keep
        and (job.state in NOT_STARTED or (job.state is JobState.RUNNING and job.kind == PREPROCESS))
    )


def _version(job: Job) -> str:
    """The dataset version that a job works on."""
    prepared = str(job.spec.get("prepared", ""))
    return str(job.spec.get("version") or prepared.rpartition("/")[2])
