"""What is told of a take, and of a room: figures, and in words what to do; pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tui.dashboard.lines import Line
from tui.dashboard.tones import Tone
from tui.dashboard.widgets.table import Span
from tui.quantities import duration

Card = Mapping[str, Any]

ADVICE = frozenset({"loud", "noisy", "hum", "fast", "slow"})  # worth a word; the take is usable
GAP = "   "
VERDICTS: Mapping[str, Tone] = {"good": "good", "fair": "warn", "poor": "bad"}


def is_sound(card: Card) -> bool:
    """Whether nothing speaks against keeping a take."""
    words = card["analysis"].get("words")
    misread = words is not None and not words["ok"]
    return not misread and all(note["kind"] in ADVICE for note in card["analysis"]["notes"])


def lines(card: Card, takes: int, wordless: str = "") -> list[Line]:
    """Everything about a take.

    Args:
        card: its card.
        takes: how many its prompt has.
        wordless: why nobody listens to the words; "" where somebody does.
    """
    return [standing(card, takes), *figures(card), *notes(card), *words(card, wordless)]


def standing(card: Card, takes: int) -> Line:
    """Which take it is, and whether it is kept."""
    number = str(card["take"]).rpartition("-")[2]
    of = f"take {number} of {takes}" if takes > 1 else f"take {number}"
    state = Span("✓ kept", "good") if card["kept"] else Span("not kept", "dim")
    device = card.get("device") or {}
    by = f"{device.get('name', '')}, {kilohertz(card['rate'])}".lstrip(", ")
    return (Span(of, "strong"), Span(GAP), state, Span(GAP + by, "faint"))


def figures(card: Card) -> Iterator[Line]:
    """What was measured; a figure that a note speaks of has the note's tone."""
    found, kinds = card["analysis"], {note["kind"] for note in card["analysis"]["notes"]}

    def tone(*bad: str) -> Tone:
        return _tone(next((kind for kind in bad if kind in kinds), ""))

    yield _row(
        ("", duration(found["seconds"]), ""),
        ("loudness", f"{found['loudness']:.1f} LUFS", tone("quiet")),
        ("peak", f"{found['peak']:.1f} dBFS", tone("clipped", "loud")),
        ("noise", f"{found['noise']:.0f} dBFS", tone("noisy")),
        ("SNR", f"{found['snr']:.0f} dB", tone("noisy")),
    )
    pace = found.get("rate")
    yield _row(
        ("pace", f"{pace:.1f} syllables/s" if pace else "–", tone("fast", "slow")),
        ("silence", f"{found['lead']:.2f} s before", tone("cut-start")),
        ("", f"{found['tail']:.2f} s behind", tone("cut-end")),
    )


def notes(card: Card) -> Iterator[Line]:
    """What is wrong and what to do, a line each."""
    for note in card["analysis"]["notes"]:
        tone = _tone(note["kind"])
        yield (Span("▲ " if tone == "bad" else "△ ", tone), Span(note["text"], tone))


def words(card: Card, wordless: str = "") -> Iterator[Line]:
    """Whether the recogniser heard the prompt, once it has listened."""
    found = card["analysis"].get("words")
    if found is None:
        if wordless:
            yield (Span(f"the words are not checked: {wordless}", "faint"),)
    elif found["ok"]:
        yield (Span("✓ the words are the sentence's", "good"),)
    else:
        yield (
            Span(f"▲ {found['errors']:.0%} of the syllables were heard otherwise: ", "bad"),
            Span(str(found["said"])),
        )


def room(measured: Mapping[str, Any]) -> list[Line]:
    """How a room is, in words."""
    verdict = str(measured["verdict"])
    hum = measured.get("hum")
    heard = f"hum at {hum['hz']} Hz" if hum else "no hum"
    clicks = measured.get("clicks") or 0
    return [
        (Span(f"● {verdict}", VERDICTS.get(verdict, "")), Span(f"  {measured['note']}")),
        (Span(f"noise {measured['noise']:.0f} dBFS · {heard} · {clicks} clicks", "dim"),),
    ]


def kilohertz(rate: float) -> str:
    """A rate in Hz as "48 kHz" or "44.1 kHz"."""
    return f"{rate / 1000:g} kHz"


def _tone(kind: str) -> Tone:
    if not kind:
        return ""
    return "warn" if kind in ADVICE else "bad"


def _row(*measured: tuple[str, str, Tone]) -> Line:
    spans: list[Span] = []
    for label, value, tone in measured:
        if spans:
            spans.append(Span(GAP))
        if label:
            spans.append(Span(f"{label} ", "faint"))
        spans.append(Span(value, tone))
    return tuple(spans)
