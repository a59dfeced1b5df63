"""This machine's microphone and loudspeaker, real ones but for the air: every sample arrives."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.noise import FRAME, NOISE, assert_part_of_the_noise, sound_of
from tests.acceptance.recorder import SPEAKER
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from tests.line import Line, unix_line
from tests.pulse import LOUDSPEAKER, MICROPHONE, RATE, Pulse, why_no_pulse
from tui.sound.device import devices, look_again
from tui.sound.loudspeaker import LocalLoudspeaker
from tui.sound.spool import Spool
from workspace.layout import Workspace

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(why_no_pulse()), reason=why_no_pulse() or "there is one"),
]
SHORTEST, LONGEST = 0.2, 0.7  # seconds of a take


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("sound") / "workspace").up()
    daemon.call("recordings.open", speaker=SPEAKER)
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


class Recorder:
    """`tests.acceptance.recorder` as a process.

    Attributes:
        heard: frames that it says it has of the take.
        cards: of the takes that the daemon has.
    """

    def __init__(self, workspace: Path, spool: Path, pulse: Pulse) -> None:
        self.heard = 0
        self.cards: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.recorder", workspace, spool],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True,
            env={**os.environ, **pulse.environ, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
        assert self._next() == {"ready": RATE}

    def begin(self, prompt: str) -> None:
        self.heard = 0
        self._say(prompt)

    def hear(self, seconds: float) -> None:
        """Return when so much of the take has been recorded."""
        while self.heard < seconds * RATE:
            self.heard = self._next()["heard"]

    def stop(self) -> dict[str, Any]:
        """End the take; its card, when the daemon has it."""
        self._say("stop")
        while "card" not in (said := self._next()):
            self.heard = said["heard"]
        card: dict[str, Any] = said["card"]
        return card

    def kill(self) -> None:
        """SIGKILL it; what it said until then counts."""
        self.process.send_signal(signal.SIGKILL)
        assert self.process.stdin and self.process.stdout
        for line in self.process.stdout:
            if line.endswith("\n"):
                self.heard = json.loads(line).get("heard", self.heard)
        self._leave()

    def down(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self._leave()

    def _leave(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()

    def _say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait(5)}"
        said: dict[str, Any] = json.loads(line)
        return said


def test_a_known_file_is_recorded_sample_by_sample(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path
) -> None:
    content = NOISE[: FRAME * RATE * 2]
    recorder = Recorder(running.workspace.root, tmp_path, pulse)
    recorder.begin("zh0001")
    recorder.hear(0.1)
    assert pulse.say(content).wait(20) == 0
    recorder.hear(recorder.heard / RATE + 0.2)
    card = recorder.stop()
    recorder.down()
    assert content in sound_of(running.workspace, card)
    assert (card["dropped"], card["late"]) == (0, 0)
    assert card["device"]["kind"] == "pulse"
    assert Spool(tmp_path).orders() == []


@pytest.mark.slow
def test_twenty_breaks_lose_no_sample(pulse: Pulse, running: RunningDaemon, tmp_path: Path) -> None:
    """In mid-take the line is cut, or the recording process killed, or the daemon."""
    asyncio.run(asyncio.wait_for(_breaks(pulse, running, tmp_path), 120))


async def _breaks(pulse: Pulse, running: RunningDaemon, folder: Path) -> None:
    near = Workspace(folder / "near")
    near.state.mkdir(parents=True)
    ways = ["line"] * 8 + ["process"] * 8 + ["daemon"] * 4
    random.Random(1).shuffle(ways)
    with pulse.saying(NOISE):
        async with unix_line(running.workspace.socket, near.socket) as line:
            breaking = Breaking(pulse, running, near.root, folder / "spool", line)
            for number, way in enumerate(ways, start=2):
                await breaking.one(f"zh{number:04d}", way)
            await breaking.end()
    by_prompt = cards_by_prompt(running)
    for prompt, heard in breaking.heard.items():
        [card] = by_prompt[prompt]  # each once
        assert card["frames"] >= heard > 0
        assert card["dropped"] == 0
        assert_part_of_the_noise(sound_of(running.workspace, card))
    assert len(breaking.heard) == len(ways)


class Breaking:
    """Takes that are broken in the middle.

    Attributes:
        heard: frames that were recorded of each prompt's, so far as was said.
    """

    def __init__(
        self, pulse: Pulse, daemon: RunningDaemon, near: Path, spool: Path, line: Line
    ) -> None:
        self.heard: dict[str, int] = {}
        self._pulse, self._daemon, self._near, self._spool = pulse, daemon, near, spool
        self._line = line
        self._chance = random.Random(2)
        self._recorder: Recorder | None = None

    async def one(self, prompt: str, way: str) -> None:
        recorder = self._recorder or await asyncio.to_thread(
            Recorder, self._near, self._spool, self._pulse
        )
        self._recorder = recorder
        recorder.begin(prompt)
        moment = self._chance.uniform(SHORTEST, LONGEST)
        await asyncio.to_thread(recorder.hear, moment)
        if way == "process":
            recorder.kill()
            self._recorder = None
        else:
            await self._break(way)
            await asyncio.to_thread(recorder.hear, moment + 0.1)
            await asyncio.to_thread(recorder.stop)
        self.heard[prompt] = recorder.heard

    async def _break(self, way: str) -> None:
        if way == "daemon":
            await asyncio.to_thread(self._daemon.kill)
            await asyncio.to_thread(self._daemon.up)
        else:
            self._line.cut()

    async def end(self) -> None:
        """Have somebody send what the killed ones left."""
        last = await asyncio.to_thread(Recorder, self._near, self._spool, self._pulse)
        spool = Spool(self._spool)
        await asyncio.to_thread(until, lambda: not spool.orders(), "everything was sent")
        last.down()
        if self._recorder is not None:
            self._recorder.down()


def cards_by_prompt(daemon: RunningDaemon) -> dict[str, list[dict[str, Any]]]:
    shown = daemon.call("recordings.show", speaker=SPEAKER)
    return {
        prompt["id"]: [
            daemon.call("recordings.take", speaker=SPEAKER, take=take["take"])
            for take in prompt["takes"]
        ]
        for prompt in shown["prompts"]
    }


def test_what_is_played_is_heard(
    pulse: Pulse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in pulse.environ.items():
        monkeypatch.setenv(name, value)
    look_again()
    content = random.Random(6).randbytes(2 * RATE).replace(b"\0", b"\1")
    listening = pulse.listen(tmp_path / "heard.raw")

    async def blocks() -> AsyncIterator[bytes]:
        for begin in range(0, len(content), 5000):
            yield content[begin : begin + 5000]

    loudspeaker = LocalLoudspeaker(next(each for each in devices() if each.loudspeaker))
    asyncio.run(loudspeaker.play(blocks(), RATE))
    heard = tmp_path / "heard.raw"
    # On a machine that is held up there may be silence in between: but nothing is lost or changed.
    until(lambda: heard.read_bytes().replace(b"\0", b"") == content, "all of it is heard")
    listening.terminate()


@pytest.mark.parametrize(("sink", "tone"), [(MICROPHONE, "ok"), (LOUDSPEAKER, "warn")])
def test_the_doctor_listens_for_what_it_plays(
    pulse: Pulse, tmp_path: Path, sink: str, tone: str
) -> None:
    """The loudspeaker stands before the microphone, or in headphones."""
    done = subprocess.run(
        [sys.executable, "-c", "from tui.cli.main import app; app()", "doctor", "audio", "--json"],
        capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path,
        env={**os.environ, **pulse.environ, "PULSE_SINK": sink, "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    found = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert found["microphone"]["detail"].endswith("PULSE_SERVER forwards it to this machine")
    assert found["tone"]["state"] == tone
    assert "unmute" in found["room"]["fix"]  # a null sink is as silent as a muted microphone
