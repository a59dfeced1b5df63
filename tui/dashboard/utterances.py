"""A dataset's utterances: a list that comes page by page, and what is said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui.dashboard.histograms import histogram
from tui.dashboard.lines import Line, beside, labelled
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.columns import Cell, Span
from tui.quantities import duration, figure

Utterance = Mapping[str, Any]
Figures = Mapping[str, Any]

PAGE = 60  # utterances that are asked for at once: 30 kB
PAGES_HELD = 100  # the latest; what is older is asked for again
STATES = ("all", "kept", "refused", "corrected")
LABEL = 11  # cells
REFUSALS_BESIDE = 120  # cells from which refusals stand beside the histograms
WIDEST_CHART = 56  # cells of a histogram that has refusals beside it
UNKNOWN: Utterance = {}  # what stands for an utterance that has not come yet


class Pages(Mapping[str, Utterance]):
    """The daemon's list by place ("0", "1", ...), as far as it has come.

    What has not come yet is `UNKNOWN`, so that a list of 88,000 is there at once and is filled
    where somebody looks.

    Attributes:
        version: of the dataset that the list tells of.
        places: the keys, from above.
    """

    def __init__(self, version: str, total: int, page: int = PAGE) -> None:
        self.version = version
        self.places = [str(place) for place in range(total)]
        self._page = page
        self._known: dict[str, Utterance] = {}
        self._held: dict[int, list[str]] = {}  # places by offset, the latest page last

    def take(self, offset: int, utterances: Sequence[Utterance]) -> list[str]:
        """Take in a page; returns the places that it fills."""
        places = self.places[offset : offset + len(utterances)]
        self._known.update(zip(places, utterances, strict=False))
        self._held.pop(offset, None)
        self._held[offset] = places
        if len(self._held) > PAGES_HELD:
            for place in self._held.pop(next(iter(self._held))):
                del self._known[place]
        return places

    def missing(self, first: int, last: int) -> list[int]:
        """Offsets of the pages that are wanted to know the places from first to last."""
        first, last = max(0, first), min(last, len(self.places) - 1)
        start = first - first % self._page
        return [
            offset
            for offset in range(start, last + 1, self._page)
            if any(place not in self._known for place in self.places[offset : offset + self._page])
        ]

    def place_of(self, id_: str) -> str | None:
        """Where an utterance is, if it has come."""
        return next((place for place, one in self._known.items() if one["id"] == id_), None)

    def __getitem__(self, place: str) -> Utterance:
        return self._known.get(place, UNKNOWN)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def mark_cell(one: Utterance) -> Cell:
    """Kept, refused, corrected, or corrected and not yet prepared anew."""
    if not one:
        return Span("·", "faint")
    if one["correction"] is not None and not one["corrected"]:
        return Span("✎", "warn")
    if one["corrected"]:
        return Span("✎", "good" if one["state"] == "kept" else "bad")
    return Span("✓", "good") if one["state"] == "kept" else Span("✗", "bad")


def text_cell(one: Utterance) -> Cell:
    """What is said; its correction where there is one."""
    return Span(one["correction"] or one["text"] or "–") if one else Span("…", "faint")


def pinyin_cell(one: Utterance) -> Cell:
    """How it is read."""
    return Span(one.get("pinyin") or "", "dim")


def seconds_cell(one: Utterance) -> Cell:
    """Length, seconds."""
    seconds = one.get("seconds")
    return f"{seconds:.1f}" if seconds is not None else ""


def pitch_cell(one: Utterance) -> Cell:
    """Median F0, Hz."""
    pitch = one.get("pitch")
    return f"{pitch['median']:.0f}" if pitch else ""


def reason_cell(one: Utterance) -> Cell:
    """Why it was refused, or what was unusual."""
    if one.get("reason"):
        return Span(one["reason"], "bad")
    return Span("; ".join(one.get("notes") or ()), "dim")


def details(one: Utterance) -> Iterator[Line]:
    """All that is known of an utterance."""
    if not one:
        return
    yield (Span(one["id"], "strong"), Span(f"   {one['speaker'] or ''}", "dim"))
    said: list[tuple[str, str, Tone]] = [("refused", one["reason"], "bad")]
    said.append(("to do", one["fix"], "accent"))
    said.append(("text", one["text"], "strong"))
    if one["correction"] is not None and not one["corrected"]:
        said.append(("corrected", f"{one['correction']}  (not prepared anew yet)", "warn"))
    elif one["corrected"]:
        said.append(("", "this text is a correction; the file has another", "good"))
    if one["normalized"] != one["text"]:
        said.append(("spoken", one["normalized"], ""))
    said.append(("pinyin", one["pinyin"] or "", ""))
    said.append(("phonemes", one["phonemes"] or "", "dim"))
    for label, text, tone in said:
        if text:
            yield labelled(label, LABEL, Span(text, tone))
    yield from _measured(one)
    for note in one["notes"]:
        yield labelled("note", LABEL, Span(note, "warn"))
    if one["audio"]:
        yield labelled("file", LABEL, Span(one["audio"], "dim"))


def _measured(one: Utterance) -> Iterator[Line]:
    if one["seconds"] is None:
        return
    yield labelled("length", LABEL, Span(f"{one['seconds']:.2f} s"))
    if pitch := one["pitch"]:
        spread = f"   5–95 %: {pitch['low']:.0f}–{pitch['high']:.0f} Hz"
        middle = Span(f"{pitch['median']:.0f} Hz")
        yield labelled("F0", LABEL, middle, Span(spread, "dim"))
    level = f"{one['level']:.1f} dBFS   SNR {one['snr']:.0f} dB"
    yield labelled("level", LABEL, Span(level))
    if one["score"] is not None:
        score = Span(f"{figure(one['score'])} log-likelihood a frame", "dim")
        yield labelled("alignment", LABEL, score)


def totals(figures: Figures) -> Line:
    """How much was kept and refused."""
    refused, corrected = figures["refused"], figures["corrected"]
    line = [Span(f"{figures['kept']:,} kept", "good")]
    line.append(Span(f"   {refused:,} refused", "bad" if refused else "dim"))
    line.append(Span(f"   {corrected:,} corrected", "accent" if corrected else "dim"))
    line.append(Span(f"   {duration(figures['seconds'])} of speech"))
    if figures["reused"]:
        line.append(Span(f"   {figures['reused']:,} as they were before", "dim"))
    if len(figures["speakers"]) > 1:
        line.append(Span(f"   {len(figures['speakers']):,} speakers", "dim"))
    return tuple(line)


def overview(figures: Figures, width: int, height: int) -> list[Line]:
    """Histograms of duration and F0 beside each other, and the refusals by reason.

    Args:
        figures: as `datasets.figures` tells them.
        width: cells.
        height: cells of the highest bar.
    """
    wide = width >= REFUSALS_BESIDE
    each = min(WIDEST_CHART, width * 3 // 10) if wide else (width - 2) // 2
    measured = figures["histograms"]
    charts = [
        histogram("duration", "s", measured.get("seconds"), each, height),
        histogram("F0", "Hz", measured.get("pitch"), each, height),
    ]
    blocks = [(chart, each) for chart in charts]
    if wide:
        return beside([*blocks, (refusals(figures, height + 2, fixes=True), width - 2 * each - 4)])
    told = refusals(figures, height, fixes=False)
    return [*beside(blocks), *(beside([(told, width)]) if told else [])]


def refusals(figures: Figures, rows: int, *, fixes: bool) -> list[Line]:
    """What was refused by reason, the most first, in at most `rows` lines.

    Args:
        figures: as `datasets.figures` tells them.
        rows: lines.
        fixes: whether what to do has a line of its own.
    """
    groups = figures["refusals"]
    if not groups:
        return [(Span("nothing was refused", "good"),)] if fixes else []
    lines: list[Line] = []
    for place, group in enumerate(groups):
        what = group["what"]
        what = f"… {what}" if what.startswith("is ") else what  # its file's name was left out
        entry: list[Line] = [(Span(f"{group['count']:,} × ", "warn"), Span(what, "bad"))]
        fix = Span(f"   {group['fix']}", "dim")
        if fixes:
            entry.append((fix,))
        else:
            entry[0] = (*entry[0], fix)
        left = len(groups) - place
        if len(lines) + len(entry) + (left > 1) > rows and lines:
            return [*lines, (Span(f"and {left} more reasons: s shows the refused", "dim"),)]
        lines += entry
    return lines
