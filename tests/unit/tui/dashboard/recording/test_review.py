"""What is told of a take."""

from __future__ import annotations

from typing import Any

from tui.dashboard.lines import Line
from tui.dashboard.recording import review

ANALYSIS = {
    "seconds": 4.82, "speech": [0.6, 4.2], "lead": 0.6, "tail": 0.62, "loudness": -21.34,
    "peak": -4.2, "clipped": 0, "noise": -62.4, "snr": 41.0, "hum": None, "rate": 4.61,
    "words": None, "notes": [], "outline": [[-0.1, 0.1]], "trim": [100, 200],
}  # fmt: skip


def card(*notes: tuple[str, str], **analysis: Any) -> dict[str, Any]:
    told = [{"kind": kind, "text": text} for kind, text in notes]
    return {
        "take": "zh0001-2", "rate": 44_100, "kept": False, "frames": 1000,
        "device": {"kind": "browser", "name": "Firefox"}, "speaker": "alice",
        "prompt": {"id": "zh0001", "text": "你好", "pinyin": "ni3 hao3"},
        "analysis": {**ANALYSIS, "notes": told, **analysis},
    }  # fmt: skip


def text(lines: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def test_a_good_take_says_its_figures_and_nothing_else() -> None:
    said = text(review.lines(card(), 3))
    assert "take 2 of 3   not kept   Firefox, 44.1 kHz" in said
    assert "4.8 s   loudness -21.3 LUFS   peak -4.2 dBFS   noise -62 dBFS   SNR 41 dB" in said
    assert "pace 4.6 syllables/s   silence 0.60 s before   0.62 s behind" in said
    assert len(said.splitlines()) == 3 and review.is_sound(card())


def test_what_spoils_a_take_is_told_apart_from_advice() -> None:
    advised = card(("fast", "fast: take your time"))
    spoilt = card(("clipped", "clipped in 9 samples: lower the gain"), ("fast", "fast"))
    assert review.is_sound(advised) and not review.is_sound(spoilt)
    [_, _, _, clipped, fast] = review.lines(spoilt, 1)
    assert [span.tone for span in clipped] == ["bad", "bad"]
    assert [span.tone for span in fast] == ["warn", "warn"]
    figures = review.lines(spoilt, 1)[1]
    assert {span.text: span.tone for span in figures}["-4.2 dBFS"] == "bad"


def test_an_unknown_note_counts_as_a_fault() -> None:
    assert not review.is_sound(card(("new-kind", "something else")))


def test_words_are_told_once_they_were_listened_to() -> None:
    right = {"said": "ni3 hao3", "errors": 0.0, "ok": True}
    wrong = {"said": "ni3 gao1", "errors": 0.5, "ok": False}
    assert "the words are the sentence's" in text(review.lines(card(words=right), 1))
    misread = card(words=wrong)
    assert "50% of the syllables were heard otherwise: ni3 gao1" in text(review.lines(misread, 1))
    assert review.is_sound(card(words=right)) and not review.is_sound(misread)


def test_it_is_said_why_nobody_listens_to_the_words() -> None:
    assert "not checked: no recogniser" in text(review.lines(card(), 1, "no recogniser"))


def test_a_take_without_speech_has_no_pace() -> None:
    assert "pace –" in text(review.lines(card(rate=None), 1))


def test_a_room_in_words() -> None:
    room = {"noise": -48.2, "hum": {"hz": 50, "db": 21.0}, "clicks": 2, "verdict": "poor",
            "note": "noisy: -48 dBFS; switch off fans"}  # fmt: skip
    said = review.room(room)
    assert said[0][0].tone == "bad"
    assert "noisy: -48 dBFS" in text(said) and "noise -48 dBFS · hum at 50 Hz · 2 clicks" in text(
        said
    )
