"""Datasets in rows and lines: each folder with the jobs of its content; pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui.dashboard import formats
from tui.dashboard.lines import Line, labelled
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Cell, Span
from tui.jobs import FINAL_STATES, progress, short_id
from tui.quantities import duration, size

Record = Mapping[str, Any]
Job = Mapping[str, Any]

LABEL = 10  # cells
PROBLEMS_SHOWN = 12
MARKS: Mapping[str, str] = {
    "settling": "◌", "held": "‖", "planned": "○", "preparing": "●", "training": "●",
    "ready": "✓", "failed": "✗", "unusable": "✗", "removed": "–",
}  # fmt: skip
TONES: Mapping[str, Tone] = {
    "settling": "warn", "preparing": "busy", "training": "busy",
    "ready": "good", "failed": "bad", "unusable": "bad", "removed": "dim",
}  # fmt: skip
SPOKEN = {"preprocess": "prepare", "synthesize": "preview"}  # what a job is to a dataset
MOVING = frozenset({"settling", "preparing", "training"})


@dataclass(frozen=True)
class Folder:
    """A dataset.

    Attributes:
        record: as `datasets.list` tells it.
        jobs: of its content, the newest of each kind, in the order of the steps.
    """

    record: Record
    jobs: tuple[Job, ...] = ()

    @property
    def name(self) -> str:
        return str(self.record["name"])

    @property
    def state(self) -> str:
        return str(self.record["state"])

    @property
    def current(self) -> Job | None:
        """The first job that has not succeeded: what the dataset waits for, or why it stands."""
        return next((job for job in self.jobs if job["state"] != "succeeded"), None)

    def has_any(self, ids: Collection[str]) -> bool:
        """Whether one of these jobs is its own."""
        return any(job["id"] in ids for job in self.jobs)

    def job(self, kind: str) -> Job | None:
        """The newest job of a kind."""
        return next((job for job in self.jobs if job["kind"] == kind), None)


def folders(records: Iterable[Record], jobs: Iterable[Job]) -> dict[str, Folder]:
    """Datasets by name, each with the jobs of its version.

    Jobs are those of the content: a folder that was copied shares them.
    """
    by_version: dict[str, dict[str, Job]] = {}
    for job in sorted(jobs, key=lambda job: int(job["number"])):
        if version := version_of(job):
            by_version.setdefault(version, {})[job["kind"]] = job
    found = {}
    for record in records:
        own = by_version.get(record["version"], {}) if record["version"] else {}
        steps = sorted(own.values(), key=lambda job: int(job["number"]))
        found[record["name"]] = Folder(record, tuple(steps))
    return found


def version_of(job: Job) -> str:
    """Version of the content that a job works on; "" for one that works on none."""
    spec = job.get("spec") or {}
    return str(spec.get("version") or str(spec.get("prepared") or "").rpartition("/")[2])


def state_cell(folder: Folder) -> Span:
    """A mark and the state."""
    return Span(f"{MARKS.get(folder.state, ' ')} {folder.state}", TONES.get(folder.state, ""))


def name_cell(folder: Folder) -> Cell:
    """The name, faint where the folder is gone."""
    return Span(folder.name, "dim" if folder.state == "removed" else "strong")


def count_cell(folder: Folder) -> Cell:
    """Pairs of audio and text that were found."""
    count = folder.record["utterances"]
    return f"{count:,}" if count else ""


def minutes_cell(folder: Folder) -> Cell:
    """Speech that was kept, minutes."""
    seconds = _prepared(folder).get("seconds")
    if seconds is None:
        return ""
    return f"{seconds / 60:,.{1 if seconds >= 60 else 2}f}"


def size_cell(folder: Folder) -> Cell:
    """Size of the folder."""
    return Span(size(folder.record["bytes"] or None), "dim")


def voice_cell(folder: Folder) -> Cell:
    """The voice or base that it becomes; bright once it is one."""
    return Span(str(folder.record["voice"]), "good" if folder.state == "ready" else "dim")


def jobs_cell(folder: Folder) -> Cell:
    """Each step with its mark, and how far the one is that runs."""
    spans: list[Span] = []
    for job in folder.jobs:
        kind = SPOKEN.get(job["kind"], job["kind"])
        spans.append(Span(f"{formats.MARKS.get(job['state'], ' ')} ", formats.tone_of(job)))
        done = _share(job)
        spans.append(Span(f"{kind}{done} ", "" if done else "dim"))
    return tuple(spans)


def why_cell(folder: Folder) -> Cell:
    """Why it is where it is, and what to do."""
    reason, fix = why(folder)
    tone: Tone = "bad" if TONES.get(folder.state) == "bad" else "dim"
    return (Span(reason, tone), Span(f" – {fix}" if fix else "", "accent"))


def why(folder: Folder) -> tuple[str, str]:
    """Reason and fix: the folder's own, else those of the job that it waits for."""
    own = _line(folder.record.get("reason")), _line(folder.record.get("fix"))
    if own[0]:
        return own
    job = folder.current
    if job is None:
        return ("", "")
    report = progress(job) if job["state"] == "running" else None
    said = _line(job.get("reason")) or (report.stage if report else "")
    return (said, _line(job.get("fix")))


def summary(folder: Folder, now: float) -> Iterator[Line]:
    """What there is to say of a dataset beside the list; `now` is Unix time, seconds."""
    record = folder.record
    yield (Span(folder.name, "strong"), Span(f"   {record['folder']}", "dim"))
    yield labelled("state", LABEL, state_cell(folder), Span(f"   {_role(record)}", "dim"))
    reason, fix = why(folder)
    if reason:
        bad = TONES.get(folder.state) == "bad"
        yield labelled("why", LABEL, Span(reason, "bad" if bad else ""))
    if fix:
        yield labelled("to do", LABEL, Span(fix, "accent"))
    if record["voice"]:
        yield labelled(
            "becomes", LABEL, Span(record["voice"]), Span(f"   on {record['base']}", "dim")
        )
    if record["files"]:
        yield labelled("found", LABEL, Span(_found(record)))
    prepared = _prepared(folder)
    if "kept" in prepared:
        refused = prepared.get("refused", 0)
        yield labelled(
            "kept",
            LABEL,
            Span(f"{prepared['kept']:,}", "good"),
            Span(f"   {duration(prepared.get('seconds'))} of speech"),
            Span(f"   {refused:,} refused" if refused else "", "warn"),
        )
    for job in folder.jobs:
        yield job_line(job, now)
    yield from _problems(record)


def job_line(job: Job, now: float) -> Line:
    """A step in a line: id, kind, state, how far it is."""
    cell = formats.state_cell(job)
    assert isinstance(cell, Span)
    share, when = _share(job), ""
    if job["state"] in FINAL_STATES:
        when = formats.clock(job.get("ended"), now)
    kind = SPOKEN.get(job["kind"], job["kind"])
    how = Span(f"{share}  {when}", "dim")
    return labelled(short_id(job), LABEL, Span(f"{kind:<11}"), cell, how)


def _problems(record: Record) -> Iterator[Line]:
    problems, count = record["problems"], record["problem_count"]
    if not count:
        return
    yield ()
    yield (Span(f"{count:,} of its files cannot be used", "warn"),)
    for problem in problems[:PROBLEMS_SHOWN]:
        yield (Span(f"  {problem['path']}: "), Span(problem["reason"], "bad"))
        yield (Span(f"    {problem['fix']}", "dim"),)
    if count > PROBLEMS_SHOWN:
        yield (Span(f"  and {count - min(count, PROBLEMS_SHOWN):,} more", "dim"),)


def counted(number: int, noun: str) -> str:
    """ "1 file", "1,200 files"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _found(record: Record) -> str:
    speakers = record["speakers"]
    voices = f" of {speakers:,} speakers" if speakers > 1 else ""
    pairs, files = counted(record["utterances"], "utterance"), counted(record["files"], "file")
    return f"{pairs}{voices}, {files}, {size(record['bytes'])}"


def _role(record: Record) -> str:
    return " · ".join(str(record[key]) for key in ("role", "kind") if record.get(key))


def _prepared(folder: Folder) -> Mapping[str, Any]:
    """What the preparation of this version told at its end."""
    job = folder.job("preprocess")
    return (job.get("outputs") or {}) if job else {}


def _share(job: Job) -> str:
    report = progress(job) if job["state"] == "running" else None
    return f" {report.share:.0%}" if report and report.share is not None else ""


def _line(text: object) -> str:
    return " ".join(str(text or "").split())
