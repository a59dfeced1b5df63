"""Long recordings in pieces that a model can read, each with its own text.

A text belongs to a whole recording. Once the recording is aligned, its pauses are known, and both
can be cut there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.audio.resample import SAMPLE_RATE
from engine.corpus.manifest import ALIGNMENT_FRAME, F0_FRAMES, SyllableSpan, Utterance
from engine.corpus.measure import Measured

SHORTEST_PIECE = 40  # alignment frames: 1 s
FRAME_SECONDS = ALIGNMENT_FRAME / SAMPLE_RATE


def cut(
    whole: Measured,
    durations: Sequence[int],
    pauses: frozenset[str],
    longest_seconds: float,
    longest_tokens: int,
) -> list[Measured]:
    """The recording in pieces no longer than asked for, as far as its pauses allow.

    The longest pause goes first; of pauses about equally long the one nearest to the middle.

    Args:
        whole: not yet in pieces.
        durations: alignment frames of its tokens, the beginning and the end included.
        pauses: symbols that may be silent.
        longest_seconds, longest_tokens: of a piece.

    Returns:
        The pieces in order; a stretch without a pause stays longer than asked for.
    """
    edges = [0]
    for frames in durations:
        edges.append(edges[-1] + frames)
    symbols = whole.utterance.symbols
    spans, todo = [], [(0, len(symbols))]
    while todo:
        start, end = todo.pop()
        place = _best_pause(symbols, durations, edges, pauses, start, end)
        seconds = (edges[end + 1] - edges[start + 1]) * FRAME_SECONDS
        fits = seconds <= longest_seconds and end - start <= longest_tokens
        if fits or place is None:
            spans.append((start, end))
        else:
            todo += [(place + 1, end), (start, place)]
    return [_piece(whole, edges, number, *span) for number, span in enumerate(sorted(spans))]


def _best_pause(
    symbols: Sequence[str],
    durations: Sequence[int],
    edges: Sequence[int],
    pauses: frozenset[str],
    start: int,
    end: int,
) -> int | None:
    """The token to cut at: it belongs to neither side. Token i's frames begin at `edges[i + 1]`."""
    first, last = edges[start + 1] + SHORTEST_PIECE, edges[end + 1] - SHORTEST_PIECE
    candidates = [
        place
        for place in range(start + 1, end - 1)
        if symbols[place] in pauses and first <= edges[place + 1] and edges[place + 2] <= last
    ]
    middle = (first + last) / 2
    return max(
        candidates,
        key=lambda place: (durations[place + 1] // 2, -abs(edges[place + 1] - middle)),
        default=None,
    )


def _piece(whole: Measured, edges: Sequence[int], number: int, start: int, end: int) -> Measured:
    """Tokens `start` to `end` with half of the pauses around them."""
    symbols = len(whole.utterance.symbols)
    before = 0 if start == 0 else (edges[start] + edges[start + 1]) // 2
    after = edges[-1] if end == symbols else (edges[end + 1] + edges[end + 2]) // 2
    syllables = tuple(
        SyllableSpan(s.hanzi, s.pinyin, s.start - start, s.end - start)
        for s in whole.utterance.syllables
        if start <= s.start and s.end <= end
    )
    utterance: Utterance = replace(
        whole.utterance,
        id=f"{whole.utterance.id}-{number + 1:02}",
        text="".join(s.hanzi or f" {s.pinyin} " for s in syllables).strip(),
        normalized="".join(s.hanzi or f" {s.pinyin} " for s in syllables).strip(),
        symbols=whole.utterance.symbols[start:end],
        ids=whole.utterance.ids[start:end],
        syllables=syllables,
        seconds=(after - before) * FRAME_SECONDS,
    )
    return Measured(
        utterance,
        whole.wave[before * ALIGNMENT_FRAME : after * ALIGNMENT_FRAME],
        whole.f0[before * F0_FRAMES : after * F0_FRAMES],
    )
