"""How far the front end's dictionary pinyin agrees with the pinyin of 21,190 sentences.

    python -m benchmarks.text_pinyin [--data ../shared/data/sentences.tsv] [--json] [--show 20]
    python -m benchmarks.text_pinyin --prompts  the 1,000 sentences that people are asked to record

The reference is lexical (no sandhi) and for the most part made by machine, so not every
disagreement is ours: the commonest ones are printed to be looked at. 一 and 不 and the neutral
tone are counted apart, because the reference writes them in more than one way. Every sentence is
also phonemized in both vocabularies, and the spans of its syllables are checked.

The pinyin of the prompts was written by hand, in the tones of a dictionary. Rules of the front end
were made with an eye on them: they tell what it does to everyday sentences, and no more than that.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.text import Frontend, Phonemes, Pinyin, TextError
from engine.text.english import dictionary_words, lookup
from engine.text.letter_to_sound import letter_to_sound
from engine.text.pronounce import pronounce
from workspace.prompts import Prompt, paired, read_set

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "sentences.tsv"
SPELLING_SAMPLE = 2000  # dictionary words that the letter-to-sound rules are tried on


@dataclass
class Agreement:
    """Counts over the sentences of one source."""

    sentences: int = 0
    failed: int = 0
    syllables: int = 0
    toneless: int = 0
    toned: int = 0
    contested: int = 0  # 一, 不 and syllables that one side calls neutral
    toned_uncontested: int = 0
    disagreements: Counter[str] = field(default_factory=Counter)

    def add(self, hanzi: str, reference: list[Pinyin]) -> None:
        """Compare one sentence."""
        ours = [syllable for word in pronounce(hanzi) for syllable in word.pinyin]
        for character, wanted, got in zip(hanzi, reference, ours, strict=True):
            if got is None:
                continue
            self.syllables += 1
            self.toneless += (wanted.initial, wanted.final) == (got.initial, got.final)
            self.toned += str(wanted) == str(got)
            contested = character in "一不" or 5 in (wanted.tone, got.tone)
            self.contested += contested
            self.toned_uncontested += not contested and str(wanted) == str(got)
            if str(wanted) != str(got):
                self.disagreements[f"{character} {wanted} ours {got}"] += 1

    def summary(self) -> dict[str, float | int]:
        """Shares in percent."""
        plain = self.syllables - self.contested
        return {
            "sentences": self.sentences,
            "failed": self.failed,
            "syllables": self.syllables,
            "toneless_agreement": round(100 * self.toneless / self.syllables, 3),
            "toned_agreement": round(100 * self.toned / self.syllables, 3),
            "toned_agreement_uncontested": round(100 * self.toned_uncontested / plain, 3),
        }


@dataclass
class Misreadings:
    """Syllables of the prompts that are read otherwise than they are written.

    Attributes:
        syllables: how many there are, English words apart.
        unpaired: prompts whose 儿 is a syllable where it is none; they are not compared.
        readings: another syllable, or another full tone.
        neutral: a neutral tone on one side alone.
        yi_bu: of 一 and 不 inside a word, which the front end says lightly.
    """

    syllables: int = 0
    unpaired: int = 0
    readings: Counter[str] = field(default_factory=Counter)
    neutral: Counter[str] = field(default_factory=Counter)
    yi_bu: Counter[str] = field(default_factory=Counter)

    def add(self, prompt: Prompt, spoken: Phonemes) -> None:
        """Compare one prompt."""
        wanted = [pair for pair in paired(prompt.text, prompt.pinyin) if pair[1]]
        got = [(syllable.hanzi, syllable.pinyin) for syllable in spoken.syllables]
        if [piece for piece, _ in wanted] != [piece for piece, _ in got]:
            self.unpaired += 1
            return
        for index, ((piece, right), (_, ours)) in enumerate(zip(wanted, got, strict=True)):
            self.syllables += not piece.isascii()
            if right != ours and not piece.isascii():
                before, after = (
                    "".join(text for text, _ in part)
                    for part in (wanted[max(0, index - 3) : index], wanted[index + 1 : index + 4])
                )
                line = f"{right} read as {ours}: {before}[{piece}]{after}"
                self._kind(piece, right, ours)[line] += 1

    def _kind(self, piece: str, right: str, ours: str) -> Counter[str]:
        if right[:-1] != ours[:-1] or "5" not in (right[-1], ours[-1]):
            return self.readings
        return self.yi_bu if piece in "一不" else self.neutral

    def summary(self) -> dict[str, float | int]:
        """Counts, and the share of syllables that are right (一 and 不 apart) in percent."""
        wrong = self.readings.total() + self.neutral.total()
        return {
            "syllables": self.syllables,
            "unpaired_prompts": self.unpaired,
            "another_reading": self.readings.total(),
            "neutral_or_not": self.neutral.total(),
            "yi_bu": self.yi_bu.total(),
            "right": round(100 * (1 - wrong / self.syllables), 3),
        }


def measure_prompts() -> Misreadings:
    """Read all prompts in the tones of a dictionary."""
    found, frontend = Misreadings(), Frontend(citation=True)
    for prompt in read_set("mandarin-1000"):
        found.add(prompt, frontend.phonemize(prompt.text))
    return found


def print_prompts(show: int, as_json: bool) -> None:
    """What is misread in the prompts, by kind."""
    found = measure_prompts()
    if as_json:
        print(json.dumps(found.summary()))
        return
    print("prompts", *(f"{key} {value}" for key, value in found.summary().items()), sep="\n  ")
    for kind in (found.readings, found.neutral, found.yi_bu):
        print(*(f"    {line}" for line in sorted(kind)[:show]), "", sep="\n")


@dataclass(frozen=True)
class Spelling:
    """Letter-to-sound rules on words that the dictionary knows."""

    words: int
    exact: float
    phone_error: float


def check_spans(phonemes: Phonemes) -> None:
    """Syllables are in order, not empty, disjoint, and hold no break or pause.

    Raises:
        ValueError: they are not.
    """
    end = 0
    for syllable in phonemes.syllables:
        tokens = phonemes.symbols[syllable.start : syllable.end]
        if syllable.start < end or not tokens or set(tokens) & set("/ ,.!?"):
            raise ValueError(f"bad span {syllable} in {phonemes.text}")
        end = syllable.end


def measure(data: Path) -> dict[str, Agreement]:
    """Compare all sentences, THCHS-30 and AISHELL-1 apart."""
    sources = {"thchs30": Agreement(), "aishell1": Agreement()}
    frontends = Frontend("v1.1-zh"), Frontend("v1.0")
    with data.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            source = sources["aishell1" if row["id"].startswith("BAC") else "thchs30"]
            source.sentences += 1
            try:
                for frontend in frontends:
                    check_spans(frontend.phonemize(row["hanzi"]))
            except (TextError, ValueError) as error:
                source.failed += 1
                print(f"{row['id']}: {error}", file=sys.stderr)
            if re.fullmatch(r"[a-z0-9 ]+", row["pinyin"]):  # seven have a Latin letter
                source.add(row["hanzi"], [Pinyin.parse(p) for p in row["pinyin"].split()])
    return sources


def measure_spelling(words: list[str]) -> Spelling:
    """Phones of the rules against phones of the dictionary, stress apart."""
    exact = errors = total = count = 0
    for word in words:
        known = lookup(word)
        if known is None:
            continue
        wanted = [phone.rstrip("012") for phone in known]
        got = [phone.rstrip("012") for phone in letter_to_sound(word)]
        count += 1
        exact += wanted == got
        errors += edit_distance(wanted, got)
        total += len(wanted)
    return Spelling(count, round(100 * exact / count, 1), round(100 * errors / total, 1))


def edit_distance(first: list[str], second: list[str]) -> int:
    """Levenshtein distance."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


def main() -> int:
    """Measure and print; 1 when a sentence cannot be phonemized."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="sentences.tsv")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--show", type=int, default=20, help="how many disagreements to list")
    parser.add_argument("--prompts", action="store_true", help="only the prompts of recordings")
    options = parser.parse_args()
    if options.prompts:
        print_prompts(options.show, options.json)
        return 0

    began = time.perf_counter()
    sources = measure(options.data)
    seconds = time.perf_counter() - began
    sample = random.Random(0).sample(dictionary_words(), SPELLING_SAMPLE)
    spelling = measure_spelling(sample)
    if options.json:
        result = {name: source.summary() for name, source in sources.items()}
        print(json.dumps({**result, "letter_to_sound": asdict(spelling), "seconds": seconds}))
    else:
        for name, source in sources.items():
            print(name, *(f"{key} {value}" for key, value in source.summary().items()), sep="\n  ")
            for line, count in source.disagreements.most_common(options.show):
                print(f"    {count:5d}  {line}")
        print("letter-to-sound", *(f"{k} {v}" for k, v in asdict(spelling).items()), sep="\n  ")
        print(f"{seconds:.1f} s")
    return 1 if any(source.failed for source in sources.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
