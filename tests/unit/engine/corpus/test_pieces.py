"""Long recordings cut at their pauses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.corpus.manifest import SyllableSpan
from engine.corpus.measure import Measured
from engine.corpus.pieces import SHORTEST_PIECE, cut
from tests.corpora import utterance

PAUSES = frozenset(",/ ")


def _whole(symbols: str, durations: tuple[int, ...]) -> Measured:
    """A recording whose samples and F0 tell their alignment frame."""
    frames = sum(durations)
    syllables = tuple(
        SyllableSpan("好", "hao3", place, place + 1)
        for place, symbol in enumerate(symbols)
        if symbol not in PAUSES
    )
    item = replace(
        utterance(1, "anna", durations), symbols=tuple(symbols), ids=tuple(range(len(symbols))),
        syllables=syllables, durations=(),
    )  # fmt: skip
    return Measured(
        item,
        np.repeat(np.arange(frames), 600).astype(np.float32),
        np.repeat(np.arange(frames), 2).astype(np.float32),
    )


def test_what_is_short_enough_stays_whole() -> None:
    whole = _whole("ab,cd", (2, 50, 50, 10, 50, 50, 2))
    [piece] = cut(whole, (2, 50, 50, 10, 50, 50, 2), PAUSES, 60.0, 100)
    assert piece.utterance.symbols == whole.utterance.symbols
    assert np.array_equal(piece.wave, whole.wave)


def test_pieces_are_cut_in_their_longest_pause_and_keep_half_of_it() -> None:
    durations = (2, 50, 50, 4, 60, 20, 50, 50, 2)
    whole = _whole("ab/c,de", durations)
    first, second = cut(whole, durations, PAUSES, 5.0, 100)
    assert first.utterance.symbols == ("a", "b", "/", "c")
    assert second.utterance.symbols == ("d", "e")
    assert (first.utterance.ids, second.utterance.ids) == ((0, 1, 2, 3), (5, 6))
    assert [s.start for s in second.utterance.syllables] == [0, 1]
    assert first.utterance.text == "好好好"
    middle = 2 + 50 + 50 + 4 + 60 + 10  # of the pause, in frames
    assert np.array_equal(np.unique(first.wave), np.arange(middle))
    assert np.array_equal(np.unique(second.wave), np.arange(middle, sum(durations)))
    for piece in (first, second):
        assert len(piece.wave) == piece.utterance.samples == 300 * len(piece.f0)
    assert first.utterance.id != second.utterance.id


def test_pieces_are_cut_until_all_fit() -> None:
    durations = (2, *(60, 12) * 5, 60, 2)
    whole = _whole("a,b,c,d,e,f", durations)
    by_time = cut(whole, durations, PAUSES, 3.5, 100)
    assert all(piece.utterance.seconds <= 3.5 + 0.3 for piece in by_time)
    by_tokens = cut(whole, durations, PAUSES, 60.0, 3)
    assert all(len(piece.utterance.symbols) <= 3 for piece in by_tokens)
    for pieces in (by_time, by_tokens):
        assert np.array_equal(np.concatenate([piece.wave for piece in pieces]), whole.wave)
        assert sum(len(piece.utterance.syllables) for piece in pieces) == 6


def test_no_piece_is_cut_so_short_that_nothing_can_be_told_from_it() -> None:
    durations = (2, SHORTEST_PIECE - 10, 20, 200, 2)
    assert len(cut(_whole("a,b", durations), durations, PAUSES, 3.0, 100)) == 1


def test_speech_without_a_pause_stays_whole() -> None:
    durations = (2, 100, 100, 100, 2)
    assert len(cut(_whole("abc", durations), durations, PAUSES, 2.0, 100)) == 1
