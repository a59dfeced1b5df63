"""One sound at a time, from the loudspeaker that there is, or the reason why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from daemon.errors import ConnectionLostError
from tui.dashboard.hearing.ears import Ears, advice
from tui.dashboard.hearing.tape import Tape
from tui.sound.device import DeviceError

RATE = 1000
DEADLINE = 20.0  # seconds


class Ear:
    """A loudspeaker that notes what it plays, and stays with a sound's end as long as it is told.

    Attributes:
        told: the sounds it played, each up to its end or up to "quiet".
    """

    kind, name = "agent", "Headphones"

    def __init__(self, *, lasts: bool = False) -> None:
        self.told: list[bytes | str] = []
        self._lasts = lasts

    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        assert rate == RATE
        heard = b""
        try:
            async for block in sound:
                heard += block
            if self._lasts:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # it takes a moment to be silent
            self.told += [heard, "quiet"]
            raise
        self.told.append(heard)


class Broken(Ear):
    async def play(self, sound: AsyncIterable[bytes], rate: int) -> None:
        raise DeviceError("Headphones does not play", "see what else uses it")


@dataclass
class Room:
    """Where loudspeakers come from.

    Attributes:
        known: whether it is known what there is.
    """

    loudspeaker: Any = None
    unheard: str = "plug one in"
    known: asyncio.Event = field(default_factory=asyncio.Event)

    async def settled(self) -> None:
        await self.known.wait()


class Scene:
    """Ears, and what they say of themselves.

    Attributes:
        sounds: set while something is heard.
    """

    def __init__(self, loudspeaker: Ear | None, *, known: bool = True) -> None:
        self.room = Room(loudspeaker)
        if known:
            self.room.known.set()
        self.said: list[str] = []
        self.sounds = asyncio.Event()
        self.ears = Ears(self.room, self._start, self._changed)
        self._running: set[asyncio.Task[None]] = set()

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work())
        self._running.add(task)
        return task

    def _changed(self) -> None:
        self.said.append("".join(span.text for span in self.ears.line()).strip())
        if "▶" in self.said[-1]:
            self.sounds.set()
        else:
            self.sounds.clear()

    async def over(self) -> None:
        """Return when nothing more is being played."""
        await asyncio.gather(*self._running, return_exceptions=True)


def tape(value: int = 1, *, ended: bool = True) -> Tape:
    found = Tape()
    found.add(bytes([value]) * 2 * RATE, RATE)
    if ended:
        found.end()
    return found


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, DEADLINE))


def test_a_sound_is_heard_while_it_comes_and_it_is_said_where() -> None:
    async def test() -> None:
        ear = Ear()
        scene, sound = Scene(ear), Tape()
        scene.ears.play(sound, "alice")
        assert scene.said == ["… alice"] and scene.ears.hear(sound)
        sound.add(b"\1\1", RATE)
        await scene.sounds.wait()
        sound.add(b"\2\2", RATE)
        sound.end()
        await scene.over()
        assert ear.told == [b"\1\1\2\2"]
        assert scene.said[1:] == ["▶ alice  from Headphones (agent)", ""]
        assert not scene.ears.hear(sound) and scene.ears.trouble is None

    run(test())


def test_another_sound_is_heard_when_the_one_before_is_silent() -> None:
    async def test() -> None:
        ear = Ear(lasts=True)
        scene, first, second = Scene(ear), tape(1), tape(2)
        for sound in (first, second):
            scene.ears.play(sound)
            await scene.sounds.wait()
            assert scene.ears.hear(sound)
        assert not scene.ears.hear(first)
        assert ear.told == [bytes(first.sound), "quiet"]
        await scene.ears.silence()
        assert ear.told[2:] == [bytes(second.sound), "quiet"]
        assert not scene.ears.stop()
        await scene.over()
        assert scene.ears.trouble is None

    run(test())


def test_one_goes_on_where_one_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr("tui.dashboard.hearing.ears.monotonic", lambda: clock)

    async def test() -> None:
        nonlocal clock
        ear = Ear(lasts=True)
        scene, sound = Scene(ear), tape()
        scene.ears.play(sound, begin=0.25)
        await scene.sounds.wait()
        clock += 0.5
        assert scene.ears.at(sound) == 0.75 and scene.ears.at(tape()) == 0.0
        assert scene.ears.stop()
        clock += 9
        assert scene.ears.at(sound) == 0.75
        await scene.ears.silence()
        assert ear.told == [bytes(sound.sound[500:]), "quiet"]

    run(test())


def test_without_a_loudspeaker_it_says_what_to_do_once_that_is_known() -> None:
    async def test() -> None:
        scene, sound = Scene(None, known=False), tape()
        scene.ears.play(sound, "alice")
        for _ in range(20):
            await asyncio.sleep(0)
        assert scene.ears.trouble is None and scene.ears.hear(sound)
        scene.room.known.set()
        await scene.over()
        trouble = scene.ears.trouble
        assert isinstance(trouble, DeviceError) and str(trouble) == "there is no loudspeaker"
        assert advice(trouble) == "plug one in; w saves the sound"
        assert scene.said == ["… alice", ""]

    run(test())


def test_a_loudspeaker_that_does_not_play_says_why() -> None:
    async def test() -> None:
        scene = Scene(Broken())
        scene.ears.play(tape())
        await scene.over()
        assert str(scene.ears.trouble) == "Headphones does not play"
        scene.room.loudspeaker = Ear()
        scene.ears.play(tape())
        assert scene.ears.trouble is None, "that was the one before"
        await scene.over()

    run(test())


@pytest.mark.parametrize("begun", [False, True])
def test_a_sound_that_breaks_off_is_heard_so_far_and_says_why(begun: bool) -> None:
    async def test() -> None:
        ear = Ear()
        scene = Scene(ear)
        sound = tape(ended=False) if begun else Tape()
        sound.problem = ConnectionLostError("the line broke")
        sound.end()
        scene.ears.play(sound)
        await scene.over()
        assert scene.ears.trouble is sound.problem
        assert ear.told == ([bytes(sound.sound)] if begun else [])

    run(test())


def test_a_sound_without_a_sample_is_none() -> None:
    async def test() -> None:
        scene, sound = Scene(Ear()), Tape()
        sound.end()
        scene.ears.play(sound)
        await scene.over()
        assert (scene.ears.trouble, scene.ears.line()) == (None, ())

    run(test())
