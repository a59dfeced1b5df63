"""What can be heard: voices, checkpoints of runs, and what the speaker really said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from tui.dashboard.hearing.asking import LEVEL, Request, recorded, spoken

TRAINING = ("stage2", "clone", "stage1", "distil")  # kinds of job whose checkpoints speak
NEWEST, BEST = "", "best"
MOST_RUNS, MOST_RECORDINGS = 6, 12

Job = Mapping[str, Any]


@dataclass(frozen=True)
class Source:
    """Something that can be heard.

    Attributes:
        key: the same for the same source.
        kind: what it is.
        name: for people.
        told: more about it.
        text: what a recording says; "" where it says what it is given.
        asked: who speaks, as the stream `speak` takes it; for a recording its "path".
        utterance: of a recording, where it is prepared: "prepared", a version, and "utterance".
    """

    key: str
    kind: Literal["voice", "checkpoint", "recording"]
    name: str
    told: str = ""
    text: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict, hash=False)
    utterance: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def whose(self) -> Mapping[str, Any]:
        """Whose voice it is, as the method `auditions.likeness` takes it."""
        return {"recording": self.utterance} if self.kind == "recording" else self.asked

    def request(self, sentence: str, speed: float) -> Request:
        """What gives its sound."""
        if self.kind == "recording":
            return recorded(str(self.asked["path"]), level=LEVEL)
        return spoken(sentence, self.asked, speed=speed, keep=True)


def of_voices(voices: Iterable[Mapping[str, Any]]) -> list[Source]:
    """The newest version of each voice."""
    return [
        Source(f"voice {v['name']}", "voice", str(v["name"]), str(v.get("version") or "base"),
               asked={"voice": v["name"]})
        for v in voices
    ]  # fmt: skip


def of_jobs(jobs: Iterable[Job]) -> list[Source]:
    """Newest and best checkpoint of the runs that have one, the latest run first."""
    speaking = [job for job in jobs if job["kind"] in TRAINING and _has_checkpoint(job)]
    speaking.sort(key=lambda job: int(job["number"]), reverse=True)
    return [source for job in speaking[:MOST_RUNS] for source in _checkpoints(job)]


def of_recordings(found: Mapping[str, Any]) -> list[Source]:
    """Recordings of a dataset that were kept.

    Args:
        found: as `datasets.utterances` answers.
    """
    return [
        Source(f"recording {each['audio']}", "recording", str(each["id"]), str(each["text"]),
               str(each["text"]), {"path": each["audio"]},
               {"prepared": str(found["version"]), "utterance": str(each["id"])})
        for each in found["utterances"][:MOST_RECORDINGS]
        if each.get("audio")
    ]  # fmt: skip


def _has_checkpoint(job: Job) -> bool:
    return bool((job.get("progress") or {}).get("checkpoint"))


def _checkpoints(job: Job) -> list[Source]:
    id_ = str(job["id"])
    spec = job.get("spec") or {}
    subject = spec.get("voice") or spec.get("name") or id_
    # the preview is spoken by each checkpoint and named by its step
    preview = PurePosixPath((job.get("progress") or {}).get("preview") or "")
    step = preview.stem.removeprefix("step-").lstrip("0")
    at = f"step {step}" if step.isdigit() else str(job["state"])
    return [
        Source(f"checkpoint {id_} {name}", "checkpoint", f"{subject} {told}",
               f"{id_.partition('-')[0]}, {at if name == NEWEST else 'its best'}",
               asked={"checkpoint": {"job": id_, "name": name}})
        for name, told in ((NEWEST, "newest"), (BEST, "best"))
    ]  # fmt: skip
