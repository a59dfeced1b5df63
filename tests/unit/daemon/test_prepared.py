"""What became of a dataset's utterances, whatever was prepared of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.datasets import DatasetRecord, DatasetState
from daemon.jobs import Job
from daemon.prepared import Prepared, grouped
from daemon.states import JobState
from workspace.corrections import correct
from workspace.files import write_json
from workspace.layout import Workspace
from workspace.run import EventLog

RECORD = DatasetRecord(
    name="alice", folder="datasets/alice", state=DatasetState.PLANNED, version="v2"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    (workspace.datasets / "alice").mkdir(parents=True)
    return workspace


def job(number: int, version: str, state: JobState, dataset: str = "alice") -> Job:
    return Job(
        number=number, id=f"j{number}", kind="preprocess", state=state, priority=0, position=number,
        spec={"dataset": dataset, "version": version}, created=0,
        outputs={"prepared": f"prepared/{dataset}/{version}"},
    )  # fmt: skip


def prepare(workspace: Workspace, version: str, *ids: str, **values: Any) -> None:
    """A prepared folder as an older version of the program wrote it: no pitch, no corrections."""
    folder = workspace.prepared / "alice" / version
    folder.mkdir(parents=True)
    lines = [
        {
            "id": id_, "speaker": "alice", "text": f"文{id_}", "normalized": f"文{id_}",
            "symbols": ["ㄨ"], "syllables": [{"pinyin": "wen2"}], "seconds": 1.0, "snr": 30.0,
            "level": -20.0, "score": -1.0, "source": f"{id_}.wav", "notes": [], **values,
        }
        for id_ in ids
    ]  # fmt: skip
    manifest = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
    (folder / "manifest.jsonl").write_text(manifest, encoding="utf-8")
    report = {"kept": len(ids), "seconds": 1.0, "speakers": {}, "histograms": {}, "refused": []}
    write_json(folder / "report.json", report)


def newest(workspace: Workspace, *jobs: Job) -> Prepared:
    found = Prepared.newest(workspace, RECORD, jobs)
    assert found is not None
    return found


def ids(prepared: Prepared, state: str = "", query: str = "") -> list[str]:
    return [item["id"] for item in prepared.utterances(state, query, 0, 100)["utterances"]]


def test_the_newest_that_is_there_counts(workspace: Workspace) -> None:
    prepare(workspace, "v1", "a")
    prepare(workspace, "v2", "b")
    done = [job(number, f"v{number}", JobState.SUCCEEDED) for number in (1, 2, 3)]
    assert newest(workspace, *done).version == "v2", "the third was removed by its user"
    assert newest(workspace, done[0], job(2, "v2", JobState.RUNNING)).version == "v1"
    assert Prepared.newest(workspace, RECORD, [job(1, "v1", JobState.WAITING)]) is None
    assert Prepared.newest(workspace, RECORD, []) is None


def test_the_same_content_under_another_name_is_this_ones(workspace: Workspace) -> None:
    (workspace.prepared / "bob").mkdir(parents=True)
    prepare(workspace, "v2", "a")
    (workspace.prepared / "alice" / "v2").rename(workspace.prepared / "bob" / "v2")
    found = newest(workspace, job(1, "v2", JobState.SUCCEEDED, dataset="bob"))
    [item] = found.utterances("", "", 0, 10)["utterances"]
    assert item["audio"] == "datasets/alice/a.wav"


def test_what_an_older_program_wrote_is_read(workspace: Workspace) -> None:
    prepare(workspace, "v1", "a")
    found = newest(workspace, job(1, "v1", JobState.SUCCEEDED))
    [item] = found.utterances("kept", "", 0, 10)["utterances"]
    assert (item["pitch"], item["corrected"], item["correction"]) == (None, False, None)
    assert found.figures()["corrected"] == 0


def test_a_failed_preparation_says_what_it_refused(workspace: Workspace) -> None:
    workspace.run("j1").mkdir(parents=True)
    (workspace.datasets / "alice" / "b.flac").touch()
    log = EventLog(workspace.run("j1"))
    for _ in range(2):  # two attempts
        for id_ in "ab":
            log.emit("item", id=id_, state="refused", reason=f"{id_}.wav is silent", fix="again")
    log.close()
    found = newest(workspace, job(1, "v1", JobState.FAILED))
    page = found.utterances("", "", 0, 10)
    assert page["total"] == 2
    assert [item["audio"] for item in page["utterances"]] == [None, "datasets/alice/b.flac"]
    assert found.figures()["refused"] == 2
    assert ids(found, "kept") == []


def test_a_failure_of_something_else_does_not_hide_what_was_prepared(workspace: Workspace) -> None:
    prepare(workspace, "v1", "a")
    found = newest(workspace, job(1, "v1", JobState.SUCCEEDED), job(2, "v2", JobState.FAILED))
    assert found.version == "v1"


def test_corrections_are_told_before_they_are_prepared(workspace: Workspace) -> None:
    prepare(workspace, "v1", "a", 'b "1"', "c")
    correct(workspace.datasets / "alice", 'b "1"', "改过的")
    found = newest(workspace, job(1, "v1", JobState.SUCCEEDED))
    assert ids(found, "corrected") == ['b "1"']
    assert ids(found, query='B "1') == ['b "1"']
    [item] = found.utterances("corrected", "", 0, 10)["utterances"]
    assert (item["text"], item["correction"], item["corrected"]) == ('文b "1"', "改过的", False)


def test_a_query_looks_where_a_person_reads_and_nowhere_else(workspace: Workspace) -> None:
    prepare(workspace, "v1", "a", "c", sha256="cafe", level=-20.0)
    found = newest(workspace, job(1, "v1", JobState.SUCCEEDED))
    assert ids(found, query="cafe") == []
    assert ids(found, query="文C") == ["c"]
    assert ids(found, query="wen2") == ["a", "c"]


def test_refusals_are_grouped_by_what_is_wrong() -> None:
    refused = [
        {"id": "x/a", "file": "x/a.wav", "reason": "a.wav is too short (0.2 s, at least 0.5)",
         "fix": "join it"},
        {"id": "x/b", "file": "x/b.wav", "reason": "b.wav is too short (0.3 s, at least 0.5)",
         "fix": "join it"},
        {"id": "c", "file": "c.wav", "reason": "c.wav is silent", "fix": "check the microphone"},
    ]  # fmt: skip
    assert grouped(refused) == [
        {"what": "is too short", "fix": "join it", "count": 2, "examples": ["x/a", "x/b"]},
        {"what": "is silent", "fix": "check the microphone", "count": 1, "examples": ["c"]},
    ]
