"""What a number of sentences makes a speaker say: initials, finals, tones, tones in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from workspace.prompts.pinyin import NEUTRAL, Syllable, paired, syllables
from workspace.prompts.sets import Prompt

TONES = (1, 2, 3, 4, NEUTRAL)
# Each full tone before each full tone, and before a neutral one, whose pitch follows from it.
TONE_PAIRS = tuple((first, second) for first in TONES[:4] for second in TONES)
KINDS = ("statement", "question", "exclamation", "dialogue")


@dataclass
class Coverage:
    """How often each thing is said.

    Attributes:
        initials: by spelling, "" where a syllable has none.
        finals: as in `workspace.prompts.pinyin.FINALS`.
        tones: of the dictionary, before any sandhi.
        pairs: tones of two syllables without a mark between them.
        types: initial and final together.
        kinds: sentences, each of one of `KINDS`.
    """

    initials: Counter[str] = field(default_factory=Counter)
    finals: Counter[str] = field(default_factory=Counter)
    tones: Counter[int] = field(default_factory=Counter)
    pairs: Counter[tuple[int, int]] = field(default_factory=Counter)
    types: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    def add(self, prompt: Prompt) -> None:
        """Count one more sentence.

        Raises:
            PinyinError: its pinyin does not belong to its text.
        """
        for clause in clauses(prompt):
            for initial, final, tone in clause:
                self.initials[initial] += 1
                self.finals[final] += 1
                self.types[initial, final] += 1
                self.tones[tone] += 1
            tones = [syllable.tone for syllable in clause]
            self.pairs.update(pair for pair in pairwise(tones) if pair in TONE_PAIRS)
        self.kinds[kind(prompt.text)] += 1


def covered(prompts: Iterable[Prompt]) -> Coverage:
    """What these sentences have in them.

    Raises:
        PinyinError: pinyin does not belong to its text.
    """
    coverage = Coverage()
    for prompt in prompts:
        coverage.add(prompt)
    return coverage


def clauses(prompt: Prompt) -> list[list[Syllable]]:
    """The syllables between two marks; an English word divides as a mark does.

    Raises:
        PinyinError: its pinyin does not belong to its text.
    """
    found: list[list[Syllable]] = [[]]
    for _, pinyin in paired(prompt.text, prompt.pinyin):
        if spoken := syllables(pinyin):
            found[-1] += spoken
        elif found[-1]:
            found.append([])
    return [clause for clause in found if clause]


def kind(text: str) -> str:
    """What a sentence is by its marks: dialogue where something is quoted in it."""
    if "“" in text:
        return "dialogue"
    match text[-1:]:
        case "？":
            return "question"
        case "！":
            return "exclamation"
    return "statement"
