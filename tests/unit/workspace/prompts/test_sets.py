"""The sentences themselves: what they must cover, and that nobody reads one twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from workspace.prompts import SETS, TITLES, Prompt, paired, read_set, syllables
from workspace.prompts.coverage import KINDS, TONE_PAIRS, TONES, covered
from workspace.prompts.pinyin import FINALS, INITIALS

SHORTEST, LONGEST = 6, 24  # syllables, what one breath carries
WRITTEN = re.compile(r"(?:[一-鿿，。！？、：；“”—…]|[A-Za-z]+)+")


def test_every_set_has_its_title_and_its_number_of_sentences() -> None:
    assert TITLES.keys() == SETS.keys()
    assert {name: len(read_set(name)) for name in SETS} == SETS


def test_an_unknown_set_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="mandarin-50, mandarin-200"):
        read_set("mandarin-51")


def test_each_set_is_the_beginning_of_the_next() -> None:
    sets = [read_set(name) for name in sorted(SETS, key=SETS.__getitem__)]
    for smaller, larger in pairwise(sets):
        assert larger[: len(smaller)] == smaller


@pytest.fixture(scope="module")
def sentences() -> tuple[Prompt, ...]:
    return read_set(max(SETS, key=SETS.__getitem__))


def test_names_are_numbered_in_order(sentences: tuple[Prompt, ...]) -> None:
    names = [prompt.id for prompt in sentences]
    assert names == [f"zh{number:04}" for number in range(1, len(sentences) + 1)]


def test_every_sentence_is_one_breath(sentences: tuple[Prompt, ...]) -> None:
    lengths = {prompt.id: len(prompt.pinyin.split()) for prompt in sentences}
    assert [name for name, long in lengths.items() if not SHORTEST <= long <= LONGEST] == []


def test_every_sentence_is_simplified_hanzi_with_chinese_marks(
    sentences: tuple[Prompt, ...],
) -> None:
    """GB 2312 holds the 6,763 hanzi in common use, all of them simplified."""
    for prompt in sentences:
        assert WRITTEN.fullmatch(prompt.text), prompt
        assert prompt.text.encode("gb2312"), prompt
        assert prompt.text[-1] in "。！？”", prompt


def test_pinyin_belongs_to_its_text(sentences: tuple[Prompt, ...]) -> None:
    for prompt in sentences:
        pieces = paired(prompt.text, prompt.pinyin)
        english = [written for written, pinyin in pieces if written.isascii()]
        assert len(syllables(prompt.pinyin)) + len(english) == len(prompt.pinyin.split()), prompt


def test_no_two_sentences_are_alike(sentences: tuple[Prompt, ...]) -> None:
    assert _alike([prompt.text for prompt in sentences]) == []


def test_sentences_that_are_alike_are_found() -> None:
    texts = ["我们明天去北京。", "他在家。", "我们今天去北京！", "他昨天在家。"]
    assert _alike(texts) == [("我们明天去北京。", "我们今天去北京！"), ("他在家。", "他昨天在家。")]


def _alike(texts: list[str]) -> list[tuple[str, str]]:
    """Pairs that share half of the shorter one's neighbouring characters, or more."""
    seen: defaultdict[str, list[int]] = defaultdict(list)
    bigrams: list[set[str]] = []
    found = []
    for index, text in enumerate(texts):
        spoken = "".join(character for character in text if character.isalpha())
        bigrams.append({spoken[at : at + 2] for at in range(len(spoken) - 1)})
        shared = Counter(earlier for bigram in bigrams[-1] for earlier in seen[bigram])
        for earlier, count in shared.items():
            if 2 * count >= min(len(bigrams[earlier]), len(bigrams[index])):
                found.append((texts[earlier], text))
        for bigram in bigrams[-1]:
            seen[bigram].append(index)
    return found


def test_fifty_sentences_have_every_initial_tone_and_pair_and_nearly_every_final() -> None:
    coverage = covered(read_set("mandarin-50"))
    assert set(coverage.initials) == set(INITIALS)
    assert set(coverage.tones) == set(TONES)
    assert set(coverage.pairs) == set(TONE_PAIRS)
    assert len(set(FINALS) - set(coverage.finals)) <= 1  # ueng stands in two common words


def test_two_hundred_sentences_have_everything() -> None:
    coverage = covered(read_set("mandarin-200"))
    assert set(coverage.initials) == set(INITIALS)
    assert set(coverage.finals) == set(FINALS)
    assert set(coverage.tones) == set(TONES)
    assert set(coverage.pairs) == set(TONE_PAIRS)
    assert set(coverage.kinds) == set(KINDS)
