"""A text is corrected over the connection, and just that utterance is prepared anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, NotFoundError
from tests.acceptance.preparing import fill, preparing_daemon
from tests.acceptance.running import RunningDaemon, until
from workspace.corrections import corrections_file

pytestmark = pytest.mark.slow

TEXTS = {"a": "今天天气很好", "b": "我们去公园散步", "sub/c": "他在北京工作"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    """A daemon whose dataset "alice" has been prepared, for real."""
    daemon = preparing_daemon(tmp_path_factory.mktemp("corrections") / "workspace")
    fill(daemon.workspace.datasets / "alice", TEXTS)
    yield prepared(daemon.up(), versions=1)
    daemon.end()


def prepared(daemon: RunningDaemon, versions: int) -> RunningDaemon:
    """Wait until so many versions have been prepared."""

    def count() -> int:
        jobs = daemon.call("jobs.list")
        failed = [job["reason"] for job in jobs if job["state"] == "failed"]
        assert not failed, failed
        return sum(job["kind"] == "preprocess" and job["state"] == "succeeded" for job in jobs)

    until(lambda: count() >= versions, f"{versions} versions", daemon.explain, within=120)
    return daemon


def looks(folder: Path) -> dict[str, str]:
    """What is in a folder: digests by path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def by_id(running: RunningDaemon, **params: Any) -> dict[str, Any]:
    found = running.call("datasets.utterances", name="alice", **params)
    return {utterance["id"]: utterance for utterance in found["utterances"]}


def test_utterances_are_told_with_what_became_of_them(running: RunningDaemon) -> None:
    found = by_id(running)
    assert {name: item["state"] for name, item in found.items()} == {
        "broken": "refused", "lonely": "refused", "a": "kept", "b": "kept", "sub/c": "kept"
    }  # fmt: skip
    kept = found["a"]
    assert (kept["text"], kept["audio"]) == (TEXTS["a"], "datasets/alice/a.wav")
    assert kept["pinyin"] == "jin1 tian1 tian1 qi4 hen2 hao3"
    assert 150 < kept["pitch"]["low"] <= kept["pitch"]["median"] <= kept["pitch"]["high"] < 210
    assert kept["seconds"] > 1
    assert found["lonely"]["reason"].startswith("no text")
    assert found["broken"]["text"] == "坏了"
    assert found["broken"]["fix"]
    assert (running.workspace.root / found["lonely"]["audio"]).is_file()


def test_pages_states_and_queries(running: RunningDaemon) -> None:
    page = running.call("datasets.utterances", name="alice", offset=1, limit=2)
    assert (page["total"], len(page["utterances"])) == (5, 2)
    assert set(by_id(running, state="kept", offset=1)) == {"b", "sub/c"}
    assert set(by_id(running, state="refused")) == {"broken", "lonely"}
    assert by_id(running, state="corrected") == {}
    assert set(by_id(running, query="北京")) == {"sub/c"}
    assert set(by_id(running, query="Tian1 QI4")) == {"a"}
    assert set(by_id(running, query="no text")) == {"lonely"}
    with pytest.raises(BadRequestError, match="no state"):
        by_id(running, state="best")
    with pytest.raises(NotFoundError, match="no dataset 'bob'"):
        running.call("datasets.utterances", name="bob")


def test_figures(running: RunningDaemon) -> None:
    figures = running.call("datasets.figures", name="alice")
    assert (figures["kept"], figures["refused"]) == (3, 2)
    for name in ("seconds", "pitch"):
        histogram = figures["histograms"][name]
        assert len(histogram["edges"]) == len(histogram["counts"]) + 1
        assert sum(histogram["counts"]) == 3
    examples = {refusal["examples"][0]: refusal for refusal in figures["refusals"]}
    assert examples["lonely"]["what"] == "no text"
    assert examples["lonely"]["count"] == 1


def test_one_text_is_corrected_and_only_that_is_redone(running: RunningDaemon) -> None:
    alice = running.workspace.datasets / "alice"
    before = looks(alice)
    assert running.call("datasets.correct", name="alice", utterance="b", text="我们去花园散步") == {
        "corrections": 1
    }
    assert by_id(running)["b"]["correction"] == "我们去花园散步"
    prepared(running, versions=2)
    jobs = [job for job in running.call("jobs.list") if job["kind"] == "preprocess"]
    assert jobs[1]["spec"]["previous"] == jobs[0]["spec"]["version"]
    assert (jobs[1]["outputs"]["kept"], jobs[1]["outputs"]["reused"]) == (3, 2)
    item = by_id(running, state="corrected")["b"]
    assert (item["text"], item["corrected"], item["state"]) == ("我们去花园散步", True, "kept")
    assert running.call("datasets.figures", name="alice")["corrected"] == 1

    running.call("datasets.correct", name="alice", utterance="lonely", text="这本书很有意思")
    prepared(running, versions=3)
    assert by_id(running)["lonely"]["state"] == "kept"
    jobs = [job for job in running.call("jobs.list") if job["kind"] == "preprocess"]
    assert (jobs[2]["outputs"]["kept"], jobs[2]["outputs"]["reused"]) == (4, 3)
    assert looks(alice) == before, "the user's own files are as they were"
    for utterance in ("b", "lonely"):
        running.call("datasets.correct", name="alice", utterance=utterance, text="")
    assert not corrections_file(alice).exists()
    version = jobs[0]["spec"]["version"]
    until(
        lambda: running.call("datasets.show", name="alice")["version"] == version,
        "the first version is the dataset's again",
        running.explain,
    )


def test_what_cannot_be_corrected_is_said(running: RunningDaemon) -> None:
    with pytest.raises(NotFoundError, match="no utterance 'z'"):
        running.call("datasets.correct", name="alice", utterance="z", text="好")
    with pytest.raises(NotFoundError, match="no dataset 'bob'"):
        running.call("datasets.correct", name="bob", utterance="a", text="好")
    with pytest.raises(BadRequestError, match="2001 characters"):
        running.call("datasets.correct", name="alice", utterance="a", text="好" * 2001)
