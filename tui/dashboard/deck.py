"""Fetches the sounds that are compared, keeps them, and has them drawn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.client import ClientError
from daemon.client.link import Link
from daemon.errors import ConnectionLostError, DaemonUnreachableError
from tui.dashboard.audition.sources import Source
from tui.dashboard.hearing.asking import fill
from tui.dashboard.hearing.tape import Tape
from tui.likeness import told

PICTURE_WIDTH = 160  # columns of a picture: a wide pane, a narrow one takes some of them
TAPES_KEPT = 40  # sounds, the latest: a sentence is 200 kB


@dataclass
class Loaded:
    """A sound and what is known of it.

    Attributes:
        source, sentence: what was asked for.
        tape: the sound.
        picture: as the daemon draws it; None before.
        words: whether a recogniser hears the sentence, in a few words; "" before it has listened.
        alike: how alike it is to its speaker's recordings, likewise.
        undrawn: why there is no picture; None where that is because there is no sound.
    """

    source: Source
    sentence: str
    tape: Tape = field(default_factory=Tape)
    picture: Mapping[str, Any] | None = None
    words: str = ""
    alike: str = ""
    undrawn: ClientError | None = None

    @property
    def problem(self) -> ClientError | None:
        """Why there is none of it, or no picture."""
        return self.tape.problem or self.undrawn

    @property
    def is_cut_short(self) -> bool:
        """Whether something of it is missing that may well come when it is asked for again."""
        lost = isinstance(self.problem, ConnectionLostError | DaemonUnreachableError)
        return lost or (self.problem is not None and not self.tape.sound)


class Deck:
    """Holds what is compared.

    Attributes:
        needs: what must be installed where the daemon runs to tell how alike voices are, in a few
            words; "" where nothing lacks.
    """

    def __init__(self, link: Link, changed: Callable[[], None]) -> None:
        """
        Args:
            link: to the daemon.
            changed: called when something is other than before.
        """
        self.needs = ""
        self._link, self._changed = link, changed
        self._known: dict[tuple[Source, str, float], Loaded] = {}
        self._fetching: set[asyncio.Task[None]] = set()

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

    def close(self) -> None:
        """Ask for nothing any more."""
        for task in self._fetching:
            task.cancel()

    async def _fetch(self, loaded: Loaded, speed: float) -> None:
        request = loaded.source.request(loaded.sentence, speed)
        await fill(loaded.tape, self._link, request)
        self._changed()
        if loaded.tape.problem is not None:
            return
        try:
            path = loaded.tape.done.get("kept") or request.asked.get("path")
            drawn = await self._link.call("auditions.draw", paths=[path], width=PICTURE_WIDTH)
            loaded.picture = drawn["pictures"][0]
            self._changed()
            loaded.words = await self._heard(str(path), loaded.sentence)
            self._changed()
            loaded.alike = await self._alike(str(path), loaded.source)
        except ClientError as error:
            loaded.undrawn = error
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

    async def _alike(self, path: str, source: Source) -> str:
        if self.needs:
            return ""
        try:
            found = await self._link.call("auditions.likeness", path=path, **source.whose)
        except ClientError as error:
            return f"alike: not measured, {error.message}"
        if "needs" in found:
            self.needs = told(found)
            return ""
        return told(found)
