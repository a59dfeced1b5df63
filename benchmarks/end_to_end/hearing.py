"""How somebody hears a voice on the page of auditions, by keys alone, over lines that break."""

from __future__ import annotations

import asyncio
import re

from benchmarks.end_to_end.matching import Wave
from benchmarks.end_to_end.person import Person
from benchmarks.end_to_end.reading import RETURN, SPEAKER

FIRST = "今天天气很好，我们去公园散步。"  # what the page says first
CLEAR = "\x15"  # ctrl+u
CUT = 2.0  # seconds during which every ssh is ended as soon as it is there
MOMENT = 0.1  # seconds between two looks for one


async def audition(person: Person, sentence: str) -> Wave:
    """Have the new voice say a sentence; what was heard."""
    person.press("4")
    await person.sees(rf"voice\s+made by.*{SPEAKER}")
    person.press("a")
    await person.sees(rf" A .*{SPEAKER}.*LUFS")
    await write(person, FIRST, sentence)
    await person.sees(rf"{re.escape(sentence)}.*LUFS")
    return await person.hears(" ")


async def write(person: Person, before: str, sentence: str) -> None:
    """Write the sentence that is to be said, in the place of the one before."""
    count = person.screen.text().count(before)
    person.press("e")
    await person.finds(lambda screen: screen.count(before) > count, "a line to write in")
    person.press(CLEAR)  # what comes along with it would be gone as well
    await person.finds(lambda screen: screen.count(before) <= count, "an empty line")
    person.press(sentence)
    await person.sees(re.escape(sentence))
    person.press(RETURN)


async def cut(person: Person) -> str:
    """Cut the laptop's ssh for a while; what the dashboard said of it, if it is the dashboard's."""
    line = person.place.line
    said = ""
    for _ in range(round(CUT / MOMENT)):
        line.cut()
        await asyncio.sleep(MOMENT)
        top = person.screen.text().splitlines()[0]
        said = top.partition("○ ")[2] or said
    person.picture("cut")
    await person.sees("● connected")
    return said
