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
import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields
from statistics import fmean
from typing import Any

from workspace.files import write_atomic
from workspace.prompts import SETS, Prompt
from workspace.prompts.coverage import KINDS, TONE_PAIRS, TONES, Coverage, covered
from workspace.prompts.pinyin import FINALS, INITIALS
from workspace.prompts.sets import SENTENCES, read_prompts

# There are 400 syllables and five tones: alone by their number, syllables would decide everything.
WEIGHTS = {"initials": 3.0, "finals": 3.0, "tones": 3.0, "pairs": 3.0, "types": 1.0, "kinds": 3.0}
PLAIN = SETS["mandarin-200"]  # English words come behind these
PAUSE = 5.0  # syllables that could be said while one gets ready for the next sentence
DRAWS = 200

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
    """The prompts in the order of what each adds; sets without English words come first."""
    plain = [prompt for prompt in prompts if prompt.text.upper() == prompt.text.lower()]
    first = in_order(plain, Counter())[:PLAIN]
    before = sum(map(units, first), Counter())
    return first + in_order([prompt for prompt in prompts if prompt not in first], before)


def in_order(prompts: Sequence[Prompt], before: Counter[Unit]) -> list[Prompt]:
    """The prompts in the order of what each adds to what was said before; equals keep theirs."""
    before = before.copy()
    said = [units(prompt) for prompt in prompts]
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
    """A row for each set: what it covers of each group."""
    rows = [
        "| sentences | syllables | initials | finals | tones | pairs of tones | syllable types |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for count in SETS.values():
        coverage = covered(prompts[:count])
        groups = (
            _share(INITIALS, coverage.initials),
            _share(FINALS, coverage.finals),
            _share(TONES, coverage.tones),
            _share(TONE_PAIRS, coverage.pairs),
            str(len(coverage.types)),
        )
        rows.append(f"| {count:,} | {coverage.tones.total():,} | {' | '.join(groups)} |")
    return "\n".join(rows)


def _share(wanted: Sequence[Hashable], counts: Mapping[Any, int]) -> str:
    """ "37 of 38 (3)": how many are there, and how often the rarest of these comes."""
    there = [counts[each] for each in wanted if counts[each]]
    return f"{len(there)} of {len(wanted)} ({min(there)})"


def at_random(prompts: Sequence[Prompt]) -> str:
    """What as many sentences have that are only drawn: the order is worth what lies between."""
    draw = random.Random(0)
    lines = []
    for count in sorted(SETS.values())[:-1]:
        types = [len(covered(draw.sample(prompts, count)).types) for _ in range(DRAWS)]
        lines.append(
            f"{count} at random: {fmean(types):.0f} syllable types, at best {max(types)} "
            f"({DRAWS} draws)"
        )
    return "\n".join(lines)


def frequencies(prompts: Sequence[Prompt]) -> str:
    """How often each sound is said, in percent, and how many sentences are of each kind."""
    coverage = covered(prompts)
    lines = []
    for group, names in (("initials", INITIALS), ("finals", FINALS), ("tones", TONES)):
        counts = getattr(coverage, group)
        each = (f"{name or '-'} {100 * counts[name] / counts.total():.1f}" for name in names)
        lines.append(f"{group}: {'  '.join(each)}")
    kinds = (f"{kind} {coverage.kinds[kind]}" for kind in KINDS)
    return "\n".join([*lines, f"kinds: {'  '.join(kinds)}"])


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
    print(at_random(prompts))
    print()
    print(frequencies(prompts))


if __name__ == "__main__":
    main()
