"""A machine's microphone and loudspeaker lent to a daemon by `yinfang agent`."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from daemon.client.link import Link
from tests.acceptance.noise import NOISE, assert_part_of_the_noise, sound_of
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from tests.acceptance.sshd import Sshd, why_no_sshd
from tests.line import Line, tcp_line, unix_line
from tests.pulse import RATE, Pulse, why_no_pulse
from tui.sound.attached import AttachedLoudspeaker, AttachedMicrophone
from tui.sound.microphone import Heard, Here, Taken
from tui.sound.spool import Spool
from workspace.layout import Workspace

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(why_no_pulse()), reason=why_no_pulse() or "there is one"),
]
SPEAKER = "alice"
PATIENCE = 120.0  # seconds


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("agent") / "workspace").up()
    daemon.call("recordings.open", speaker=SPEAKER)
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


class Scene:
    """A daemon, a laptop with a microphone, and a line between them."""

    def __init__(
        self, folder: Path, pulse: Pulse, link: Link, line: Line, words: Sequence[str],
        environ: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.link = link
        self.line = line
        self.spool = Spool(folder / "state/yinfang/takes")
        self.log = folder / "agent.log"
        self._words = words
        self._environ = {
            **os.environ, **pulse.environ, **environ,
            "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(REPOSITORY),
        }  # fmt: skip
        self.agent = self.start_agent()

    def start_agent(self) -> subprocess.Popen[bytes]:
        command = "from tui.cli.main import app; app()"
        with self.log.open("ab") as log:
            self.agent = subprocess.Popen(
                [sys.executable, "-c", command, *self._words],
                stdout=log, stderr=log, env=self._environ,
            )  # fmt: skip
        return self.agent

    def leave(self) -> int:
        """Ctrl-C."""
        self.agent.send_signal(signal.SIGINT)
        return self.agent.wait(20)

    async def device(self) -> dict[str, Any]:
        """The agent, once it is there."""
        async with aclosing(self.link.follow("sound.devices")) as changes:
            async for change in changes:
                if change.value["devices"]:
                    [device] = change.value["devices"]
                    return dict(device)
        raise AssertionError("the stream ended")


def run(folder: Path, pulse: Pulse, running: RunningDaemon, test: Any) -> None:
    async def whole() -> None:
        near = Workspace(folder / "near")
        near.state.mkdir(parents=True)
        near.config.touch()
        async with (
            asyncio.timeout(PATIENCE),
            unix_line(running.workspace.socket, near.socket) as line,
            Link(running.workspace) as link,
        ):
            await play(Scene(folder, pulse, link, line, ["-w", str(near.root), "agent"], {}), test)

    asyncio.run(whole())


async def play(scene: Scene, test: Any) -> None:
    try:
        await test(scene)
    finally:
        scene.agent.kill()
        scene.agent.wait()


@pytest.mark.slow
def test_twenty_breaks_lose_no_sample(pulse: Pulse, running: RunningDaemon, tmp_path: Path) -> None:
    """In mid-take the agent's line is cut, or the agent killed and started again."""
    chance = random.Random(3)
    ways = ["line"] * 14 + ["agent"] * 6
    chance.shuffle(ways)

    async def test(scene: Scene) -> None:
        for number, way in enumerate(ways, start=1):
            moment = chance.uniform(0.1, 0.6)
            heard, card = await broken_take(scene, f"zh{number:04d}", way, moment)
            assert card["frames"] >= heard > 0
            assert card["prompt"]["id"] == f"zh{number:04d}"
            assert_part_of_the_noise(sound_of(running.workspace, card))
        assert await asyncio.to_thread(scene.leave) == 0, scene.log.read_text()
        assert scene.spool.orders() == []

    with pulse.saying(NOISE):
        run(tmp_path, pulse, running, test)


async def broken_take(
    scene: Scene, prompt: str, way: str, moment: float
) -> tuple[int, dict[str, Any]]:
    """A take that is broken after some seconds: frames that its meter showed, and its card."""
    microphone = AttachedMicrophone(await scene.device(), scene.link)
    heard = 0.0
    broken = back = stopped = False
    async with aclosing(microphone.record(SPEAKER, prompt)) as events:
        async for event in events:
            if isinstance(event, Heard):
                heard = event.levels[-1].at
            if isinstance(event, Here):
                back = event.attached
            if isinstance(event, Taken):
                return int(heard * RATE), dict(event.card)
            if not broken and heard > moment:
                broken = True
                if way == "line":
                    scene.line.cut()
                else:
                    scene.agent.kill()
                    scene.agent.wait()
                    scene.start_agent()
            if back and way == "line" and not stopped:
                stopped = True
                await microphone.stop()
    raise AssertionError("no take was made")


@pytest.mark.skipif(bool(why_no_sshd()), reason=why_no_sshd() or "there is one")
def test_it_is_lent_over_ssh(pulse: Pulse, running: RunningDaemon, tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        _, card = await broken_take(scene, "zh0030", "line", 0.3)
        assert_part_of_the_noise(sound_of(running.workspace, card))
        assert scene.line.dialled > 1

    async def whole(sshd: Sshd) -> None:
        async with (
            asyncio.timeout(PATIENCE),
            tcp_line(sshd.port) as (line, port),
            Link(running.workspace) as link,
        ):
            words = ["agent", f"ssh://gpu{running.workspace.root}"]
            await play(Scene(tmp_path, pulse, link, line, words, sshd.environ(port=port)), test)

    sshd = Sshd(tmp_path / "etc").up()
    try:
        with pulse.saying(NOISE):
            asyncio.run(whole(sshd))
    finally:
        sshd.down()


def test_what_is_played_there_is_heard_here_and_can_be_silenced(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path
) -> None:
    content = random.Random(6).randbytes(2 * RATE).replace(b"\0", b"\1")
    path = tmp_path / "heard.raw"

    async def blocks(sound: bytes) -> AsyncIterator[bytes]:
        for begin in range(0, len(sound), 5000):
            yield sound[begin : begin + 5000]

    async def test(scene: Scene) -> None:
        loudspeaker = AttachedLoudspeaker(await scene.device(), scene.link)
        listening = await asyncio.to_thread(pulse.listen, path)
        await loudspeaker.play(blocks(content), RATE)
        await asyncio.to_thread(until, lambda: heard() == content, "all of it is heard")
        endless = asyncio.create_task(loudspeaker.play(blocks(content * 100), RATE))
        await asyncio.to_thread(until, lambda: len(heard()) > len(content), "it plays")
        endless.cancel()
        await asyncio.wait({endless})
        await asyncio.to_thread(until, silent, "it is silent")
        listening.terminate()

    def heard() -> bytes:
        return path.read_bytes().replace(b"\0", b"")

    def silent() -> bool:
        return not any(path.read_bytes()[-RATE:])  # the last half second

    run(tmp_path, pulse, running, test)


def test_who_leaves_says_what_is_kept(pulse: Pulse, running: RunningDaemon, tmp_path: Path) -> None:
    async def test(scene: Scene) -> None:
        microphone = AttachedMicrophone(await scene.device(), scene.link)
        async with aclosing(microphone.record(SPEAKER, "zh0040")) as events:
            async for event in events:
                if isinstance(event, Heard):
                    scene.line.freeze()
                    break
        scene.agent.send_signal(signal.SIGINT)
        log = scene.log.read_text
        await asyncio.to_thread(until, lambda: "Ctrl-C leaves now" in log("utf-8"), "it waits", log)
        assert await asyncio.to_thread(scene.leave) == 0
        assert "1 take is kept here, and sent the next time" in scene.log.read_text("utf-8")
        scene.line.thaw()
        assert len(scene.spool.orders()) == 1
        scene.start_agent()
        await asyncio.to_thread(until, lambda: not scene.spool.orders(), "it is sent")
        shown = await scene.link.call("recordings.show", speaker=SPEAKER)
        [prompt] = [each for each in shown["prompts"] if each["id"] == "zh0040"]
        assert len(prompt["takes"]) == 1

    run(tmp_path, pulse, running, test)
