"""Whose voice it is that is heard: the recordings that a voice, or a run's checkpoint, is made of.

A voice's card names them: the prepared version of its dataset, by the version of the content, or
for a clone the run that packed its reference. A run's job.json names them while there is no card.
No PyTorch is loaded to find out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.corpus.manifest import Utterance
from engine.errors import EngineError
from engine.evaluation.likeness import NotAlikeError
from workspace.bases import speaking_voices
from workspace.files import is_temporary
from workspace.layout import Workspace
from workspace.prepared import MANIFEST, REFERENCE_FOLDER
from workspace.run import JOB_FILE, JobFile
from workspace.voices import CARD_FILE, finished_voices

GONE = "no recordings (gone)"
OF_SEVERAL = "no one speaker"


@dataclass(frozen=True)
class Speaker:
    """One person in prepared recordings.

    Attributes:
        name: in the manifests.
        folders: the prepared folders.
    """

    name: str
    folders: tuple[Path, ...]

    def utterances(self) -> list[tuple[Path, bytes]]:
        """Each of this person's: the folder that it is in, and its line of the manifest."""
        mark = _field("speaker", self.name)
        found: list[tuple[Path, bytes]] = []
        for folder in self.folders:
            found += ((folder, line) for line in _lines(folder) if mark in line)
        return found


def of_voice(workspace: Workspace, name: str) -> Speaker:
    """Who the newest version of a voice is.

    Raises:
        NotAlikeError: it is made from nobody's recordings, or they are not here.
        EngineError: there is no such voice.
    """
    own = finished_voices(workspace.voices)
    if name in own:
        return _of_card(workspace, json.loads((own[name][0] / CARD_FILE).read_bytes()))
    if name in speaking_voices(workspace.models):
        raise NotAlikeError("no recordings (base)")
    raise EngineError(f"no voice is called {name!r}", "`yinfang voices list` names them")


def of_run(workspace: Workspace, job: str) -> Speaker:
    """Who the checkpoints of a run speak as.

    Args:
        job: its id.

    Raises:
        NotAlikeError: as nobody in particular, or the recordings are not here.
        EngineError: there is no such run.
    """
    folder = workspace.run(job)
    if Path(job).name != job or not (folder / JOB_FILE).is_file():
        raise EngineError(f"no run of a job {job!r} is there", "`yinfang jobs list` names the jobs")
    order = JobFile.read(folder)
    if order.kind == "clone":
        return _only_speaker((folder / REFERENCE_FOLDER,))
    if "prepared" not in order.spec:
        raise NotAlikeError("no recordings (base)")
    named = order.spec["prepared"]
    folders = [named] if isinstance(named, str) else named
    return _only_speaker(tuple(workspace.root / each for each in folders))


def of_recording(workspace: Workspace, version: str, utterance: str) -> tuple[Speaker, str]:
    """Who speaks in an utterance of a prepared dataset, and the recording that it is of.

    Args:
        version: of the dataset's content.
        utterance: its id.

    Raises:
        NotAlikeError: the prepared version, or the utterance in it, is gone.
    """
    folder = _prepared(workspace, version)
    mark = _field("id", utterance)
    for line in _lines(folder):
        if mark in line and (found := Utterance.from_json(line)).id == utterance:
            return Speaker(found.speaker, (folder,)), found.source
    raise NotAlikeError("not prepared")


def _of_card(workspace: Workspace, card: dict[str, Any]) -> Speaker:
    if card.get("method") == "mix":
        raise NotAlikeError("no one speaker (mix)")
    if "source" in card:
        raise NotAlikeError("no recordings (import)")
    record = card.get("provenance")
    if not record:
        raise NotAlikeError("no recordings (old card)")
    if card.get("method") == "clone":
        return _only_speaker((workspace.run(str(record["job"])) / REFERENCE_FOLDER,))
    versions = [name for name in record["inputs"] if name != "base"]
    return _only_speaker(tuple(_prepared(workspace, version) for version in versions))


def _prepared(workspace: Workspace, version: str) -> Path:
    """The prepared folder of a dataset's version, whichever dataset has that content.

    Raises:
        NotAlikeError: there is none.
    """
    homes = sorted(workspace.prepared.iterdir()) if workspace.prepared.is_dir() else []
    for home in homes:
        folder = home / version
        if folder.parent == home and not is_temporary(folder) and (folder / MANIFEST).is_file():
            return folder
    raise NotAlikeError(GONE)


def _only_speaker(folders: tuple[Path, ...]) -> Speaker:
    """The one speaker of these folders.

    Raises:
        NotAlikeError: there are several, or a folder is not there.
    """
    if not all((folder / MANIFEST).is_file() for folder in folders):
        raise NotAlikeError(GONE)
    name = ""
    for folder in folders:
        for line in _lines(folder):
            if name and _field("speaker", name) in line:
                continue
            if name:
                raise NotAlikeError(OF_SEVERAL)
            name = Utterance.from_json(line).speaker
    return Speaker(name, folders)


def _lines(folder: Path) -> Iterator[bytes]:
    with (folder / MANIFEST).open("rb") as file:
        yield from file


def _field(name: str, value: str) -> bytes:
    """A field as a manifest's line has it, so that lines need not be parsed to be left out."""
    return f'"{name}": {json.dumps(value, ensure_ascii=False)}'.encode()
