"""What the sets of sentences cover, and the order in which every beginning covers most.

    python benchmarks/prompts.py            the table of docs/prompts.md
    python benchmarks/prompts.py --arrange  puts sentences.tsv in order first, numbered anew

Of every initial, final, tone, pair of tones, syllable and kind of sentence the logarithm of its
count is worth something: what has been said least gains most by being said once more. The next
sentence is always the one that gains most for the time it takes. As such gains only shrink while
sentences are chosen, old ones can wait in a heap until they come to its top (Minoux 1978).
"""

from __future__ import annotations

import argparse
import heapq
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import fields

from workspace.files import write_atomic
from workspace.prompts import SETS, Prompt
from workspace.prompts.coverage import KINDS, TONE_PAIRS, TONES, Coverage, covered
from workspace.prompts.pinyin import FINALS, INITIALS
from workspace.prompts.sets import SENTENCES, read_prompts

# There are 400 syllables and five tones: alone by their number, syllables would decide everything.
WEIGHTS = {"initials": 3.0, "finals": 3.0, "tones": 3.0, "pairs": 3.0, "types": 1.0, "kinds": 3.0}
PAUSE = 5.0  # syllables that could be said while one gets ready for the next sentence

Unit = tuple[str, Hashable]  # field of `Coverage`, and what is counted there


def units(prompt: Prompt) -> Counter[Unit]:
    """What a sentence says."""
    coverage = covered([prompt])
    found: Counter[Unit] = Counter()
    for group in fields(Coverage):
        for unit, count in getattr(coverage, group.name).items():
            found[group.name, unit] = count
    return found


def gain(said: Counter[Unit], before: Counter[Unit]) -> float:
    """What saying this adds to what was said before, for each syllable's time that it takes."""
    worth = sum(
        WEIGHTS[unit[0]] * math.log((1 + before[unit] + count) / (1 + before[unit]))
        for unit, count in said.items()
    )
    spoken = sum(count for (group, _), count in said.items() if group == "tones")
    return worth / (spoken + PAUSE)


def arranged(prompts: Sequence[Prompt]) -> list[Prompt]:
    """The prompts in the order of what each adds to those before it; equals keep their order."""
    said = [units(prompt) for prompt in prompts]
    before: Counter[Unit] = Counter()
    waiting = [(-gain(each, before), index) for index, each in enumerate(said)]
    heapq.heapify(waiting)
    order: list[int] = []
    while waiting:
        _, index = heapq.heappop(waiting)
        now = (-gain(said[index], before), index)
        if waiting and now > waiting[0]:
            heapq.heappush(waiting, now)
            continue
        before.update(said[index])
        order.append(index)
    return [prompts[index] for index in order]


def table(prompts: Sequence[Prompt]) -> str:
    """A row for each set: what it covers, and its length."""
    rows = [
        "| sentences | syllables | initials | finals | tones | pairs of tones | different syllables |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count in (*SETS.values(),):
        coverage = covered(prompts[:count])
        rows.append(
            f"| {min(count, len(prompts))} | {coverage.tones.total():,} "
            f"| {_covered_of(INITIALS, coverage.initials)} | {_covered_of(FINALS, coverage.finals)} "
            f"| {_covered_of(TONES, coverage.tones)} | {_covered_of(TONE_PAIRS, coverage.pairs)} "
            f"| {len(coverage.types)} |"
        )
    return "\n".join(rows)


def shares(prompts: Sequence[Prompt]) -> str:
    """How often each sound is said in all of them, in percent."""
    coverage = covered(prompts)
    lines = []
    for group, names in (("initials", INITIALS), ("finals", FINALS), ("tones", TONES)):
        counts = getattr(coverage, group)
        each = (f"{name or '-'} {100 * counts[name] / counts.total():.1f}" for name in names)
        lines.append(f"{group}: {'  '.join(each)}")
    kinds = (f"{kind} {coverage.kinds[kind]}" for kind in KINDS)
    return "\n".join([*lines, f"kinds: {'  '.join(kinds)}"])


def _covered_of(wanted: Iterable[Hashable], counts: Counter[Hashable]) -> str:
    """ "23 of 24", and how often the rarest of those that are there comes."""
    names = list(wanted)
    there = [counts[name] for name in names if counts[name]]
    return f"{len(there)} of {len(names)}, each {min(there)} times or more"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--arrange", action="store_true", help="put sentences.tsv in order")
    prompts: Sequence[Prompt] = read_prompts(SENTENCES)
    if parser.parse_args().arrange:
        prompts = arranged(prompts)
        lines = (
            f"zh{number:04}\t{prompt.text}\t{prompt.pinyin}\n"
            for number, prompt in enumerate(prompts, start=1)
        )
        write_atomic(SENTENCES, "".join(lines))
    print(table(prompts))
    print()
    print(shares(prompts))


if __name__ == "__main__":
    main()
