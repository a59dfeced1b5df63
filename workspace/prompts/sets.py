"""The sets of sentences that come with the program.

They are one list, `sentences.tsv`, and each set is its beginning: who has read fifty goes on to two
hundred without reading one twice. The order (`benchmarks/prompts.py` made it) brings new sounds
first, so that every beginning covers about as much as so few sentences can.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

SENTENCES = Path(__file__).with_name("sentences.tsv")
SETS = {"mandarin-50": 50, "mandarin-200": 200, "mandarin-1000": 1000}  # sentences
TITLES = {
    "mandarin-50": "Mandarin, 50 sentences",
    "mandarin-200": "Mandarin, 200 sentences",
    "mandarin-1000": "Mandarin, 1,000 sentences, some with an English word",
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A sentence to be read.

    Attributes:
        id: unique among a speaker's prompts, such as "zh0001".
        text: what is read, in hanzi with Chinese punctuation.
        pinyin: a syllable for each sounded character, separated by blanks, in the tones of the
            dictionary ("ni3 hao3"); neutral 5, erhua "huar1", English words as they are written.
    """

    id: str
    text: str
    pinyin: str


def read_set(name: str) -> tuple[Prompt, ...]:
    """The prompts of a set, in the order in which they are read.

    Raises:
        ValueError: there is no such set; the message lists those there are.
    """
    if name not in SETS:
        raise ValueError(f"there is no set of prompts {name!r}: choose one of {', '.join(SETS)}")
    return _sentences()[: SETS[name]]


def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """A list of prompts: a line for each, id, text and pinyin between tabs.

    Raises:
        OSError: the file cannot be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(Prompt(*line.split("\t")) for line in lines)


@cache
def _sentences() -> tuple[Prompt, ...]:
    return read_prompts(SENTENCES)
