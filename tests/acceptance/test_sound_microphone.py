"""A microphone as the dashboard has it: one take after another, thrown away, or unplugged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from daemon.client.link import Link
from daemon.client.linkstate import Backoff
from tests.acceptance.noise import NOISE, assert_part_of_the_noise, sound_of
from tests.acceptance.running import RunningDaemon
from tests.line import Line, unix_line
from tests.pulse import Pulse, why_no_pulse
from tui.sound.device import DeviceError, devices, look_again
from tui.sound.microphone import Event, Heard, LocalMicrophone, Sending, Taken
from tui.sound.spool import Spool
from tui.sound.upload import Uploader
from workspace.layout import Workspace

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(why_no_pulse()), reason=why_no_pulse() or "there is one"),
]
SPEAKER = "alice"
PATIENCE = 60.0  # seconds


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pulse]:
    """The only sound devices of this very process."""
    pulse = Pulse(tmp_path / "pulse").up()
    for name, value in pulse.environ.items():
        monkeypatch.setenv(name, value)
    look_again()
    yield pulse
    pulse.down()
    look_again()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path_factory.mktemp("microphone") / "workspace").up()
    daemon.call("recordings.open", speaker=SPEAKER)
    yield daemon
    assert daemon.down() == 0, daemon.explain()
    daemon.end()


class Scene:
    """A microphone, what sends its takes, and the line to the daemon."""

    def __init__(self, folder: Path, link: Link, line: Line) -> None:
        self.link = link
        self.line = line
        self.uploader = Uploader(link, Spool(folder / "spool"))
        device = next(device for device in devices() if device.microphone)
        self.microphone = LocalMicrophone(device, self.uploader)

    async def sent(self) -> None:
        """Return when nothing is left here."""
        while self.uploader.waiting():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def run(folder: Path, running: RunningDaemon, test: Callable[[Scene], Awaitable[None]]) -> None:
    async def whole() -> None:
        near = Workspace(folder / "near")
        near.state.mkdir(parents=True)
        async with (
            asyncio.timeout(PATIENCE),
            unix_line(running.workspace.socket, near.socket) as line,
            Link(near, backoff=Backoff(longest=0.1)) as link,
        ):
            scene = Scene(folder, link, line)
            sending = asyncio.create_task(scene.uploader.run())
            await test(scene)
            sending.cancel()

    asyncio.run(whole())


async def until(events: AsyncGenerator[Event, None], kind: type[Event]) -> Event:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"they ended without {kind.__name__}")


def test_the_next_take_begins_while_the_last_is_on_its_way(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path
) -> None:
    async def test(scene: Scene) -> None:
        microphone = scene.microphone
        one = microphone.record(SPEAKER, "zh0001")
        other = microphone.record(SPEAKER, "zh0002")
        async with aclosing(one), aclosing(other):
            await until(one, Heard)
            scene.line.freeze()
            await microphone.stop()
            await until(one, Sending)
            await until(other, Heard)
            await microphone.stop()
            await until(other, Sending)
            assert len(scene.uploader.waiting()) == 2
            scene.line.thaw()
            for events, prompt in ((one, "zh0001"), (other, "zh0002")):
                taken = await until(events, Taken)
                assert isinstance(taken, Taken)
                assert taken.card["prompt"]["id"] == prompt
                assert_part_of_the_noise(sound_of(running.workspace, dict(taken.card)))
        assert scene.uploader.waiting() == []

    with pulse.saying(NOISE):
        run(tmp_path, running, test)


@pytest.mark.parametrize("cut_off", [False, True])
def test_a_take_that_is_thrown_away_is_nowhere(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path, cut_off: bool
) -> None:
    async def test(scene: Scene) -> None:
        async with aclosing(scene.microphone.record(SPEAKER, "zh0003")) as events:
            await until(events, Heard)
            if cut_off:
                scene.line.freeze()
            await scene.microphone.cancel()
            assert not any([isinstance(event, Taken) async for event in events])
        scene.line.thaw()
        await scene.sent()
        assert await scene.link.call("takes.pending") == []
        shown = await scene.link.call("recordings.show", speaker=SPEAKER)
        assert [row["takes"] for row in shown["prompts"] if row["id"] == "zh0003"] == [[]]

    run(tmp_path, running, test)


def test_who_leaves_in_mid_take_loses_nothing(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path
) -> None:
    async def test(scene: Scene) -> None:
        async with aclosing(scene.microphone.record(SPEAKER, "zh0004")) as events:
            await until(events, Heard)
        await scene.sent()
        shown = await scene.link.call("recordings.show", speaker=SPEAKER)
        assert [len(row["takes"]) for row in shown["prompts"] if row["id"] == "zh0004"] == [1]

    run(tmp_path, running, test)


def test_a_device_that_is_unplugged_is_told_and_what_came_before_is_kept(
    pulse: Pulse, running: RunningDaemon, tmp_path: Path
) -> None:
    async def test(scene: Scene) -> None:
        async with aclosing(scene.microphone.record(SPEAKER, "zh0005")) as events:
            await until(events, Heard)
            await asyncio.to_thread(pulse.down)
            with pytest.raises(DeviceError, match="gives no more sound"):
                await until(events, Taken)
        await scene.sent()
        shown = await scene.link.call("recordings.show", speaker=SPEAKER)
        assert [len(row["takes"]) for row in shown["prompts"] if row["id"] == "zh0005"] == [1]

    run(tmp_path, running, test)
