"""Bases fetched, checked and imported by a real daemon and the engine's own worker."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.acceptance import running
from tests.acceptance.running import PAYLOAD, REPOSITORY, RunningDaemon, until
from tests.acceptance.test_command import Command
from tests.published import VOICES, WEIGHTS, HubBehaviour, hub, write_repository

pytestmark = pytest.mark.slow

WORKER = REPOSITORY / "tests/acceptance/tiny_catalogue_worker.py"
HELD = 100_000  # bytes of the weights that arrive before the hub stops


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A tiny published repository, whose pins lie beside it in `pins.json`."""
    folder = tmp_path / "repository"
    pins = write_repository(folder)
    (tmp_path / "pins.json").write_text(json.dumps(asdict(pins)), encoding="utf-8")
    return folder


@pytest.fixture
def daemon(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningDaemon]:
    """A daemon whose worker is the engine's; it loads torch, which takes its time."""
    monkeypatch.setattr(running, "DEADLINE", 240.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    daemon = RunningDaemon(tmp_path / "workspace", daemon="max_attempts = 2")
    config = daemon.workspace.config
    worker = json.dumps(str(WORKER)) + ", " + json.dumps(str(tmp_path / "pins.json"))
    text = config.read_text(encoding="utf-8").replace(json.dumps(str(PAYLOAD)), worker)
    config.write_text(text, encoding="utf-8")
    yield daemon
    daemon.end()


def test_a_fetch_that_is_killed_goes_on_where_it_was(
    daemon: RunningDaemon, repository: Path
) -> None:
    behaviour = HubBehaviour(hold_at=HELD)
    with hub(repository, behaviour) as endpoint:
        daemon.up()
        job = daemon.submit("fetch", name="tiny", endpoint=endpoint)
        downloads = daemon.workspace.downloads
        partials = f"*/{WEIGHTS}.partial"
        until(
            lambda: any(path.stat().st_size == HELD for path in downloads.glob(partials)),
            "half of the weights are here",
            daemon.explain,
        )
        assert daemon.job(job)["device"].startswith("light:")
        process = json.loads((daemon.workspace.run(job) / "process.json").read_text())
        os.killpg(process["pid"], signal.SIGKILL)
        done = daemon.wait_state(job, "succeeded", "failed")
        behaviour.release.set()
    assert (done["state"], done["attempt"]) == ("succeeded", 2), done["reason"]
    assert [wanted for name, wanted in behaviour.requests if name == WEIGHTS] == [
        None, f"bytes={HELD}-",
    ]  # fmt: skip
    assert done["outputs"]["base"] == "models/tiny"
    assert (daemon.workspace.models / "tiny" / "card.json").is_file()
    assert not any(downloads.iterdir())


def test_without_a_hub_the_job_fails_with_what_to_do(daemon: RunningDaemon) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        daemon.up()
        job = daemon.submit("fetch", name="tiny", endpoint=endpoint)
        failed = daemon.wait_state(job, "failed")
    assert "cannot be reached" in failed["reason"]
    assert "given up after 2 attempts" in failed["reason"]
    assert "--from FOLDER" in failed["fix"] and "HF_ENDPOINT" in failed["fix"]
    assert {model["name"]: model["state"] for model in daemon.call("models.list")} == {
        "small": "shipped", "kokoro-v1.1-zh": "fetchable", "kokoro-v1.0": "fetchable",
    }  # fmt: skip


def test_the_command_imports_checks_and_lists(daemon: RunningDaemon, repository: Path) -> None:
    command = Command(daemon)
    daemon.up()
    made = command.run("models", "import", str(repository), "--name", "mine").stdout
    assert f", {len(VOICES)} voices" in made and "--base mine" in made
    listed = {model["name"]: model for model in command.json("models", "list")}
    assert (listed["mine"]["state"], listed["mine"]["voices"]) == ("here", len(VOICES))
    assert "mine" in command.run("models", "list").stdout

    said = command.run("models", "check", "mine").stdout
    assert "models/mine: fits" in said
    weights = repository / WEIGHTS
    weights.write_bytes(weights.read_bytes()[:-1000])
    broken = command.run("models", "check", str(weights), code=1)
    assert "does not fit" in broken.stdout and "cut off" in broken.stdout

    voice = repository / "voices" / f"{VOICES[0]}.pt"
    command.run("voices", "import", str(voice), "--name", "ann", "--base", "mine")
    voices = {voice["name"]: voice for voice in command.json("voices", "list")}
    assert voices["ann"]["base"]["name"] == "mine"
    refused = command.run("voices", "import", str(voice), "--name", "bea", code=1)
    assert "yinfang models fetch kokoro-v1.1-zh" in refused.stderr
