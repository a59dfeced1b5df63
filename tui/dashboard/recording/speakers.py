"""Speakers in rows: how far each is; pure functions over `recordings.list`."""

from __future__ import annotations

from tui.dashboard import formats
from tui.dashboard.widgets.table import Cell, Column, Span
from tui.quantities import ago
from tui.recordings import Speaker, script_of, state_of, tape

BAR = 14  # cells


def columns(now: float) -> tuple[Column[Speaker], ...]:
    """The columns of the list at a Unix time, seconds."""
    return (
        Column(name="speaker", width=14, flex=2, cell=lambda s: Span(s["speaker"], "strong")),
        Column(name="reads", width=14, flex=2, cell=lambda s: Span(script_of(s), "dim"), rank=2),
        Column(name="sentences", width=10, cell=_sentences, align="right"),
        Column(name="speech", width=13, cell=_speech, align="right"),
        Column(name="", width=BAR, cell=_bar, rank=1),
        Column(name="state", width=11, cell=_state),
        Column(
            name="last", width=13, align="right", rank=3,
            cell=lambda s: Span(ago(s["updated"], now), "dim"),
        ),
    )  # fmt: skip


def _state(speaker: Speaker) -> Cell:
    return Span(state_of(speaker), "busy" if speaker["held"] else "good")


def _sentences(speaker: Speaker) -> Cell:
    return (Span(f"{speaker['kept']:,}"), Span(f" of {speaker['prompts']:,}", "dim"))


def _speech(speaker: Speaker) -> Cell:
    return (Span(tape(speaker["seconds"])), Span(f" of {tape(speaker['needed'])}", "dim"))


def _bar(speaker: Speaker) -> Cell:
    needed = speaker["needed"]
    return formats.bar(min(1.0, speaker["seconds"] / needed) if needed else 1.0, BAR)
