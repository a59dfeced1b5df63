"""How somebody records a voice by keys alone, from the name to the training."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.end_to_end.matching import Found, Wave, found_in, wave_of
from benchmarks.end_to_end.person import Person
from tests.pulse import RATE
from workspace.prompts import read_set
from workspace.recordings import Recordings

SPEAKER = "alice"
SCRIPT = "mandarin-50"  # the first that the dialog offers
BREATH = 0.4  # seconds between the last sound and the key that ends a take
TRAINING = 900.0  # seconds
RETURN = "\r"
RECORD, STOP = r"space\s+(?:record|read it again)", r"space\s+stop"
REVIEW = r"(?:enter|space)\s+(?:keep|read it again)"
WORDS = "the words are|were heard otherwise"  # as they were heard, or that they are not checked


@dataclass(frozen=True)
class Take:
    """A sentence, read once.

    Attributes:
        sentence: that the page showed.
        told: what the page said of the take, a line each.
        found: what was said into the microphone, sought in what the server has stored.
        dropped: frames that the device says it has lost.
    """

    sentence: str
    told: Sequence[str]
    found: Found
    dropped: int


class Reader:
    """Reads what the page of recording shows.

    Attributes:
        takes: in the order in which they were made.
    """

    def __init__(self, person: Person) -> None:
        self.takes: list[Take] = []
        self._person = person
        self._sentences = [prompt.text for prompt in read_set(SCRIPT)]

    async def begin(self) -> None:
        """Make a speaker, and see to it that there is a microphone."""
        person = self._person
        await person.sees("● connected")
        person.press("6")
        await person.sees("Nobody has been recorded yet")
        person.press("n")
        await person.sees("A new speaker")
        person.press(SPEAKER)
        await person.sees(SPEAKER)
        person.press(RETURN)
        await self._have_a_microphone()
        await person.sees("First the room")

    async def _have_a_microphone(self) -> None:
        person = self._person
        if person.place.way == "agent":
            await person.sees("There is no microphone.*yinfang agent")
            person.picture("no microphone")
            person.away.start_agent()
        if person.place.way == "tab":
            await person.sees("There is no microphone.*ssh -L.*then:.*http")
            person.picture("no microphone")
            ways_in = [await self._copied("y", "ssh"), await self._copied("Y", "http")]
            await asyncio.to_thread(person.away.open_tab, *ways_in)

    async def _copied(self, key: str, begin: str) -> str:
        """What a key puts into the clipboard."""
        self._person.press(key)

        def copied(_: str) -> str | None:
            text = self._person.screen.clipboard
            return text if text.startswith(begin) else None

        return await self._person.finds(copied, f"{begin}… in the clipboard")

    async def measure_room(self) -> str:
        """Have the silent room measured; what is said of it."""
        self._person.press(" ")
        found = await self._person.sees(r"● (good|fair|poor)  ([^\n]*?)\s*\n.*measure once more")
        self._person.press(" ")
        await self._person.sees(RECORD)
        return f"{found[1]}: {found[2]}"

    async def read(self, otherwise: str = "") -> Take:
        """Read the sentence that is shown, and see what is said of it.

        Args:
            otherwise: what is said in its stead.
        """
        person = self._person
        await person.sees(RECORD)
        sentence = await person.finds(self._shown, "a sentence to read")
        speech = await person.speech(otherwise or sentence, person.voice)
        person.press(" ")
        await person.sees(STOP)
        await person.says(speech)
        await asyncio.sleep(BREATH)
        person.press(" ")
        told = await person.finds(_told, "what the take is like")
        take = await asyncio.to_thread(self._stored, sentence, told, speech)
        self.takes.append(take)
        return take

    async def keep(self) -> None:
        """Keep the take, and go on."""
        kept = self.takes[-1].sentence
        self._person.press(RETURN)

        def goes_on(screen: str) -> bool:
            is_next = self._shown(screen) not in (None, kept) and re.search(RECORD, screen)
            return bool(is_next) or "Everything is read" in screen

        await self._person.finds(goes_on, "the next sentence")

    async def train(self) -> None:
        """Press the key that trains, and answer the question."""
        self._person.press("t")
        await self._person.sees(f"Train a voice from {SPEAKER}")
        self._person.picture("question")
        self._person.press("y")
        await self._person.sees(rf"preprocess\s+{SPEAKER}")

    async def await_state(self, kind: str, state: str) -> None:
        """Wait until the page of jobs tells that of a job.

        Raises:
            SystemExit: a job has failed.
        """

        def so(screen: str) -> bool:
            if failed := re.search(rf"\w+\s+{SPEAKER}\s+\S?\s*failed.*", screen):
                raise SystemExit(f"{failed[0]}\n{screen}")
            return bool(re.search(rf"{kind}\s+{SPEAKER}\s+\S?\s*{state}", screen))

        await self._person.finds(so, f"{kind} {state}", TRAINING)

    def _shown(self, screen: str) -> str | None:
        """The sentence that is to be read: its signs stand apart, those of the next one do not."""
        signs = _hanzi(screen)
        for sentence in self._sentences:
            if _hanzi(sentence) in signs and sentence not in screen:
                return sentence
        return None

    def _stored(self, sentence: str, told: Sequence[str], speech: Wave) -> Take:
        """The latest take of a sentence, and in it what was said."""
        import soundfile

        shown = self._person.server.call("recordings.show", speaker=SPEAKER)
        [prompt] = [each for each in shown["prompts"] if each["text"] == sentence]
        card = prompt["takes"][-1]
        takes = Recordings(self._person.server.workspace.recordings / SPEAKER).takes
        samples, rate = soundfile.read(takes / f"{card['take']}.raw.flac", dtype="int16")
        whole = wave_of(samples.tobytes(), rate)
        if rate != RATE:
            raise SystemExit(f"the microphone gave {rate} Hz, not {RATE}")
        return Take(sentence, told, found_in(speech, whole), int(card["dropped"]))


def _hanzi(text: str) -> str:
    """Its hanzi alone."""
    return "".join(sign for sign in text if "\u4e00" <= sign <= "\u9fff")


def _told(screen: str) -> list[str] | None:
    """The lines about a take, once it is known whether its words are the sentence's."""
    lines = [line.strip() for line in screen.splitlines()]
    first = next((at for at, line in enumerate(lines) if re.match(r"take \d", line)), None)
    last = next((at for at, line in enumerate(lines) if re.match(REVIEW, line)), None)
    if first is None or last is None or not re.search(WORDS, screen):
        return None
    return [line for line in lines[first:last] if line]
