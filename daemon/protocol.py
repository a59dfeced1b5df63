"""What daemon and client say to each other: lines of JSON over any pair of byte streams.

    client: {"id": 1, "method": "jobs.show", "params": {"id": "j00012"}}
    daemon: {"id": 1, "result": {...}}
        or  {"id": 1, "error": {"code": "unknown-job", "message": "...", "fix": "..."}}

A method in `STREAMS` answers with any number of events, each with a cursor from which a later
request can go on, and then an end:

    daemon: {"id": 2, "event": {...}, "cursor": 1024}
            {"id": 2, "end": {}}

Requests overlap freely on one connection; `{"method": "stop", "params": {"request": 2}}` ends a
stream. The first request must be `hello`. This module needs nothing but the standard library.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

PROTOCOL_VERSION = 5
LINE_LIMIT = 64 << 20  # bytes of one line
LIST_LIMIT = 1000  # jobs that `jobs.list` gives unless asked otherwise
BUCKETS = 480  # that a curve is reduced to unless asked otherwise: dots across a wide chart
SHORTEST_INTERVAL = 0.5  # seconds between reports of the machine
MOST_BUCKETS = 10_000  # that may be asked for, and columns


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """No parameters."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The handshake.

    Attributes:
        protocol: the client's `PROTOCOL_VERSION`.
        client: what it is, for the daemon's log.
    """

    protocol: int
    client: str = ""


@dataclass(frozen=True, kw_only=True)
class StopStream:
    """`request`: id of the stream's request."""

    request: int


@dataclass(frozen=True, kw_only=True)
class ListJobs:
    """`states`: only jobs in one of these; empty means all."""

    states: list[str] = field(default_factory=list)
    limit: int = LIST_LIMIT


@dataclass(frozen=True, kw_only=True)
class OneJob:
    """`id`: a job's id, or its number."""

    id: str


@dataclass(frozen=True, kw_only=True)
class SubmitJob:
    """A job made by hand; see `daemon.store.NewJob`."""

    kind: str
    spec: dict[str, Any] = field(default_factory=dict)
    depends_on: list[str] = field(default_factory=list)
    priority: int | None = None
    key: str | None = None
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class MoveJob:
    """Where a waiting job goes: exactly one of `to`, `before` and `priority`.

    Attributes:
        to: "first" or "last".
        before: id of another waiting job.
    """

    id: str
    to: str | None = None
    before: str | None = None
    priority: int | None = None


@dataclass(frozen=True, kw_only=True)
class FollowRun:
    """A run's log or events.

    Attributes:
        cursor: byte offset to begin at.
        follow: go on until the job has ended.
    """

    id: str
    cursor: int = 0
    follow: bool = False


@dataclass(frozen=True, kw_only=True)
class FollowCurves:
    """A run's curves; see `workspace.curves` for what comes.

    Attributes:
        buckets: how many each series is reduced to at most; up to `MOST_BUCKETS`.
        cursor: what came with the last event already known; 0 for everything.
        follow: go on until the job has ended.
    """

    id: str
    buckets: int = BUCKETS
    cursor: int = 0
    follow: bool = True


@dataclass(frozen=True, kw_only=True)
class CurveRange:
    """A part of a curve as finely as it was measured, on columns of equal width.

    Attributes:
        series: e.g. "train/total".
        first, last: the edges, both within: steps, or Unix times in seconds.
        columns: how many; up to `MOST_BUCKETS`.
        axis: what the edges are.
    """

    id: str
    series: str
    first: float
    last: float
    columns: int = BUCKETS
    axis: Literal["step", "time"] = "step"


@dataclass(frozen=True, kw_only=True)
class FollowJobs:
    """State changes of all jobs.

    Attributes:
        cursor: id of the last event already known; -1 begins with what comes next.
        follow: go on for ever.
    """

    cursor: int = 0
    follow: bool = True


@dataclass(frozen=True, kw_only=True)
class FollowRows:
    """All jobs as rows, then the fields of rows that change; see `daemon.jobrows`.

    Attributes:
        ended: how many of those that have ended, the newest first.
    """

    ended: int = LIST_LIMIT


@dataclass(frozen=True, kw_only=True)
class FollowMachine:
    """`interval`: seconds between reports, at least `SHORTEST_INTERVAL`."""

    interval: float = 2.0


@dataclass(frozen=True, kw_only=True)
class ByName:
    """`name` of a dataset or voice."""

    name: str


@dataclass(frozen=True, kw_only=True)
class ListUtterances:
    """What became of a dataset's utterances, in its newest prepared version.

    Attributes:
        name: the dataset's.
        state: "kept", "refused", "corrected", or "" for all.
        query: what the id, the text, the pinyin or the reason has in it.
        offset: how many of those that match are left out.
        limit: how many are given at most.
    """

    name: str
    state: str = ""
    query: str = ""
    offset: int = 0
    limit: int = 100


@dataclass(frozen=True, kw_only=True)
class Correct:
    """What an utterance of a dataset really says; an empty text takes the correction back."""

    name: str
    utterance: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Speak:
    """A text to be spoken now.

    Attributes:
        voice: None speaks with the newest base's own voice.
        speed: 1.2 is a fifth faster; from 0.5 to 2.
        version: of the voice; None is the newest.
        checkpoint: {"job", "name"}, also of a training that goes on, instead of a voice; the name
            is e.g. "best" or "mamba_epoch_03", an empty one the newest.
        loudness: LUFS that it is brought to, for who compares; None leaves it.
        keep: whether it can be drawn and measured for a while: its "done" says the path.
    """

    text: str
    voice: str | None = None
    speed: float = 1.0
    version: str | None = None
    checkpoint: dict[str, Any] | None = None
    loudness: float | None = None
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class PlayClip:
    """A recording of the workspace, to be heard.

    Attributes:
        path: from the workspace's root, of a recording or of what was spoken and kept.
        loudness: LUFS that it is brought to, to be heard beside others; None leaves it as it is.
    """

    path: str
    loudness: float | None = -23.0


@dataclass(frozen=True, kw_only=True)
class DrawClips:
    """Recordings to be drawn beside each other.

    Attributes:
        paths: as of `PlayClip`.
        width: columns of each picture.
    """

    paths: list[str]
    width: int


@dataclass(frozen=True, kw_only=True)
class HearWords:
    """Whether a recording says a text.

    Attributes:
        path: as of `PlayClip`.
        text: what it should say.
    """

    path: str
    text: str


@dataclass(frozen=True, kw_only=True)
class HearLikeness:
    """How alike a sound is to its speaker's recordings; one of the three says whose it is.

    Attributes:
        path: as of `PlayClip`.
        voice: its name.
        checkpoint: as of `Speak`.
        recording: {"prepared", "utterance"}: a version of a dataset, and an id in it.
    """

    path: str
    voice: str | None = None
    checkpoint: dict[str, Any] | None = None
    recording: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class KeepSentences:
    """`sentences`: what every checkpoint says from now on, besides the one in its settings."""

    sentences: list[str]


@dataclass(frozen=True, kw_only=True)
class OneSpeaker:
    """`speaker`: name of the folder in recordings/."""

    speaker: str


@dataclass(frozen=True, kw_only=True)
class OpenRecordings:
    """A recording session, begun or gone on with.

    Attributes:
        script: a set of prompts to read besides those there are; see `recordings.scripts`.
        text: the user's own, to read sentence by sentence.
    """

    speaker: str
    script: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class SkipPrompt:
    """`skipped`: whether it is left out."""

    speaker: str
    prompt: str
    skipped: bool = True


@dataclass(frozen=True, kw_only=True)
class KeepTake:
    """`kept`: whether the take is the dataset's for its prompt."""

    speaker: str
    take: str
    kept: bool = True


@dataclass(frozen=True, kw_only=True)
class OneTake:
    """A take of a speaker, e.g. "zh0001-2"."""

    speaker: str
    take: str


@dataclass(frozen=True, kw_only=True)
class BeginTake:
    """A take that is captured here and sent there.

    Attributes:
        key: 32 hexadecimal digits that the capturing side made up.
        prompt: id of the prompt, or "room" for the silent room.
        rate: Hz.
        device: {"kind", "name"} of the microphone.
    """

    key: str
    speaker: str
    prompt: str
    rate: int
    device: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AppendTake:
    """A piece of a take.

    Attributes:
        offset: bytes before it.
        data: s24le, mono, in base64.
        sha256: of the bytes.
    """

    key: str
    offset: int
    data: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class EndTake:
    """All of a take was sent.

    Attributes:
        bytes, sha256: of everything that was captured.
        dropped: frames that the device lost.
        late: blocks that came later than they should have.
    """

    key: str
    bytes: int
    sha256: str
    dropped: int = 0
    late: int = 0


@dataclass(frozen=True, kw_only=True)
class OneKey:
    """`key` of a take."""

    key: str


@dataclass(frozen=True, kw_only=True)
class Attend:
    """A machine's microphone and loudspeaker, offered to whoever is at the daemon.

    Attributes:
        id: made up by the device, the same when it comes back.
        name: for people.
        rate: Hz of the microphone.
    """

    id: str
    name: str
    rate: int
    microphone: bool = True
    loudspeaker: bool = True


@dataclass(frozen=True, kw_only=True)
class RecordTake:
    """A take to be made with an attached device."""

    device: str
    speaker: str
    prompt: str


@dataclass(frozen=True, kw_only=True)
class ReportTake:
    """What an attached device says of its take.

    Attributes:
        event: {"levels": [...]}, {"error", "fix"}, or {"cancelled": true}.
    """

    key: str
    event: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PlaySound:
    """A piece of a sound, for an attached device.

    Attributes:
        sound: what the pieces of one sound have in common.
        rate: Hz.
        data: s16le, mono, in base64; None when nothing more comes.
    """

    device: str
    sound: str
    rate: int
    data: str | None = None


@dataclass(frozen=True, kw_only=True)
class OneSound:
    """A sound that an attached device plays."""

    device: str
    sound: str


@dataclass(frozen=True, kw_only=True)
class Shutdown:
    """`stop_workers`: also stop running jobs, at a checkpoint; otherwise they live on."""

    stop_workers: bool = False


METHODS: dict[str, type[Any]] = {
    "hello": Hello,
    "stop": StopStream,
    "ping": Nothing,  # whether the line still carries anything
    "status": Nothing,
    "jobs.list": ListJobs,
    "jobs.show": OneJob,
    "jobs.related": OneJob,  # it, all that it depends on, and all that depends on it
    "jobs.submit": SubmitJob,
    "jobs.cancel": OneJob,
    "jobs.retry": OneJob,
    "jobs.pause": OneJob,
    "jobs.resume": OneJob,
    "jobs.move": MoveJob,
    "run.range": CurveRange,  # {"low", "high", "mean", "points", "gaps"}: a value a column
    "datasets.list": Nothing,
    "datasets.show": ByName,
    "datasets.rescan": Nothing,
    "datasets.utterances": ListUtterances,  # {"version", "total", "utterances"}
    "datasets.figures": ByName,  # {"version", "kept", "refused", "histograms", "refusals", ...}
    "datasets.correct": Correct,  # {"corrections": how many there are}
    "models.list": Nothing,
    "voices.list": Nothing,
    "voices.show": ByName,
    "recordings.list": Nothing,
    "recordings.scripts": Nothing,  # [{"name", "title", "count"}]
    "recordings.open": OpenRecordings,
    "recordings.show": OneSpeaker,
    "recordings.skip": SkipPrompt,
    "recordings.keep": KeepTake,
    "recordings.take": OneTake,  # its card, whole
    "recordings.words": OneTake,  # its card, after a recogniser has listened
    "recordings.train": OneSpeaker,  # {"dataset"}
    "takes.begin": BeginTake,  # {"offset"}: bytes that are there
    "takes.append": AppendTake,  # {"offset"}: bytes that are on the disk
    "takes.end": EndTake,  # {"card"}, or {"room"}
    "takes.drop": OneKey,
    "takes.pending": Nothing,
    "auditions.draw": DrawClips,  # {"pictures"}; see `engine.recording.picture`
    "auditions.words": HearWords,  # {"said", "errors", "ok", "note"}, or null: Latin words
    # {"cosine", "real", "spread", "clips"}, or {"why"}, or {"needs"}: what must be installed
    "auditions.likeness": HearLikeness,
    "auditions.sentences": Nothing,  # {"sentences"}
    "auditions.keep_sentences": KeepSentences,  # {"sentences"}
    "sound.page": Nothing,  # {"url", "port", "ssh", "expires"}: a browser's way in
    "sound.report": ReportTake,
    "sound.stop": OneKey,
    "sound.cancel": OneKey,
    "sound.play": PlaySound,
    "sound.quiet": OneSound,
    "shutdown": Shutdown,
}

STREAMS: dict[str, type[Any]] = {
    "jobs.logs": FollowRun,  # events {"text"}; cursor: byte offset
    "run.events": FollowRun,  # a run's events as written; cursor: byte offset
    "jobs.follow": FollowRows,  # {"at", "fresh", "rows", "left"}; no cursor: it begins anew
    "run.curves": FollowCurves,  # {"whole"} or {"points", "facts"}; cursor: byte offset
    "events": FollowJobs,  # {"at", "job", "state", "reason", "attempt", "stop"}; cursor: event id
    "machine": FollowMachine,  # {"t", "cpu", "memory", "disk", "gpus", "workers"}; no cursor
    "sound.devices": Nothing,  # {"devices": [...]} whenever it changes
    "sound.attend": Attend,  # orders; see `daemon.sound.desk`
    "sound.record": RecordTake,  # {"key"}, {"levels"}, {"here"}, at last e.g. {"card"}
    "auditions.clip": PlayClip,  # as `speak`; {"done": {"gain", "loudness", "note"}}
    "speak": Speak,  # {"pcm": base64 of int16 mono, "rate": Hz}, at last {"done": {...}}
}


def encode(message: dict[str, Any]) -> bytes:
    """One line."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of a line.

    Raises:
        ValueError: it is not a JSON object in UTF-8.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("not a JSON object")
    return message
