"""Takes from the wire to a dataset, over a real socket, with the real worker that measures them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from daemon.errors import BadRequestError, DaemonError, NotFoundError
from tests.acceptance.dashboard import driven
from tests.acceptance.running import RunningDaemon, until
from tui.dashboard.memory import Memory

RATE = 48_000
PIECE = 36_000  # bytes: a quarter of a second


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


def sound(seconds: float, seed: int = 0) -> tuple[bytes, np.ndarray]:
    """Noise that swells as speech does: as it is sent, and as samples of 24 bits."""
    generator = np.random.default_rng(seed)
    count = round(seconds * RATE)
    swell = np.clip(np.sin(np.linspace(0, np.pi, count)) - 0.2, 0, 1)
    samples = np.round(generator.normal(0, 0.1, count) * swell * 2**23).astype("<i4")
    return samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes(), samples


class Sender:
    """What a microphone's side does, without a microphone."""

    def __init__(self, running: RunningDaemon, prompt: str, pcm: bytes) -> None:
        self.running, self.prompt, self.pcm = running, prompt, pcm
        self.key = uuid.uuid4().hex

    def begin(self) -> int:
        begun = self.running.call(
            "takes.begin", key=self.key, speaker="alice", prompt=self.prompt, rate=RATE,
            device={"kind": "test", "name": "a file"},
        )  # fmt: skip
        return int(begun["offset"])

    def send(self, offset: int, upto: int | None = None) -> None:
        while offset < (upto or len(self.pcm)):
            piece = self.pcm[offset : min(offset + PIECE, upto or len(self.pcm))]
            answer = self.running.call(
                "takes.append", key=self.key, offset=offset,
                data=base64.b64encode(piece).decode(), sha256=hashlib.sha256(piece).hexdigest(),
            )  # fmt: skip
            offset = answer["offset"]

    def end(self, **counts: int) -> dict[str, Any]:
        digest = hashlib.sha256(self.pcm).hexdigest()
        answer: dict[str, Any] = self.running.call(
            "takes.end", key=self.key, bytes=len(self.pcm), sha256=digest, **counts
        )
        return answer

    def whole(self) -> dict[str, Any]:
        self.send(self.begin())
        return self.end()


def prompts(running: RunningDaemon) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = running.call("recordings.show", speaker="alice")["prompts"]
    return rows


def test_from_a_microphone_to_training(running: RunningDaemon) -> None:
    opened = running.call("recordings.open", speaker="alice")
    assert (len(opened["prompts"]), opened["held"], opened["seconds"]) == (50, True, 0)
    pcm, samples = sound(2.0)
    card = Sender(running, "zh0001", pcm).whole()["card"]
    assert (card["take"], card["frames"], card["kept"]) == ("zh0001-1", 2 * RATE, False)
    assert card["prompt"]["text"] == opened["prompts"][0]["text"]
    takes = running.workspace.recordings / "alice/.takes"
    raw, rate = soundfile.read(takes / "zh0001-1.raw.flac", dtype="int32")
    assert rate == RATE
    assert np.array_equal(raw >> 8, samples)
    assert not list((running.workspace.recordings / ".partial").iterdir())

    kept = running.call("recordings.keep", speaker="alice", take="zh0001-1")
    assert (kept["prompt"]["state"], kept["kept"]) == ("kept", 1)
    assert 0 < kept["seconds"] <= 2.0
    _, reading = (takes.parent / "readings.tsv").read_text(encoding="utf-8").splitlines()
    assert reading.split("\t") == ["zh0001-1", card["prompt"]["text"], card["prompt"]["pinyin"]]
    until(lambda: state(running) == "held", "looked at and held", running.explain)
    assert running.call("jobs.list") == []

    assert running.call("recordings.train", speaker="alice") == {"dataset": "alice"}
    until(lambda: state(running) == "ready", "trained", running.explain)
    assert [job["kind"] for job in running.call("jobs.list")][:2] == ["preprocess", "stage2"]


def state(running: RunningDaemon) -> str:
    return {record["name"]: record["state"] for record in running.call("datasets.list")}.get(
        "alice", ""
    )


def test_a_retake_is_a_new_take_and_one_is_kept(running: RunningDaemon) -> None:
    running.call("recordings.open", speaker="alice")
    for seed in (1, 2):
        Sender(running, "zh0002", sound(1.0, seed)[0]).whole()
    for take in ("zh0002-1", "zh0002-2"):
        running.call("recordings.keep", speaker="alice", take=take)
    row = prompts(running)[1]
    assert [(card["take"], card["kept"]) for card in row["takes"]] == [
        ("zh0002-1", False), ("zh0002-2", True),
    ]  # fmt: skip
    out = running.call("recordings.keep", speaker="alice", take="zh0002-2", kept=False)
    assert out["prompt"]["state"] == "open"


def test_an_answer_that_was_lost_is_given_again(running: RunningDaemon) -> None:
    running.call("recordings.open", speaker="alice")
    sender = Sender(running, "zh0001", sound(1.0)[0])
    first = sender.whole()["card"]
    assert sender.end()["card"]["take"] == first["take"]
    running.kill()
    running.up()
    assert sender.begin() == len(sender.pcm)  # all of it is here, and nothing begins anew
    assert sender.end()["card"]["take"] == first["take"]  # by its key, from the disk
    assert running.call("takes.pending") == []
    assert len(prompts(running)[0]["takes"]) == 1


@pytest.mark.parametrize("seed", range(3))
def test_no_sample_is_lost_when_the_daemon_is_killed(running: RunningDaemon, seed: int) -> None:
    running.call("recordings.open", speaker="alice")
    pcm, samples = sound(3.0, seed)
    sender = Sender(running, "zh0003", pcm)
    chance = random.Random(seed)
    for _ in range(3):
        killer = threading.Timer(chance.uniform(0.0, 0.1), running.kill)
        killer.start()
        with suppress(DaemonError):  # the line is cut in the middle of whatever it was
            sender.send(sender.begin())
            sender.end()
        killer.join()
        running.up()
    sender.send(min(sender.begin(), len(pcm)))
    card = sender.end()["card"]
    raw, _ = soundfile.read(
        running.workspace.recordings / f"alice/.takes/{card['take']}.raw.flac", dtype="int32"
    )
    assert np.array_equal(raw >> 8, samples)
    assert running.call("takes.pending") == []
    assert len(prompts(running)[2]["takes"]) == 1


def test_the_room_is_measured_once_for_all_takes(running: RunningDaemon) -> None:
    running.call("recordings.open", speaker="alice")
    pcm, samples = sound(3.0)
    room = Sender(running, "room", pcm).whole()["room"]
    assert room["verdict"] in ("good", "fair", "poor")
    assert running.call("recordings.show", speaker="alice")["room"] == room
    assert all(not row["takes"] for row in prompts(running))
    raw, _ = soundfile.read(
        running.workspace.recordings / "alice/.takes/room-1.raw.flac", dtype="int32"
    )
    assert np.array_equal(raw >> 8, samples)


def test_ones_own_text_is_read_sentence_by_sentence(running: RunningDaemon) -> None:
    opened = running.call(
        "recordings.open", speaker="alice", text="春天来了。花儿都开了，鸟也叫了！你听见了吗？"
    )
    assert opened["script"] == "own"
    assert [row["text"] for row in opened["prompts"]] == [
        "春天来了。", "花儿都开了，鸟也叫了！", "你听见了吗？",
    ]  # fmt: skip
    assert opened["prompts"][0]["pinyin"] == "chun1 tian1 lai2 le5"
    more = running.call("recordings.open", speaker="alice", script="mandarin-50")
    assert (len(more["prompts"]), more["script"]) == (53, "own+mandarin-50")


def test_who_has_read_fifty_goes_on_with_one_key(
    running: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # takes are kept there
    running.call("recordings.open", speaker="alice")
    Sender(running, "zh0001", sound(1.0)[0]).whole()
    running.call("recordings.keep", speaker="alice", take="zh0001-1")
    with running.client() as client:
        for prompt in prompts(running)[1:]:
            client.call("recordings.skip", speaker="alice", prompt=prompt["id"], skipped=True)
        take = "recordings/alice/.takes/zh0001-1.flac"
        *heard, _ = client.stream("auditions.clip", path=take, loudness=None)
        assert heard, "a take can be heard like any recording"

    async def read_on() -> None:
        async with driven(running, memory=Memory(page="record")) as seen:
            await seen.until(lambda: bool(seen.table().keys), "speakers")
            await seen.press("enter")
            await seen.until_said("Everything is read", "a: 150 more sentences")
            await seen.press("a")
            await seen.until_said("1 of 200 sentences")

    asyncio.run(read_on())
    states = [row["state"] for row in prompts(running)]
    assert states == ["kept", *["skipped"] * 49, *["open"] * 150]


def test_a_skipped_prompt_can_be_taken_in_again(running: RunningDaemon) -> None:
    running.call("recordings.open", speaker="alice")
    for skipped, found in ((True, "skipped"), (False, "open")):
        answer = running.call("recordings.skip", speaker="alice", prompt="zh0005", skipped=skipped)
        assert answer["prompt"]["state"] == found


def test_what_cannot_be_is_refused_with_a_word(running: RunningDaemon) -> None:
    with pytest.raises(NotFoundError, match="no recordings of 'alice'"):
        running.call("recordings.show", speaker="alice")
    with pytest.raises(NotFoundError, match="no recordings of 'alice'"):
        Sender(running, "zh0001", b"").begin()
    for name in ("", "..", "a/b", ".x"):
        with pytest.raises(BadRequestError, match="speaker's name"):
            running.call("recordings.open", speaker=name)
    with pytest.raises(BadRequestError, match="no script 'mandarin-9'"):
        running.call("recordings.open", speaker="alice", script="mandarin-9")
    with pytest.raises(BadRequestError, match="nothing to read"):
        running.call("recordings.open", speaker="alice", text="   ")
    running.call("recordings.open", speaker="alice")
    with pytest.raises(NotFoundError, match="no prompt 'zh9999'"):
        Sender(running, "zh9999", b"").begin()
    with pytest.raises(BadRequestError, match="no take of alice is kept"):
        running.call("recordings.train", speaker="alice")
    (running.workspace.datasets / "bob").mkdir(parents=True)
    with pytest.raises(BadRequestError, match="datasets/bob has this name"):
        running.call("recordings.open", speaker="bob")
