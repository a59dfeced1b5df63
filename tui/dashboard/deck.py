"""Fetches the sounds that are compared, keeps them, and has one at a time heard."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.errors import ConnectionLostError, DaemonUnreachableError
from tui.dashboard.audition.sources import Source
from tui.dashboard.audition.tape import Tape, sought
from tui.dashboard.studio import Studio
from tui.sound.device import DeviceError

PICTURE_WIDTH = 160  # columns of a picture: a wide pane, a narrow one takes some of them
TAPES_KEPT = 40  # sounds, the latest: a sentence is 200 kB


@dataclass
class Loaded:
    """A sound and what is known of it.

    Attributes:
        source, sentence: what was asked for.
        tape: the sound.
        first: seconds until its first block was here; None before.
        picture: as the daemon draws it; None before.
        words: whether a recogniser hears the sentence, in a few words; "" before it has listened.
        problem: why there is none of it, or no picture.
    """

    source: Source
    sentence: str
    tape: Tape = field(default_factory=Tape)
    first: float | None = None
    picture: Mapping[str, Any] | None = None
    words: str = ""
    problem: ClientError | None = None

    @property
    def is_cut_short(self) -> bool:
        """Whether something of it is missing that may well come when it is asked for again."""
        lost = isinstance(self.problem, ConnectionLostError | DaemonUnreachableError)
        return lost or (self.problem is not None and not self.tape.sound)


class Deck:
    """Plays what is compared.

    Attributes:
        playing: what is being heard; None where it is silent.
        latest: what was heard last.
    """

    def __init__(self, link: Link, studio: Studio, changed: Callable[[], None]) -> None:
        """
        Args:
            link: to the daemon.
            studio: where loudspeakers come from.
            changed: called when something is other than before.
        """
        self.playing: Loaded | None = None
        self.latest: Loaded | None = None
        self._link, self._studio, self._changed = link, studio, changed
        self._known: dict[tuple[Source, str, float], Loaded] = {}
        self._began, self._begin = 0.0, 0.0  # when it began to play, from which second of the sound
        self._fetching: set[asyncio.Task[None]] = set()

    @property
    def at(self) -> float:
        """Second of the sound that is being heard, or where one stopped."""
        if self.playing is None:
            return self._begin
        return min(self._begin + monotonic() - self._began, self.playing.tape.seconds)

    def load(self, source: Source, sentence: str, speed: float) -> Loaded:
        """A sound, asked for unless it is known already."""
        key = (source, source.text or sentence, speed)
        known = self._known.pop(key, None)
        if known is None or known.is_cut_short:
            known = Loaded(source, source.text or sentence)
            task = asyncio.create_task(self._fetch(known, speed), name="audition")
            self._fetching.add(task)
            task.add_done_callback(self._fetching.discard)
        self._known[key] = known  # latest last
        while len(self._known) > TAPES_KEPT:
            self._known.pop(next(iter(self._known)))
        return known

    async def play(self, loaded: Loaded, begin: float = 0.0) -> None:
        """Have a sound heard from a second on; cancelled, it is silent at once.

        Raises:
            DeviceError: there is nothing to hear it with.
            ClientError: there is no such sound, or the loudspeaker's line is cut.
        """
        self.latest = loaded
        if not await loaded.tape.begun():
            if loaded.problem is not None:
                raise loaded.problem
            return
        if self._studio.loudspeaker is None:
            raise DeviceError("there is no loudspeaker", self._studio.unheard)
        self.playing, self._begin, self._began = loaded, begin, monotonic()
        self._changed()
        try:
            tape = loaded.tape
            await self._studio.loudspeaker.play(tape.blocks(begin), tape.rate)
            self._begin = 0.0
        except asyncio.CancelledError:
            self._begin = self.at
            raise
        finally:
            if self.playing is loaded:
                self.playing = None
            self._changed()

    def place_after(self, by: float) -> float:
        """Where one would be after seeking in what was heard last, seconds."""
        seconds = self.latest.tape.seconds if self.latest else 0.0
        return sought(self.at, by, seconds)

    def close(self) -> None:
        """Ask for nothing any more."""
        for task in self._fetching:
            task.cancel()

    async def _fetch(self, loaded: Loaded, speed: float) -> None:
        method, asked = loaded.source.request(loaded.sentence, speed)
        began = monotonic()
        try:
            async with aclosing(self._link.stream(method, **asked)) as events:
                async for event in events:
                    if self._take(loaded, event.value, began):
                        break
            loaded.tape.end()
            self._changed()
            path = loaded.tape.kept or asked.get("path")
            drawn = await self._link.call("auditions.draw", paths=[path], width=PICTURE_WIDTH)
            loaded.picture = drawn["pictures"][0]
            self._changed()
            loaded.words = await self._heard(str(path), loaded.sentence)
        except ClientError as error:
            loaded.problem = error
        finally:
            loaded.tape.end()
            self._changed()

    async def _heard(self, path: str, text: str) -> str:
        try:
            words = await self._link.call("auditions.words", path=path, text=text)
        except ClientError as error:
            return f"words not measured: {error.message}"
        if words is None:
            return "words not measured: Latin letters"
        if words["ok"]:
            return "words as written"
        return f"{words['errors']:.0%} of the syllables are others"

    def _take(self, loaded: Loaded, event: Mapping[str, Any], began: float) -> bool:
        """Take in an event; whether it was the last."""
        if "pcm" in event:
            if loaded.first is None:
                loaded.first = monotonic() - began
            loaded.tape.add(base64.b64decode(event["pcm"]), int(event["rate"]))
        elif "done" in event:
            loaded.tape.loudness = event["done"].get("loudness")
            loaded.tape.kept = event["done"].get("kept") or ""
        return "done" in event
