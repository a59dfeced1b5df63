"""The page of auditions on a real daemon, whose speech worker really speaks."""

from __future__ import annotations

import asyncio
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.client import wire
from tests.acceptance.dashboard import driven
from tests.acceptance.running import RunningDaemon
from tests.acceptance.test_command import SPEAKER
from tui.dashboard.memory import Memory
from tui.dashboard.screens.audition import AuditionPage
from workspace.previews import sentences

pytestmark = pytest.mark.slow

OTHER = "你说的是真的吗？"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningDaemon]:
    """A daemon with the voices that came with the program."""
    daemon = RunningDaemon(tmp_path / "w", speech=(sys.executable, "-m", "engine.worker.serve"))
    yield daemon.up()
    daemon.end()


def test_two_voices_are_compared_by_keys_alone(
    running: RunningDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    memory = Memory()

    async def walk() -> None:
        async with driven(running, memory=memory) as seen:
            await seen.press("4", "a")  # before the voices have come
            await seen.until(lambda: isinstance(seen.app.screen, AuditionPage), "the page")
            await seen.until_said("LUFS")
            await seen.press("down", "b")
            # both sides are drawn and measured, whether or not anything is heard here
            await seen.until(lambda: seen.text().count("LUFS") == 2, "figures of both")
            assert seen.text().count("-23.") == 2
            await seen.until(
                lambda: seen.text().count("alike: no recordings (base)") == 2,
                "whose voices they are",
            )

            await seen.press("e", "ctrl+u")
            await seen.until(lambda: seen.app.focused is not None, "a line to write in")
            line = seen.app.screen.query_one("#text")
            line.value = OTHER  # type: ignore[attr-defined]  # a terminal would paste it
            await seen.press("enter", "s")
            await seen.until_said("2 " + OTHER, "from now on")
            assert sentences(running.workspace) == (OTHER,)
            await seen.press("1", "2")
            await seen.until(lambda: seen.text().count("LUFS") == 2, "figures again")

            await seen.press("w")
            await seen.until(lambda: any(tmp_path.glob("*.wav")), "a file")

            await seen.press("x")
            await seen.until_said("space hears X", "no answer yet")
            await seen.press("1", "2", "1")
            await seen.until_said("of 3 right, p = ")
            await seen.press("escape", "s")
            await seen.until_said("no more")
            await seen.press("escape")
            await seen.until(lambda: not isinstance(seen.app.screen, AuditionPage), "left")

    asyncio.run(walk())
    ((right, trials),) = memory.auditions.values()
    assert trials == 3 and 0 <= right <= 3
    assert sentences(running.workspace) == ()
    (saved,) = tmp_path.glob("*.wav")
    with wave.open(str(saved)) as file:
        assert file.getnframes() > file.getframerate() / 2


def test_what_a_broken_line_has_cut_short_is_asked_for_again(tmp_path: Path) -> None:
    running = RunningDaemon(tmp_path / "w", speech=SPEAKER).up()

    async def walk() -> None:
        async with driven(running, memory=Memory(page="voices")) as seen:
            await seen.until(lambda: bool(seen.table().keys), "voices")
            await seen.press("a", "e", "ctrl+u")
            await seen.until(lambda: seen.app.focused is not None, "a line to write in")
            line = seen.app.screen.query_one("#text")
            line.value = "endless"  # type: ignore[attr-defined]
            await seen.press("enter", "space")
            # some of it is here: it is heard, or would be if there were a loudspeaker
            await seen.until(
                lambda: "▶" in seen.text() or "there is no loudspeaker" in seen.text(), "its sound"
            )
            running.kill()
            await seen.until_said(wire.LOST)
            running.up()
            await seen.until(lambda: wire.LOST not in seen.text(), "it is asked for again")

    try:
        asyncio.run(walk())
    finally:
        running.end()
