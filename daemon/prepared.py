"""What became of a dataset's utterances, read from its newest prepared version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from daemon.datasets import DatasetRecord
from daemon.jobs import Job
from daemon.plan import PREPROCESS
from daemon.progress import sound_events
from daemon.states import JobState
from workspace.corrections import read_corrections
from workspace.datasetfile import AUDIO_SUFFIXES
from workspace.layout import Workspace
from workspace.prepared import MANIFEST, REPORT
from workspace.run import EVENTS_FILE

STATES = ("kept", "refused", "corrected")
EXAMPLES = 5  # utterances that are named for each reason
IN_BRACKETS = re.compile(r"\s*\([^()]*\)")
CORRECTED = b'"corrected": true'  # in a manifest's line

Values = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A prepared version of a dataset, or what a preparation that failed had to say.

    Attributes:
        root: the workspace's.
        dataset: path of the dataset's folder from the root, e.g. "datasets/alice".
        version: of the content that it was made from.
        manifest: the kept utterances; None when nothing was kept.
        report: as `workspace.prepared` describes it.
        corrections: text by utterance as they are now, prepared or not.
    """

    root: Path
    dataset: str
    version: str
    manifest: Path | None
    report: Values
    corrections: Mapping[str, str]

    @classmethod
    def newest(
        cls, workspace: Workspace, record: DatasetRecord, jobs: Iterable[Job]
    ) -> Prepared | None:
        """The newest there is of a dataset; None when nothing has been prepared yet.

        Args:
            workspace: the dataset's.
            record: the dataset.
            jobs: at least those of this dataset and those of its version.

        Raises:
            workspace.dataset.DatasetError: its corrections cannot be read.
        """
        own = [job for job in jobs if job.kind == PREPROCESS and _is_of(job, record)]
        # of the content as it is now, and only then the newest: a correction may be taken back
        own.sort(key=lambda job: (job.spec.get("version") == record.version, job.number))
        for job in reversed(own):
            manifest, report = None, None
            if job.state is JobState.SUCCEEDED:
                manifest, report = _read(workspace.root / str(job.outputs.get("prepared")))
            elif job.state is JobState.FAILED:
                report = _told_refusals(workspace.run(job.id))
            if report is not None:
                corrections = read_corrections(workspace.root / record.folder)
                version = str(job.spec["version"])
                return cls(workspace.root, record.folder, version, manifest, report, corrections)
        return None

    def utterances(self, state: str, query: str, offset: int, limit: int) -> Values:
        """A page of the utterances, the refused ones first.

        Args:
            state: one of `STATES`, or "" for all.
            query: what the id, the text, the pinyin or the reason has in it; "" for all.
            offset: how many to leave out.
            limit: how many to give at most.

        Returns:
            {"version", "total": how many match, "utterances": those of the page}
        """
        total, page = 0, []
        for describe in self._matching(state, query.lower()):
            if offset <= total < offset + limit:
                page.append(describe())
            total += 1
        return {"version": self.version, "total": total, "utterances": page}

    def figures(self) -> Values:
        """Totals, histograms, and the refusals by what is wrong with them."""
        refused = self.report["refused"]
        return {
            "version": self.version,
            **{key: self.report.get(key, 0) for key in ("kept", "reused", "corrected", "seconds")},
            "refused": len(refused),
            "speakers": self.report.get("speakers", {}),
            "histograms": self.report.get("histograms", {}),
            "refusals": grouped(refused),
        }

    def _matching(self, state: str, query: str) -> Iterator[Callable[[], Values]]:
        """What describes each utterance that is asked for: of a corpus only a page is described."""
        if state != "kept":
            for refusal in self.report["refused"]:
                item = self._refused(refusal)
                if _has(item, query) and (state != "corrected" or self._is_corrected(item)):
                    yield partial(self._refused, refusal)
        if state != "refused":
            for line in self._lines(state, query):
                if not query or _has(self._kept(line), query):
                    yield partial(self._kept, line)

    def _lines(self, state: str, query: str) -> Iterator[bytes]:
        """Lines of the manifest that may be asked for, unread; some of them may not."""
        if self.manifest is None:
            return
        words = [_quoted(word) for word in query.split()]
        begins = tuple(b'{"id": "%b",' % _quoted(utterance) for utterance in self.corrections)
        with self.manifest.open("rb") as file:
            for line in file:
                if words and not all(word in line.lower() for word in words):
                    continue
                if state != "corrected" or CORRECTED in line or line.startswith(begins):
                    yield line

    def _is_corrected(self, item: Values) -> bool:
        return bool(item["corrected"] or item["id"] in self.corrections)

    def _kept(self, line: bytes) -> Values:
        values = json.loads(line)
        pitch = values.get("pitch")
        return {
            "id": values["id"],
            "state": "kept",
            "speaker": values["speaker"],
            "text": values["text"],
            "normalized": values["normalized"],
            "pinyin": " ".join(span["pinyin"] for span in values["syllables"] if span["pinyin"]),
            "phonemes": " ".join(values["symbols"]),
            "seconds": values["seconds"],
            "pitch": dict(zip(("low", "median", "high"), pitch, strict=True)) if pitch else None,
            "snr": values["snr"],
            "level": values["level"],
            "score": values["score"],
            "notes": values["notes"],
            "reason": "",
            "fix": "",
            **self._in_both(values, values["source"]),
        }

    def _refused(self, refusal: Values) -> Values:
        unknown = ("speaker", "pinyin", "phonemes", "seconds", "pitch", "snr", "level", "score")
        return {
            "id": refusal["id"],
            "state": "refused",
            "text": refusal.get("text", ""),
            "normalized": "",
            **dict.fromkeys(unknown),
            "notes": [],
            "reason": refusal["reason"],
            "fix": refusal["fix"],
            **self._in_both(refusal, refusal.get("file") or self._file(refusal["id"])),
        }

    def _in_both(self, values: Values, file: str | None) -> Values:
        return {
            "audio": f"{self.dataset}/{file}" if file else None,
            "corrected": values.get("corrected", False),
            "correction": self.corrections.get(values["id"]),
        }

    def _file(self, utterance: str) -> str | None:
        """The recording of an utterance, from the dataset's folder."""
        path = PurePosixPath(utterance)
        names = [path.with_name(path.name + suffix) for suffix in ("", *sorted(AUDIO_SUFFIXES))]
        folder = self.root / self.dataset
        return next((str(name) for name in names if (folder / name).is_file()), None)


def grouped(refused: Iterable[Mapping[str, Any]]) -> list[Values]:
    """Refusals by what is wrong: {"what", "fix", "count", "examples": ids}, the most first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for refusal in refused:
        groups.setdefault((_what(refusal), refusal["fix"]), []).append(refusal["id"])
    return [
        {"what": what, "fix": fix, "count": len(ids), "examples": ids[:EXAMPLES]}
        for (what, fix), ids in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]


def _what(refusal: Mapping[str, Any]) -> str:
    """A reason without what is particular to the utterance: its file's name, its figures."""
    reason = str(refusal["reason"])
    for name in (str(refusal.get("file", "")), PurePosixPath(refusal.get("file", "")).name):
        if name:
            reason = reason.replace(name, "")
    return " ".join(IN_BRACKETS.sub("", reason).split())


def _is_of(job: Job, record: DatasetRecord) -> bool:
    """Whether a preparation is of this dataset, or of another with the same content."""
    return job.spec.get("dataset") == record.name or job.spec.get("version") == record.version


def _read(folder: Path) -> tuple[Path | None, Values | None]:
    """Manifest and report of a prepared folder; None of one that was removed."""
    try:
        return folder / MANIFEST, json.loads((folder / REPORT).read_bytes())
    except FileNotFoundError:
        return None, None


def _told_refusals(run: Path) -> Values | None:
    """A report of the refusals that a run told of, each once; None when it told of none."""
    told: dict[str, Values] = {}
    for _, event in sound_events(run / EVENTS_FILE, 0):
        if event.get("type") == "item" and event.get("state") == "refused":
            told[event["id"]] = {key: event[key] for key in ("id", "reason", "fix")}
    return {"refused": list(told.values())} if told else None


def _has(item: Values, query: str) -> bool:
    """Whether an utterance has a text in it, in small letters."""
    fields = ("id", "text", "normalized", "pinyin", "reason")
    return any(query in str(item[field] or "").lower() for field in fields)


def _quoted(text: str) -> bytes:
    """A text as it stands between the quotes of a manifest's line."""
    return json.dumps(text, ensure_ascii=False)[1:-1].encode()
