"""What is heard from the pages: voices, utterances, previews and takes, by one loudspeaker."""

from __future__ import annotations

import asyncio
import base64
import wave
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.acceptance.dashboard import Driven
from tests.snapshots.recorded import BUSY, Recording
from tests.snapshots.recorded_takes import SESSIONS
from tests.snapshots.serving import answering
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from tui.dashboard.screens.correct import Correct
from workspace.layout import Workspace

RATE = 24_000  # Hz
SOUND = bytes(range(256)) * 30
SIZE = (120, 40)
FROM = "from Headphones (agent)"
UNHEARD = "there is no loudspeaker"
# the terminal is on a server, whose own devices are not looked at
ENVIRON = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "USER": "me"}


class Headphones:
    """A loudspeaker that never comes to the end of a sound by itself.

    Attributes:
        heard: the samples of each sound so far.
        sounding: how many are heard just now.
    """

    kind, name = "agent", "Headphones"

    def __init__(self) -> None:
        self.heard: list[bytearray] = []
        self.sounding = 0

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        assert rate == RATE
        self.heard.append(bytearray())
        self.sounding += 1
        try:
            async for block in sound:
                self.heard[-1] += block
            await asyncio.Event().wait()
        finally:
            self.sounding -= 1


class Seen(Driven):
    """A dashboard with headphones, or without any."""

    def __init__(self, app: Dashboard, pilot: Pilot[None], headphones: Headphones | None) -> None:
        super().__init__(app, pilot)
        self.headphones = headphones

    async def hears(self, count: int, name: str) -> None:
        """Wait until so many sounds were heard, the last of them whole, and it is said where."""
        headphones = self.headphones
        assert headphones is not None
        await self.until(
            lambda: len(headphones.heard) == count and headphones.heard[-1] == SOUND, "the sound"
        )
        await self.until_said(f"▶ {name}  {FROM}")
        assert headphones.sounding == 1

    async def is_silent(self) -> None:
        headphones = self.headphones
        assert headphones is not None
        await self.until(lambda: not headphones.sounding, "silence")
        await self.until(lambda: "▶" not in self.text(), "no word of it")


def recording(like: Recording = BUSY) -> Recording:
    """The same with sounds in it."""
    half = len(SOUND) // 2
    pieces = [base64.b64encode(part).decode() for part in (SOUND[:half], SOUND[half:])]
    sound: list[dict[str, Any]] = [{"pcm": piece, "rate": RATE} for piece in pieces]
    note = {"kind": "emoji", "text": "☺", "reason": "is left out"}
    done = {"done": {"loudness": -23.0, "notes": [note]}}
    streams = {"speak": [*sound, done], "auditions.clip": [*sound, done]}
    return replace(like, streams={"sound.devices": [{"devices": []}], **like.streams, **streams})


def drive(
    root: Path,
    page: str,
    test: Callable[[Seen], Awaitable[None]],
    *,
    deaf: bool = False,
    like: Recording = BUSY,
) -> None:
    async def whole() -> None:
        async with answering(Workspace(root), recording(like), "/data/voices") as link:
            memory = Memory(page=page, countdown=False)
            app = Dashboard(link, memory, Preferences(bell=False), environ=ENVIRON)
            async with app.run_test(size=SIZE, notifications=True) as pilot:
                seen = Seen(app, pilot, None if deaf else Headphones())
                await seen.until(lambda: app.board.whole, "all jobs")
                await app.studio.settled()
                app.studio.loudspeaker = seen.headphones
                await test(seen)

    asyncio.run(whole())


def test_a_voice_is_heard_and_silenced_by_the_same_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def test(seen: Seen) -> None:
        await seen.until_said("alice", "小明")
        await seen.press("space")
        await seen.hears(1, "alice")
        await seen.until_said("alice: 0.2 s of sound, the first after", "emoji: ☺ (is left out)")
        await seen.press("j", "space")  # another one, while it sounds
        await seen.hears(2, "小明")
        await seen.press("space")
        await seen.is_silent()
        await seen.press("w")
        await seen.until(lambda: (tmp_path / "小明.wav").exists(), "a file")
        await seen.press("t", *"！", "enter")
        await seen.hears(3, "小明")
        await seen.press("5")  # it is silent when the page is left
        await seen.is_silent()

    drive(tmp_path / "w", "voices", test)
    with wave.open(str(tmp_path / "小明.wav")) as file:
        assert file.readframes(len(SOUND)) == SOUND


def test_one_listens_to_an_utterance_while_one_corrects_it(tmp_path: Path) -> None:
    async def test(seen: Seen) -> None:
        await seen.until_said("enter opens one")
        await seen.press("enter")
        await seen.until_said("alice_0003")
        await seen.press("space")
        await seen.hears(1, "alice_0003")
        await seen.press("e")
        assert isinstance(seen.app.screen, Correct)
        assert seen.headphones is not None and seen.headphones.sounding == 1
        await seen.press("escape", "j", "a")
        await seen.hears(2, "alice_0017")
        await seen.press("a")
        await seen.is_silent()
        await seen.press("space")
        await seen.hears(3, "alice_0017")
        await seen.press("escape")
        await seen.is_silent()

    drive(tmp_path, "datasets", test)


def test_a_preview_is_heard_from_any_view_of_its_job(tmp_path: Path) -> None:
    async def test(seen: Seen) -> None:
        await seen.press("home", "enter")
        await seen.until_said("loss")
        await seen.press("h")
        await seen.until_said("previews/001800.wav")
        await seen.press("j", "enter")
        await seen.hears(1, "j00004 step 1,400")
        await seen.press("l", "space")
        await seen.is_silent()
        await seen.press("a")  # the audition page has its own sounds
        await seen.until_said("b takes what")

    drive(tmp_path, "jobs", test)


def test_it_is_silent_before_a_microphone_hears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))  # takes are kept there

    async def test(seen: Seen) -> None:
        await seen.until_said("alice")
        await seen.press("enter")
        await seen.until_said("keep, next")
        await seen.press("p")
        await seen.hears(1, "zh0013-2")
        await seen.press("p")
        await seen.is_silent()
        await seen.press("p")
        await seen.hears(2, "zh0013-2")
        await seen.press("space")
        await seen.until_said("throw it away")
        assert seen.headphones is not None and not seen.headphones.sounding
        await seen.is_silent()

    drive(tmp_path / "w", "record", test, like=SESSIONS["good"])


@pytest.mark.parametrize(
    ("page", "keys", "said"),
    [("voices", (), "made by"), ("datasets", ("enter",), "alice_0003")],
)
def test_without_a_loudspeaker_it_says_what_brings_one(
    page: str, keys: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    async def test(seen: Seen) -> None:
        await seen.until_said("alice")
        await seen.press(*keys)
        await seen.until_said(said)
        await seen.press("space")
        await seen.until_said(
            UNHEARD, "yinfang agent", "ssh://me@192.0.2.1/data/voices", "saves the"
        )
        assert "▶" not in seen.text()
        await seen.press("q")  # keys are heard all the time

    drive(tmp_path, page, test, deaf=True)
