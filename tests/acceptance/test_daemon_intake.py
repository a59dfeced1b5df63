"""A dropped folder becomes jobs, once, whatever happens to the daemon meanwhile."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import REPOSITORY, RunningDaemon, until

DRIVER = str(REPOSITORY / "tests/acceptance/crashing_daemon.py")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace")
    yield daemon
    daemon.end()


def recordings(folder: Path, texts: str = "一二三") -> Path:
    """A folder of one speaker: a short wave file and its text for each character."""
    folder.mkdir(parents=True)
    for number, text in enumerate(texts):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(24000)
            file.writeframes(bytes([number, 0]) * 2400)
        (folder / f"{number}.txt").write_text(text, encoding="utf-8")
    return folder


def drop(daemon: RunningDaemon, name: str, texts: str = "一二三") -> Path:
    """Make the folder elsewhere and move it in, as a careful user does."""
    made = recordings(daemon.workspace.root.parent / "elsewhere" / name, texts)
    daemon.workspace.datasets.mkdir(exist_ok=True)
    return Path(shutil.move(made, daemon.workspace.datasets / name))


def state(daemon: RunningDaemon, name: str) -> str:
    found = {record["name"]: record["state"] for record in daemon.call("datasets.list")}
    return str(found.get(name))


def kinds(daemon: RunningDaemon) -> list[str]:
    return [job["kind"] for job in daemon.call("jobs.list")]


def test_from_a_folder_to_a_voice(running: RunningDaemon) -> None:
    running.up()
    drop(running, "alice")
    until(lambda: state(running, "alice") == "ready", "ready", running.explain)
    jobs = running.call("jobs.list")
    assert [job["kind"] for job in jobs] == ["preprocess", "stage2", "synthesize"]
    assert jobs[1]["depends_on"] == [jobs[0]["id"]]
    assert jobs[0]["id"] == "j00001-preprocess-alice"
    running.wait_state(jobs[2]["id"], "succeeded")
    assert jobs[0]["spec"]["folder"] == "datasets/alice"
    shown = running.call("datasets.show", name="alice")
    assert shown["utterances"] == 3
    assert [name[:6] for name in shown["jobs"]][:2] == ["j00001", "j00002"]
    assert running.down() == 0


def test_the_same_content_never_trains_twice(running: RunningDaemon) -> None:
    running.up()
    folder = drop(running, "alice")
    until(lambda: state(running, "alice") == "ready", "ready", running.explain)
    running.down()
    running.up()
    shutil.copytree(folder, running.workspace.datasets / "copy")
    until(lambda: state(running, "copy") == "ready", "the copy is ready", running.explain)
    assert len(kinds(running)) == 3


def test_new_recordings_make_a_new_version(running: RunningDaemon) -> None:
    running.up()
    folder = drop(running, "alice")
    until(lambda: state(running, "alice") == "ready", "ready", running.explain)
    (folder / "9.txt").write_text("四", encoding="utf-8")
    shutil.copy(folder / "0.wav", folder / "9.wav")
    until(lambda: len(kinds(running)) == 6, "planned again", running.explain)
    until(lambda: state(running, "alice") == "ready", "ready again", running.explain)
    again = running.call("jobs.list")[3]
    assert again["spec"]["previous"] == running.call("jobs.list")[0]["spec"]["version"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_plan_is_carried_out_once_though_the_daemon_dies(
    running: RunningDaemon, when: str
) -> None:
    drop(running, "alice")
    running.up((DRIVER, "submit", when), wait=False)
    assert running.wait_death() == -9
    running.up()
    until(lambda: state(running, "alice") == "ready", "ready", running.explain)
    assert kinds(running) == ["preprocess", "stage2", "synthesize"]


def test_a_folder_that_is_gone_takes_its_waiting_jobs_along(running: RunningDaemon) -> None:
    running.up()
    busy = [running.submit(voice=str(number), hold_until=2) for number in range(2)]
    for job in busy:
        running.payload_pid(job)
    folder = drop(running, "alice")
    until(lambda: len(kinds(running)) == 5, "planned", running.explain)
    shutil.rmtree(folder)
    until(lambda: state(running, "alice") == "None", "forgotten", running.explain)
    # what depends on a cancelled job follows it a moment later
    left = ["running", "running", "cancelled", "cancelled", "cancelled"]
    until(
        lambda: [job["state"] for job in running.call("jobs.list")] == left,
        "its jobs are cancelled, others run on",
        running.explain,
    )


def test_a_copy_is_planned_when_its_original_is_gone(running: RunningDaemon) -> None:
    running.up()
    busy = [running.submit(voice=str(number), hold_until=2) for number in range(2)]
    for job in busy:
        running.payload_pid(job)
    folder = drop(running, "alice")
    until(lambda: len(kinds(running)) == 5, "planned", running.explain)
    shutil.copytree(folder, running.workspace.datasets / "copy")
    until(lambda: state(running, "copy") == "planned", "the copy is known", running.explain)
    shutil.rmtree(folder)
    until(lambda: state(running, "alice") == "None", "forgotten", running.explain)
    *_, preprocess, stage2, synthesize = running.call("jobs.list")
    assert [job["state"] for job in running.call("jobs.list")][2:5] == ["cancelled"] * 3
    assert (preprocess["spec"]["folder"], stage2["spec"]["voice"]) == ("datasets/copy", "copy")
    assert running.call("datasets.show", name="copy")["reason"] == ""
    for job in busy:
        running.call("jobs.cancel", id=job)
    running.wait_state(synthesize["id"], "succeeded")
    assert state(running, "copy") == "ready"


def test_a_folder_that_cannot_be_used_says_why(running: RunningDaemon) -> None:
    running.up()
    (running.workspace.datasets / "empty").mkdir(parents=True)
    until(lambda: state(running, "empty") == "unusable", "judged", running.explain)
    [record] = running.call("datasets.list")
    assert record["reason"] and record["fix"]
    assert kinds(running) == []


def test_broken_settings_do_not_stop_the_intake(running: RunningDaemon) -> None:
    running.up()
    running.workspace.config.write_text("[daemon\n")
    drop(running, "alice")
    until(lambda: state(running, "alice") == "ready", "ready", running.explain)
    assert "going on with the settings read last" in running.explain()
