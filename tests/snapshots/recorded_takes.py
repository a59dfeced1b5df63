"""What daemons have answered of recordings, for pictures."""

from __future__ import annotations

import math
from typing import Any

from tests.snapshots.recorded import AT, Recording, Values, report
from workspace.prompts import read_set

PROMPTS = read_set("mandarin-50")
TAB = {
    "id": "tab-1", "kind": "browser", "name": "Firefox, Yeti Nano", "rate": 48_000,
    "microphone": True, "loudspeaker": True,
}  # fmt: skip
QUIET = {"noise": -64.2, "hum": None, "clicks": 0, "verdict": "good", "note": "quiet: -64 dBFS"}
PAGE = {
    "url": "http://localhost:8765/#4f1c", "port": 8765, "expires": AT + 600,
    "ssh": "ssh -L 8765:localhost:8765 me@gpu",
}  # fmt: skip
SPEAKERS = [
    {"speaker": "alice", "script": "mandarin-50", "prompts": 50, "kept": 12, "seconds": 62.4,
     "needed": 300.0, "held": True, "updated": AT - 40},
    {"speaker": "小明", "script": "mandarin-200+own", "prompts": 231, "kept": 231,
     "seconds": 1142.0, "needed": 300.0, "held": False, "updated": AT - 90_000},
    {"speaker": "bob", "script": "own", "prompts": 80, "kept": 0, "seconds": 0.0,
     "needed": 300.0, "held": True, "updated": AT - 400_000},
]  # fmt: skip
SCRIPTS = [
    {"name": "mandarin-50", "title": "Mandarin, 50 sentences", "count": 50},
    {"name": "mandarin-200", "title": "Mandarin, 200 sentences", "count": 200},
]
GOOD = {
    "seconds": 4.82, "speech": [0.52, 4.2], "lead": 0.52, "tail": 0.62, "loudness": -21.3,
    "peak": -4.2, "clipped": 0, "noise": -63.0, "snr": 42.0, "hum": None, "rate": 4.6,
    "words": {"said": "", "errors": 0.0, "ok": True}, "notes": [], "trim": [17_760, 213_600],
}  # fmt: skip
BAD = {
    **GOOD, "loudness": -11.8, "peak": 0.0, "clipped": 412, "noise": -41.0, "snr": 18.0,
    "lead": 0.01, "rate": 7.4, "trim": [0, 213_600],
    "words": {"said": "wo3 zai4 ge2 lou2", "errors": 0.41, "ok": False},
    "notes": [
        {"kind": "clipped", "text": "clipped in 412 samples: lower the gain, record it again"},
        {"kind": "cut-start",
         "text": "the beginning may be cut off: wait for the sign, then speak"},
        {"kind": "noisy", "text": "noisy: speech only 18 dB over the noise; come nearer, or "
         "quieten the room"},
        {"kind": "fast", "text": "fast: 7.4 syllables a second; was all of it said? take your "
         "time"},
    ],
}  # fmt: skip


def loudness_at(share: float) -> float:
    """How loud a sentence is at a share of its time, 0 to 1: syllables between two silences."""
    if not 0.11 < share < 0.87:
        return 0.002
    return 0.002 + 0.42 * math.sin((share - 0.11) / 0.76 * math.pi) ** 0.5 * (
        0.25 + 0.75 * math.sin(share * 53) ** 2
    )


def outline(gain: float = 1.0) -> list[list[float]]:
    """A sentence as an analysis draws it."""
    highs = [min(1.0, gain * loudness_at(place / 400)) for place in range(400)]
    return [[round(-0.9 * high, 3), round(high, 3)] for high in highs]


def levels(count: int) -> list[Values]:
    """The same as a meter hears it."""
    found = []
    for place in range(count):
        high = loudness_at(place / 190)
        decibels = round(20 * math.log10(high), 1)
        found.append({
            "at": round((place + 1) * 0.025, 3), "peak": decibels, "rms": decibels - 6,
            "clipped": 0, "low": round(-0.9 * high, 4), "high": round(high, 4),
        })  # fmt: skip
    return found


def card(prompt: Values, number: int, analysis: Values, *, kept: bool = False) -> Values:
    return {
        "take": f"{prompt['id']}-{number}", "key": "0" * 32, "prompt": prompt, "speaker": "alice",
        "device": {"kind": "browser", "name": "Firefox, Yeti Nano"}, "rate": 48_000,
        "frames": 231_360, "dropped": 0, "late": 0, "sha256": "", "made": AT, "kept": kept,
        "analysis": analysis,
    }  # fmt: skip


def session(kept: int, takes: list[Values], **changes: Any) -> Values:
    """A session of which so many sentences are kept, and the next has takes."""
    rows = []
    for place, one in enumerate(PROMPTS):
        prompt = {"id": one.id, "text": one.text, "pinyin": one.pinyin}
        made = [card(prompt, 1, GOOD, kept=True)] if place < kept else []
        if place == kept:
            made = [card(prompt, number, found) for number, found in enumerate(takes, 1)]
        rows.append({**prompt, "state": "kept" if place < kept else "open", "takes": made})
    return {
        "speaker": "alice", "script": "mandarin-50", "held": True, "room": QUIET, "kept": kept,
        "seconds": kept * 4.1, "needed": 300.0, "prompts": rows, **changes,
    }  # fmt: skip


def recording(shown: Values, *, attached: bool = True, gain: float = 1.0) -> Recording:
    """The answers of a daemon with one session."""
    first = session(0, [BAD])["prompts"][0]["takes"][0]
    whole = {**first, "analysis": {**first["analysis"], "outline": outline(gain)}}
    return Recording(
        jobs=[],
        machine=[report()],
        answers={
            "recordings.list": SPEAKERS,
            "recordings.scripts": SCRIPTS,
            "recordings.show": shown,
            "recordings.take": whole,
            "takes.pending": [],
            "sound.page": PAGE,
        },
        streams={
            "sound.devices": [{"devices": [TAB] if attached else []}],
            "sound.record": [{"key": "0" * 32}, {"levels": levels(90)}],
        },
    )


NOBODY = Recording(
    jobs=[], machine=[report()], answers={"recordings.list": [], "recordings.scripts": SCRIPTS}
)
SESSIONS = {
    "deaf": recording(session(12, []), attached=False),
    "room": recording(session(0, [], room=None)),
    "reading": recording(session(12, [])),
    "good": recording(session(12, [BAD, GOOD])),
    "bad": recording(session(12, [BAD]), gain=4.0),
    "done": recording(session(50, [], seconds=231.0)),
}
