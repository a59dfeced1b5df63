"""The preprocess job as the daemon runs it: a process, a run folder, a signal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.corpus.packed import PackedCorpus
from engine.corpus.report import Report
from engine.model.aligner import AlignerNetwork
from engine.model.base import SpeechModel, save_base
from engine.model.config import SIZES
from engine.text import VOCABULARIES
from engine.training.align import ALIGNER_FILE, VOCABULARY, Aligner
from engine.worker import preprocess
from tests.recordings import record
from workspace.corrections import correct
from workspace.layout import Workspace
from workspace.run import EVENTS_FILE, EventLog, ExitCode, JobFile, Outcome, read_events

TEXTS = ("今天天气很好", "我们去公园散步", "他在北京工作", "这本书很有意思")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with a base of random weights, and a dataset of four recordings."""
    found = Workspace(tmp_path)
    base = found.models / "tiny"
    save_base(base, SpeechModel(SIZES["small"]), "small", VOCABULARY, {})
    Aligner(AlignerNetwork(VOCABULARIES[VOCABULARY].size)).save(base / ALIGNER_FILE)
    for i, text in enumerate(TEXTS):
        record(found.datasets / "alice" / f"{i}.wav", text)
    return found


def _job(workspace: Workspace, version: str, **spec: Any) -> tuple[JobFile, Path]:
    folder = workspace.run(f"job-{version}")
    folder.mkdir(parents=True, exist_ok=True)
    job = JobFile(
        id=folder.name, kind="preprocess", workspace=str(workspace.root),
        spec={"dataset": "alice", "folder": "datasets/alice", "role": "specialist",
              "version": version, "previous": None, **spec},
        # an aligner with random weights believes in nothing
        config={"aligner": {"adaptation_steps": 2},
                "preprocess": {"workers": 1, "min_alignment_score": -20.0}},
    )  # fmt: skip
    job.write(folder)
    return job, folder


def _run(workspace: Workspace, version: str, **spec: Any) -> tuple[dict[str, Any], Path]:
    job, folder = _job(workspace, version, **spec)
    events = EventLog(folder)
    try:
        return preprocess.run(job, folder, events), folder
    finally:
        events.close()


def test_the_job_prepares_and_its_next_version_redoes_only_what_is_new(
    workspace: Workspace,
) -> None:
    (workspace.datasets / "alice" / "bad.wav").write_bytes(b"")
    (workspace.datasets / "alice" / "bad.txt").write_text("好", encoding="utf-8")
    outputs, folder = _run(workspace, "1")
    assert outputs["prepared"] == "prepared/alice/1"
    assert (outputs["kept"], outputs["reused"], outputs["refused"]) == (4, 0, 1)
    corpus = PackedCorpus(workspace.prepared / "alice" / "1")
    for item in corpus.utterances:
        assert len(item.durations) == len(item.ids) + 2
        assert min(item.durations) >= 1
        assert 600 * sum(item.durations) == len(corpus.audio(item))
    kept = Aligner.load(workspace.prepared / "alice" / "1").network.state_dict()
    given = Aligner.load(workspace.models / "tiny").network.state_dict()
    assert all(torch.equal(kept[name], value) for name, value in given.items()), "as it was loaded"
    events = [event for _, event in read_events(folder / EVENTS_FILE)]
    assert [event["id"] for event in events if event["type"] == "item"] == ["bad"]
    assert {event["stage"] for event in events if event["type"] == "progress"} == {
        "measure", "align",
    }  # fmt: skip

    record(workspace.datasets / "alice" / "new.wav", "请把门关上")
    outputs, _ = _run(workspace, "2", previous="1")
    assert (outputs["kept"], outputs["reused"], outputs["refused"]) == (5, 4, 1)

    stamp = (workspace.prepared / "alice" / "2" / "report.json").stat().st_mtime_ns
    assert _run(workspace, "2", previous="1")[0] == outputs  # the same job again does nothing
    assert (workspace.prepared / "alice" / "2" / "report.json").stat().st_mtime_ns == stamp


def test_a_corrected_text_is_redone_and_nothing_else(workspace: Workspace) -> None:
    alice = workspace.datasets / "alice"
    _run(workspace, "1")
    correct(alice, "1", "我们去花园散步")
    outputs, _ = _run(workspace, "2", previous="1")
    assert (outputs["kept"], outputs["reused"]) == (4, 3)
    report = Report.read(workspace.prepared / "alice" / "2")
    assert report.corrected == 1
    corpus = PackedCorpus(workspace.prepared / "alice" / "2")
    texts = {item.id: (item.text, item.corrected) for item in corpus.utterances}
    assert texts["1"] == ("我们去花园散步", True)
    assert [texts[name] for name in "023"] == [(TEXTS[int(name)], False) for name in "023"]
    assert all(item.pitch and 150 < item.pitch[1] < 210 for item in corpus.utterances)
    correct(alice, "1", "")
    assert _run(workspace, "3", previous="2")[0]["reused"] == 3


def test_the_users_lexicon_decides(workspace: Workspace) -> None:
    _run(workspace, "1")
    (workspace.root / "lexicon.tsv").write_text("公园\tgong4 yuan3\n", encoding="utf-8")
    outputs, _ = _run(workspace, "2", previous="1")
    assert outputs["reused"] == 0
    corpus = PackedCorpus(workspace.prepared / "alice" / "2")
    spoken = [span.pinyin for item in corpus.utterances for span in item.syllables]
    assert "gong4" in spoken


def _start(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "engine.worker", str(folder)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize(("workers", "whole_group"), [(1, False), (2, True)])
def test_a_signal_stops_it_and_leaves_nothing(
    workspace: Workspace, eventually: Callable[..., None], workers: int, whole_group: bool
) -> None:
    first = workspace.datasets / "alice" / "0.wav"
    for i in range(200):  # enough to be in the middle of
        copy = workspace.datasets / "alice" / f"copy {i}.wav"
        copy.write_bytes(first.read_bytes())
        copy.with_suffix(".txt").write_text(TEXTS[0], encoding="utf-8")
    job, folder = _job(workspace, "1")
    job.config["preprocess"]["workers"] = workers
    job.write(folder)
    process = _start(folder)
    eventually(lambda: _measures(folder), within=60)
    (os.killpg if whole_group else os.kill)(process.pid, signal.SIGTERM)
    assert process.wait(60) == ExitCode.CANCELLED
    outcome = Outcome.read(folder)
    assert outcome is not None
    assert outcome.error
    assert list((workspace.prepared / "alice").iterdir()) == []


def test_what_a_killed_attempt_left_is_cleared_by_the_next(
    workspace: Workspace, eventually: Callable[..., None]
) -> None:
    for i in range(100):
        copy = workspace.datasets / "alice" / f"copy {i}.wav"
        copy.write_bytes((workspace.datasets / "alice" / "0.wav").read_bytes())
        copy.with_suffix(".txt").write_text(TEXTS[0], encoding="utf-8")
    job, folder = _job(workspace, "1")
    job.config["preprocess"]["workers"] = 2
    job.write(folder)
    process = _start(folder)
    eventually(lambda: _measures(folder), within=60)
    children = _descendants(process.pid)
    os.kill(process.pid, signal.SIGKILL)  # the process alone: its own pool must notice
    process.wait(60)
    assert len(children) >= 2
    eventually(
        lambda: not any(Path(f"/proc/{pid}/fd").exists() and _alive(pid) for pid in children)
    )
    left = list((workspace.prepared / "alice").iterdir())
    assert [path.name.startswith(".tmp-1.") for path in left] == [True]
    for copy in workspace.datasets.glob("alice/copy*"):
        copy.unlink()
    outputs, _ = _run(workspace, "1")
    assert outputs["kept"] == 4
    assert [path.name for path in (workspace.prepared / "alice").iterdir()] == ["1"]


def test_only_what_attempts_at_this_version_left_is_cleared(tmp_path: Path) -> None:
    for name in (".tmp-v1.0123abcd", ".tmp-v1.5.0123abcd", ".tmp-v2.0123abcd", "v0"):
        (tmp_path / name).mkdir()
    preprocess._clear_interrupted(tmp_path / "v1")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".tmp-v1.5.0123abcd", ".tmp-v2.0123abcd", "v0"]


def _measures(folder: Path) -> bool:
    """Whether the job in this run folder is in the middle of it."""
    events = read_events(folder / EVENTS_FILE)
    return any(event["type"] == "progress" for _, event in events)


def _descendants(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.is_dir():
        pytest.skip("needs /proc")
    direct = [
        int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()
    ]
    return direct + [deeper for child in direct for deeper in _descendants(child)]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_folder_that_is_no_dataset_says_so(workspace: Workspace) -> None:
    for path in (workspace.datasets / "alice").glob("*.txt"):
        path.unlink()
    _, folder = _job(workspace, "1")
    assert _start(folder).wait(60) == ExitCode.JOB
    outcome = json.loads((folder / "outcome.json").read_text(encoding="utf-8"))
    assert "audio without text" in outcome["error"]
    assert outcome["fix"]
