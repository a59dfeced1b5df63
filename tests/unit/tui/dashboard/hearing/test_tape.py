"""A sound is heard from anywhere while it comes, and kept whole."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import pytest

from tui.dashboard.hearing.tape import Tape, offset, sought

RATE = 1000


@pytest.mark.parametrize(
    ("now", "by", "seconds", "then"),
    [(0.0, -1.0, 3.0, 0.0), (1.0, 1.0, 3.0, 2.0), (2.5, 1.0, 3.0, 2.9), (0.0, 1.0, 0.0, 0.0)],
)
def test_seeking_stays_within_the_sound(now: float, by: float, seconds: float, then: float) -> None:
    assert sought(now, by, seconds) == pytest.approx(then)


def test_a_time_begins_with_a_whole_sample() -> None:
    assert [offset(t, 24_000) for t in (-1.0, 0.0, 0.5, 1 / 24_000)] == [0, 0, 24_000, 2]


def test_what_comes_later_is_heard_too() -> None:
    async def listen() -> tuple[bytes, bytes]:
        tape = Tape()

        async def whole(begin: float) -> bytes:
            assert await tape.begun()
            return b"".join([block async for block in tape.blocks(begin)])

        both = [asyncio.create_task(whole(begin)) for begin in (0.0, 0.1)]
        for value in range(3):
            tape.add(bytes([value]) * 2 * 100, RATE)
            await asyncio.sleep(0)
        tape.end()
        return await both[0], await both[1]

    first, later = asyncio.run(listen())
    assert first == b"".join(bytes([value]) * 200 for value in range(3))
    assert later == first[200:]


def test_a_sound_that_never_comes_ends() -> None:
    async def listen() -> bool:
        tape = Tape()
        waiting = asyncio.create_task(tape.begun())
        await asyncio.sleep(0)
        tape.end()
        return await waiting

    assert not asyncio.run(listen())


def test_it_is_saved_whole(tmp_path: Path) -> None:
    tape = Tape()
    tape.add(b"\x01\x02" * 500, RATE)
    tape.save(tmp_path / "x.wav")
    with wave.open(str(tmp_path / "x.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 1)
        assert file.readframes(1000) == bytes(tape.sound)
    assert tape.seconds == 0.5
