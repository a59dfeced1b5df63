"""A voice's card in lines: pure functions of what `voices.list` tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.dashboard.lines import Line, labelled
from tui.dashboard.widgets.columns import Span
from tui.quantities import ago, figure

Voice = Mapping[str, Any]
Labelled = tuple[str, tuple[Span, ...]]
LABEL = 20  # cells
NAMES: Mapping[str, str] = {
    "full_mcd": "MCD, text to speech", "copy_mcd": "MCD, true prosody",
    "f0_rmse": "F0 error", "duration_mae": "durations", "speaker_cosine": "alike",
    "real_to_real": "real to real", "voicing_error": "voicing error",
}  # fmt: skip
UNITS: Mapping[str, str] = {
    "full_mcd": "dB", "copy_mcd": "dB", "f0_rmse": "semitones", "duration_mae": "ms",
}  # fmt: skip


def base_of(voice: Voice) -> str:
    """Name and size of the base that a voice stands on."""
    base = voice.get("base") or {}
    if isinstance(base, str):
        return base
    name, size = str(base.get("name") or ""), str(base.get("size") or "")
    return name if size in ("", name) else f"{name} ({size})"


def made_by(voice: Voice) -> str:
    """How the voice came to be: "stage2", "clone", "mix", "base voice"."""
    return str(voice.get("method") or ("base voice" if not voice["version"] else "stage2"))


def measure(voice: Voice, name: str) -> str:
    """One figure of the card; "" where it has none."""
    value = (voice.get("measures") or {}).get(name)
    return figure(value) if isinstance(value, int | float) else ""


def lines(voice: Voice, now: float) -> Iterator[Line]:
    """The card; `now` is Unix time, seconds."""
    yield (Span(str(voice["name"]), "strong"),)
    for label, spans in _told(voice, now):
        yield labelled(label, LABEL, *spans)


def _told(voice: Voice, now: float) -> Iterator[Labelled]:
    yield "base", (Span(base_of(voice)),)
    if voice["version"]:
        older = len(voice["versions"]) - 1
        more = f"   and {older} older" if older else ""
        yield "version", (Span(str(voice["version"])), Span(more, "dim"))
    if voice.get("created"):
        yield "made", (Span(ago(voice["created"], now)), Span(f"   by {made_by(voice)}", "dim"))
    if voice.get("steps"):
        best = voice.get("best_step")
        kept = f"   kept step {best:,}" if best is not None else ""
        yield "steps", (Span(f"{voice['steps']:,}"), Span(kept, "dim"))
    yield from _data(voice)
    yield from _figures(voice)
    if voice.get("problem"):
        yield "problem", (Span(str(voice["problem"]), "bad"),)
    yield "folder", (Span(str(voice["folder"]), "dim"),)


def _data(voice: Voice) -> Iterator[Labelled]:
    data = voice.get("data") or {}
    if data.get("utterances"):
        minutes = f", {figure(data['minutes'])} minutes" if data.get("minutes") else ""
        yield "data", (Span(f"{data['utterances']:,} utterances{minutes}"),)
    if data.get("dataset"):
        yield "dataset", (Span(str(data["dataset"])),)
    parents = voice.get("parents") or voice.get("mixed_from") or ()
    if isinstance(parents, Mapping):
        parents = [f"{name} {share}" for name, share in parents.items()]
    if parents:
        yield "from", (Span(", ".join(map(str, parents))),)
    trained = voice.get("trained") or {}
    if isinstance(trained, Mapping) and trained:
        said = ", ".join(f"{name} {count:,}" for name, count in trained.items())
        yield "trained", (Span(said, "dim"),)


def _figures(voice: Voice) -> Iterator[Labelled]:
    measures = dict(voice.get("measures") or {})
    known = [name for name in NAMES if name in measures]
    for name in [*known, *(name for name in measures if name not in NAMES)]:
        value, unit = measures[name], UNITS.get(name, "")
        said = f"{figure(value)} {unit}" if isinstance(value, int | float) else str(value)
        yield NAMES.get(name, name.replace("_", " ")), (Span(said.rstrip(), "good"),)
    if measures and voice.get("measured_on"):
        yield "measured on", (Span(str(voice["measured_on"]), "dim"),)
