"""From an empty workspace to a voice that is heard, and what is to be known of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.end_to_end import hearing
from benchmarks.end_to_end.laptop import Laptop
from benchmarks.end_to_end.matching import Found, found_in
from benchmarks.end_to_end.person import PLAYING, Person
from benchmarks.end_to_end.reading import SPEAKER, Reader, Take
from benchmarks.end_to_end.server import RECOGNISER, Server
from benchmarks.end_to_end.ways import Away
from tests.acceptance.running import REPOSITORY

SENTENCE = "你说的是真的吗？"
MISREAD = "窗台上的花开了，妈妈给它浇了一点水。"
LONG = "远处的山上还有没化的雪，山下的桃花已经开了，河边的小路上走着一个背着书包的孩子。"
PERSON, OTHER = "chen", "yue"  # voices of the base that comes with the program
AGAINST = "▲"  # before what speaks against a take
ATTEMPTS = 8  # takes of a sentence; a browser on a busy machine loses sound, and says so
ALIKE = 0.9  # correlation from which what was said is in a take, whole
HEARD = 0.6  # and what was heard, where a busy loudspeaker waits in between; another voice has 0.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done.

    Attributes:
        way: one of `WAYS`.
        size: of the terminal, in cells.
        sentences: how many are read.
        steps, aligner_steps: of the training.
        misread: say something else at first, and see whether that is told.
        cut: cut the laptop's ssh while the voice is trained, and while it is heard.
        pictures: a folder for pictures of the screen.
    """

    way: str = "local"
    size: tuple[int, int] = (120, 40)
    sentences: int = 5
    steps: int = 20
    aligner_steps: int = 20
    misread: bool = False
    cut: bool = False
    pictures: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        seconds: that each phase took.
        room: what was said of it.
        takes: all, in their order.
        voice: the card's line of the voice that was trained.
        own, other: the sentence in the new voice and in another, sought in what was heard.
        cuts: what was seen of each cut of the line.
        load: of the machine, at the end.
    """

    seconds: Mapping[str, float]
    room: str
    takes: Sequence[Take]
    voice: Mapping[str, Any]
    own: Found
    other: Found
    cuts: Sequence[str]
    load: float

    @property
    def lost(self) -> int:
        """Samples that are missing in kept takes, or that a device says it has lost of them."""
        return sum(take.found.slips + take.dropped for take in self.kept)

    @property
    def kept(self) -> list[Take]:
        """Of each sentence the last take."""
        return list({take.sentence: take for take in self.takes}.values())

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        faults = [f"{self.lost} samples were lost"] if self.lost else []
        faults += [
            f"what was said is not in the take of {take.sentence}: {take.found.likeness:.2f}"
            for take in self.kept
            if take.found.likeness < ALIKE
        ]
        if self.own.likeness < HEARD or self.other.likeness >= HEARD:
            faults.append("what was heard is not the new voice")
        return faults

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "lost": self.lost, "faults": self.faults}


def travel(plan: Plan, folder: Path) -> Outcome:
    """Do all of it, in processes of its own.

    Raises:
        SystemExit: something is missing, or did not happen; it says what, and shows the screen.
    """
    models = REPOSITORY.parent / "shared/models" / RECOGNISER
    server = Server(
        folder / "server",
        steps=plan.steps,
        aligner_steps=plan.aligner_steps,
        recogniser=models.resolve() if models.is_dir() else None,
    )
    laptop = Laptop(folder / "laptop", for_browsers=plan.way == "tab")
    person = Person(Away(plan.way, server, laptop, folder), server, laptop, PERSON, plan.pictures)
    try:
        laptop.up()
        server.up()
        return asyncio.run(_travel(plan, person, server))
    finally:
        server.down()
        laptop.down()


async def _travel(plan: Plan, person: Person, server: Server) -> Outcome:
    reader = Reader(person)
    cuts = []
    async with person.sitting_down(plan.size):
        async with person.phase("speaker"):
            await reader.begin()
        async with person.phase("room"):
            room = await reader.measure_room()
        for number in range(1, plan.sentences + 1):
            async with person.phase(f"sentence {number}"):
                await _read(reader, person, MISREAD if plan.misread and number == 1 else "")
        async with person.phase("preparing"):
            await reader.train()
            await reader.await_state("preprocess", "succeeded")
        async with person.phase("training"):
            if plan.cut:
                await reader.await_state("stage2", "running")
                cuts.append(await hearing.cut(person))
            await reader.await_state("stage2", "succeeded")
        async with person.phase("audition"):
            heard = await hearing.audition(person, SENTENCE)
        if plan.cut:
            async with person.phase("audition over a cut"):
                cuts.append(await _hear_over_a_cut(person))
    [voice] = [each for each in server.call("voices.list") if each["name"] == SPEAKER]
    own, other = [found_in(await person.speech(SENTENCE, name), heard) for name in (SPEAKER, OTHER)]
    return Outcome(person.seconds, room, reader.takes, voice, own, other, cuts, os.getloadavg()[0])


async def _read(reader: Reader, person: Person, otherwise: str) -> None:
    """Read the sentence that is shown until the page has nothing against it, and keep that."""
    for attempt in range(ATTEMPTS):
        take = await reader.read("" if attempt else otherwise)
        person.picture("take")
        if not any(line.startswith(AGAINST) for line in take.told):
            if otherwise and not attempt:
                raise SystemExit(f"nothing is said of words that are others: {take.told}")
            break
    await reader.keep()


async def _hear_over_a_cut(person: Person) -> str:
    """Ask for another sentence while the line is cut, and hear it when it is back."""
    await hearing.write(person, SENTENCE, LONG)
    said = await hearing.cut(person)
    # what was asked for comes by itself, and may be heard once before it is asked for again
    await person.sees(f"{LONG}.*LUFS")
    await person.finds(lambda screen: PLAYING not in screen, "silence")
    heard = await person.hears(" ")
    found = found_in(await person.speech(LONG, SPEAKER), heard)
    if found.likeness < HEARD:
        raise SystemExit(f"what is heard behind a cut is not the sentence: {found}")
    return said
