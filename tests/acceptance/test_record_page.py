"""The page of recording in a real terminal: a real microphone, a real daemon, keys alone."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.terminal import Terminal, opened
from tests.acceptance.noise import NOISE, assert_part_of_the_noise, sound_of
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from tests.pulse import RATE, Pulse, why_no_pulse

pytestmark = [
    pytest.mark.debian,
    pytest.mark.skipif(bool(why_no_pulse()), reason=why_no_pulse() or "there is one"),
]
YINFANG = "from tui.cli.main import app; app()"
KEPT, READ_ON = "enter.{1,90}?keep", "space.{1,90}?record"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace").up()
    yield daemon
    daemon.end()


@asynccontextmanager
async def reading(running: RunningDaemon, pulse: Pulse, *words: str) -> AsyncIterator[Terminal]:
    """`yinfang record` in a terminal of 100 by 30 cells."""
    home = running.workspace.root.parent / "home"
    environ = {
        **pulse.environ,
        "PYTHONPATH": str(REPOSITORY),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    workspace = str(running.workspace.root)
    command = [sys.executable, "-c", YINFANG, "--workspace", workspace, "record", *words]
    async with opened(command, environ, (100, 30)) as terminal:
        yield terminal


def prompts(running: RunningDaemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = running.call("recordings.show", speaker="alice")["prompts"]
    return found


async def soon(running: RunningDaemon, state: str, count: int) -> list[dict[str, Any]]:
    """The prompts, when so many are in this state."""

    def there() -> bool:
        return sum(prompt["state"] == state for prompt in prompts(running)) == count

    await asyncio.to_thread(until, there, f"{count} prompts {state}", running.explain)
    return [prompt for prompt in prompts(running) if prompt["state"] == state]


def test_two_sentences_are_recorded_by_keys_alone(pulse: Pulse, running: RunningDaemon) -> None:
    async def read() -> None:
        async with reading(running, pulse, "alice", "--script", "mandarin-50") as terminal:
            await terminal.until("read without")
            terminal.press(" ")  # the room
            await terminal.until("measure once more")
            terminal.press(" ")
            await terminal.until(READ_ON)
            terminal.press("c")  # no countdown
            for number in (1, 2):
                terminal.press(" ")
                await terminal.until("throw it away")
                await terminal.until("0.[5-9] s")
                terminal.press(" ")
                await terminal.until(KEPT)
                terminal.press("\r")
                await soon(running, "kept", number)
                await terminal.until(READ_ON)

    with pulse.saying(NOISE):
        asyncio.run(read())
    kept = [prompt for prompt in prompts(running) if prompt["state"] == "kept"]
    assert [prompt["id"] for prompt in kept] == ["zh0001", "zh0002"]
    for prompt in kept:
        [card] = prompt["takes"]
        assert card["frames"] > 0.4 * RATE and card["device"]["kind"] == "pulse"
        assert_part_of_the_noise(sound_of(running.workspace, card))
    assert running.call("recordings.show", speaker="alice")["room"]["verdict"] == "poor"
    folder = running.workspace.recordings / "alice"
    assert {path.suffix for path in folder.glob("zh0001-1.*")} == {".flac", ".txt"}


def test_a_terminal_that_is_closed_in_mid_take_loses_nothing(
    pulse: Pulse, running: RunningDaemon
) -> None:
    async def leave_in_the_middle() -> None:
        async with reading(running, pulse, "alice", "--script", "mandarin-50") as terminal:
            await terminal.until("read without")
            terminal.press("\r")
            await terminal.until(READ_ON)
            terminal.press(" ")
            await terminal.until("escape.{1,90}?not yet")
            terminal.press(" ")  # at once
            await terminal.until("0.[5-9] s")

    async def come_back() -> None:
        async with reading(running, pulse, "alice") as terminal:
            await terminal.until(KEPT)

    with pulse.saying(NOISE):
        asyncio.run(leave_in_the_middle())
    asyncio.run(come_back())
    [card] = prompts(running)[0]["takes"]
    assert card["frames"] > 0.4 * RATE
    assert_part_of_the_noise(sound_of(running.workspace, card))
