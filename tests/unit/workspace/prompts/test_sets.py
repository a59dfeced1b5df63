"""The sentences themselves: what they must cover, and that nobody reads one twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from workspace.prompts import SETS, TITLES, Prompt, paired, read_set, syllables
from workspace.prompts.coverage import KINDS, TONE_PAIRS, TONES, covered
from workspace.prompts.pinyin import FINALS, INITIALS

SHORTEST, LONGEST = 6, 24  # syllables, what one breath carries
LATIN = re.compile(r"[A-Za-z]")
WRITTEN = re.compile(r"(?:[一-鿿，。！？、：；“”—…《》]|[A-Za-z]+)+")


def test_every_set_has_its_title_and_its_number_of_sentences() -> None:
    assert TITLES.keys() == SETS.keys()
    assert {name: len(read_set(name)) for name in SETS} == SETS


def test_an_unknown_set_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="mandarin-50, mandarin-200, mandarin-1000"):
        read_set("mandarin-51")


def test_each_set_is_the_beginning_of_the_next() -> None:
    sets = [read_set(name) for name in sorted(SETS, key=SETS.__getitem__)]
    for smaller, larger in pairwise(sets):
        assert larger[: len(smaller)] == smaller


@pytest.fixture(scope="module")
def sentences() -> tuple[Prompt, ...]:
    return read_set("mandarin-1000")


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


def test_english_words_are_in_the_largest_set_only(sentences: tuple[Prompt, ...]) -> None:
    english = [index for index, prompt in enumerate(sentences) if LATIN.search(prompt.text)]
    assert min(english) >= SETS["mandarin-200"]
    assert 25 <= len(english) <= 35


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


# Percent of the syllables of 21,190 sentences of others, news (AISHELL-1) and prose (THCHS-30),
# counted with the same splitter. The two are 0.10 (initials) and 0.03 (tones) from each other, a
# set in which all are as frequent is 0.25 and 0.12 from both together.
ORDINARY_INITIALS = {
    "b": 4.5, "p": 1.6, "m": 2.7, "f": 3.2, "d": 9.0, "t": 3.2, "n": 2.0, "l": 4.9, "g": 5.0,
    "k": 1.9, "h": 4.2, "j": 8.1, "q": 3.4, "x": 5.2, "zh": 6.3, "ch": 3.6, "sh": 7.2, "r": 2.0,
    "z": 3.3, "c": 1.4, "s": 2.1, "": 15.3,
}  # fmt: skip
ORDINARY_TONES = {1: 21.7, 2: 21.2, 3: 17.2, 4: 35.6}  # of news: speech has more neutral ones
FURTHEST_INITIALS, FURTHEST_TONES = 0.12, 0.08


def _distance(shares: Mapping[Any, float], others: Mapping[Any, float]) -> float:
    """Total variation over the keys of `others`: the share that would have to be others, 0 to 1."""
    total = sum(shares[key] for key in others)
    others_total = sum(others.values())
    return sum(abs(shares[key] / total - other / others_total) for key, other in others.items()) / 2


def test_a_thousand_sentences_sound_like_ordinary_mandarin(sentences: tuple[Prompt, ...]) -> None:
    coverage = covered(sentences)
    assert _distance(coverage.initials, ORDINARY_INITIALS) < FURTHEST_INITIALS
    assert _distance(coverage.tones, ORDINARY_TONES) < FURTHEST_TONES


def test_sentences_where_all_is_as_frequent_do_not_sound_so() -> None:
    assert _distance(dict.fromkeys(INITIALS, 1), ORDINARY_INITIALS) > FURTHEST_INITIALS
    assert _distance(dict.fromkeys(TONES, 1), ORDINARY_TONES) > FURTHEST_TONES
