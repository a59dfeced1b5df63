"""The `yinfang` command against a real daemon, each call a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.running import REPOSITORY, RunningDaemon, until

SPEAKER = (sys.executable, str(REPOSITORY / "tests/acceptance/speaker.py"))
COMMAND = [sys.executable, "-c", "from tui.cli.main import app; app()"]
TIMEOUT = 60.0  # seconds


class Command:
    """Runs `yinfang -w WORKSPACE ...`."""

    def __init__(self, daemon: RunningDaemon) -> None:
        self.daemon = daemon
        self.root = daemon.workspace.root
        self.environ = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120"}

    def line(self, *words: str) -> list[str]:
        return [*COMMAND, "-w", str(self.root), *words]

    def run(
        self, *words: str, code: int | None = 0, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            self.line(*words), cwd=self.root, env=self.environ, input=stdin,
            capture_output=True, text=True, timeout=TIMEOUT, check=False,
        )  # fmt: skip
        assert code in (None, done.returncode), f"{words}: {done.stdout}{done.stderr}"
        return done

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    daemon = RunningDaemon(tmp_path / "workspace", speech=SPEAKER)
    yield Command(daemon)
    daemon.end()


def drop(command: Command, name: str, sentences: int = 3) -> None:
    """Put a folder of recordings into datasets/ by a rename."""
    making = command.root / "making"
    making.mkdir()
    for number in range(sentences):
        (making / f"{number}.wav").write_bytes(b"RIFF" + bytes([number]) * 100)
        (making / f"{number}.txt").write_text(f"第{number}句。", encoding="utf-8")
    target = command.root / "datasets" / name
    target.parent.mkdir(exist_ok=True)
    making.rename(target)


def test_a_dropped_folder_is_seen_followed_and_listed(command: Command) -> None:
    command.daemon.up()
    drop(command, "alice")
    until(lambda: len(command.daemon.call("jobs.list")) == 3, "planned", command.daemon.explain)
    done = command.run("jobs", "watch", "1", "2", "3")
    ends = {line.split()[1] for line in done.stdout.splitlines() if "succeeded" in line}
    assert ends == {"preprocess", "stage2", "synthesize"}
    listed = command.run("jobs", "list").stdout
    assert listed.splitlines()[0].split() == ["job", "kind", "about", "state", "progress", "time"]
    assert len(re.findall(r"^j0000\d .* succeeded .* took ", listed, re.MULTILINE)) == 3
    (record,) = command.json("datasets", "list")
    assert (record["name"], record["state"], record["utterances"]) == ("alice", "ready", 3)
    assert "alice" in command.run("datasets", "list").stdout
    assert "specialist" in command.run("datasets", "show", "alice").stdout
    command.run("datasets", "show", "bob", code=2)


def test_a_job_on_a_page_with_its_curve_and_its_log(command: Command) -> None:
    command.daemon.up()
    job = command.daemon.submit("stage1", steps=30, dataset="corpus")
    command.run("jobs", "watch", job)
    page = command.run("jobs", "show", "1").stdout
    assert "train/loss" in page and "lowest 0.0333" in page
    assert any(0x2800 < ord(character) <= 0x28FF for character in page)
    assert "product.json" in page
    events = command.json("jobs", "show", "1")["events"]
    assert [e["step"] for e in events if e["type"] == "metric"] == list(range(1, 31))
    assert command.run("jobs", "logs", "1").stdout == "attempt 1 from step 0, 你好\n"


def test_a_failed_job_ends_watch_with_1_and_says_what_to_do(command: Command) -> None:
    command.daemon.up()
    command.daemon.submit("stage1", exit=1, error="the corpus is empty")
    done = command.run("jobs", "watch", "1", code=1)
    assert "the corpus is empty – give better data" in done.stdout
    assert "the corpus is empty" in command.run("jobs", "list").stdout


def test_pause_resume_cancel_retry_move(command: Command) -> None:
    command.daemon.up()
    running = command.daemon.submit("stage1", hold_until=2)
    command.daemon.wait_state(running, "running")
    for name in ("a", "b"):
        command.daemon.submit("stage1", name=name)
    assert "paused" in command.run("jobs", "pause", "2").stdout
    assert command.json("jobs", "resume", "2")["state"] == "waiting"
    command.run("jobs", "move", "3", "--first")
    command.run("jobs", "move", "3", "--before", "2")
    assert command.json("jobs", "move", "2", "--priority", "7")["priority"] == 7
    assert command.json("jobs", "cancel", "3")["state"] == "cancelled"
    command.run("jobs", "cancel", "3", code=1)
    assert command.json("jobs", "retry", "3")["state"] == "waiting"
    reasons = [job["reason"] for job in command.json("jobs", "list") if job["state"] == "waiting"]
    assert len(reasons) == 2 and all(reasons)
    command.run("jobs", "cancel", "1")
    command.daemon.wait_state(running, "cancelled")
    missing = command.run("jobs", "show", "99", code=2)
    assert "no job 99" in missing.stderr and missing.stdout == ""


def test_train_and_preprocess_by_hand(command: Command) -> None:
    command.daemon.up()
    command.run("train", "alice", code=2)
    drop(command, "alice")
    until(lambda: len(command.daemon.call("jobs.list")) == 3, "planned", command.daemon.explain)
    command.run("jobs", "watch", "1", "2", "3")
    job = command.json("preprocess", "alice")
    assert (job["kind"], job["spec"]["folder"]) == ("preprocess", "datasets/alice")
    command.run("jobs", "watch", job["id"])
    refused = command.run("train", "alice", code=1)  # the test's worker prepares nothing
    assert "alice is not prepared" in refused.stderr


def test_say_writes_the_sound_that_was_made(command: Command) -> None:
    command.daemon.up()
    path = command.root / "out" / "hello.wav"
    done = command.run("say", "你好吗", "--voice", "alice", "-o", str(path))
    assert done.stdout == f"{path}  0.00 s\n"
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24000)
        samples = file.readframes(100)
    expected = b"".join((ord(c) % 30000).to_bytes(2, "little") * 10 for c in "你好吗")
    assert samples == expected
    said = json.loads(command.run("say", "-", "-o", str(path), "--json", stdin="好").stdout)
    assert said == {"path": str(path), "seconds": 0.0, "notes": []}


def test_say_tells_how_alike_it_is_to_its_speaker(command: Command) -> None:
    command.daemon.up()
    words = ("say", "你好吗", "--voice", "yue", "-o", str(command.root / "hello.wav"), "--alike")
    assert command.run(*words).stdout.splitlines()[-1] == "alike: no recordings (base)"
    assert command.json(*words)["likeness"] == {"why": "no recordings (base)"}


def test_say_that_is_refused_leaves_no_file(command: Command) -> None:
    command.daemon.up()
    path = command.root / "hello.wav"
    for text in ("refuse", "die"):
        done = command.run("say", text, "-o", str(path), code=1)
        assert done.stderr.startswith("yinfang: ")
        assert not path.exists()


def test_sentences_of_ones_own_are_kept(command: Command) -> None:
    command.daemon.up()
    added = command.run("voices", "sentences", "--add", "你好。", "--add", "再见。").stdout
    assert added == "你好。\n再见。\n"
    command.run("voices", "sentences", "--remove", "你好。")
    assert command.json("voices", "sentences") == ["再见。"]
    assert "is not kept" in command.run("voices", "sentences", "--remove", "没有", code=1).stderr


def test_voices_are_listed_and_exported(command: Command) -> None:
    folder = command.root / "voices" / "alice" / "v1"
    folder.mkdir(parents=True)
    card = {"measures": {"full_mcd": 4.21}, "base": {"name": "old-base"}}
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "weights.safetensors").write_bytes(b"w" * 100)
    command.daemon.up()
    listed = command.run("voices", "list").stdout
    assert "full_mcd 4.21" in listed
    assert re.search(r"^alice +v1 +old-base ", listed, re.MULTILINE)
    assert re.search(r"^yue +– +small", listed, re.MULTILINE), "what `say` takes besides"
    assert "small" in command.run("voices", "show", "yue").stdout
    assert command.json("voices", "show", "alice")["version"] == "v1"
    file = command.root / "alice.tar.gz"
    command.run("voices", "export", "alice", str(file))
    with tarfile.open(file) as archive:
        assert "alice/v1/weights.safetensors" in archive.getnames()
    refused = command.run("voices", "export", "yue", str(file), code=2)
    assert "comes with a base" in refused.stderr
    for name in ("alice", "yue"):  # without a preview the daemon speaks one
        played = command.run("voices", "play", name, code=None)
        assert "我们去公园散步" in played.stdout
        assert played.returncode == 0 or "cannot play here" in played.stderr


def test_up_in_the_background_status_and_down(command: Command) -> None:
    state = command.json("up", "-d")
    try:
        assert command.json("status")["pid"] == state["pid"]
        assert command.json("up", "-d")["pid"] == state["pid"]
        assert str(command.root) in command.run("status").stdout
        findings = {item["what"]: item for item in command.json("doctor")}
        assert findings["daemon"]["state"] == "ok"
    finally:
        command.run("down")
    assert not command.daemon.workspace.socket.exists()
    command.run("status", code=3)


def test_up_in_the_foreground_ends_with_ctrl_c(command: Command) -> None:
    process = subprocess.Popen(
        command.line("up"), env=command.environ, cwd=command.root, stderr=subprocess.DEVNULL
    )
    try:
        command.daemon.process = process  # type: ignore[assignment]
        command.daemon.wait_answer()
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0
    finally:
        process.kill()
        process.wait()


def test_dial_stdio_carries_the_protocol(command: Command) -> None:
    from daemon.client import SyncClient

    command.daemon.up()
    process = subprocess.Popen(
        command.line("dial-stdio"),
        env=command.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    with process:
        client = SyncClient(process.stdout, process.stdin, "test")  # type: ignore[arg-type]
        assert client.call("status")["workspace"] == str(command.root)
        assert len(list(client.stream("speak", text="你好", voice=None))) == 3
        process.stdin.close()
        assert process.wait(TIMEOUT) == 0


def test_json_of_a_followed_list_is_a_line_for_each_change(command: Command) -> None:
    command.daemon.up()
    process = subprocess.Popen(
        command.line("jobs", "list", "--follow", "--json"),
        env=command.environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process:
        command.daemon.submit("synthesize", steps=1)
        states: list[str] = []
        deadline = time.monotonic() + TIMEOUT
        while "succeeded" not in states and time.monotonic() < deadline:
            states.append(json.loads(process.stdout.readline())["state"])
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 1
    assert states[-1] == "succeeded"
