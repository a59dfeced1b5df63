"""A dataset's utterances: a list that comes in pages, histograms, refusals by reason."""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len

from tui.dashboard import utterances
from tui.dashboard.histograms import histogram, merged, trimmed
from tui.dashboard.lines import Line, beside, cut, width_of
from tui.dashboard.utterances import PAGES_HELD, Pages
from tui.dashboard.widgets.table import Span


def utterance(id_: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": id_, "state": "kept", "speaker": "alice", "text": "今天天气很好",
        "normalized": "今天天气很好", "pinyin": "jin1 tian1", "phonemes": "ㄐ ㄧ", "seconds": 2.0,
        "pitch": {"low": 150.0, "median": 188.4, "high": 210.0}, "snr": 30.0, "level": -20.0,
        "score": -0.03, "notes": [], "reason": "", "fix": "", "audio": f"datasets/a/{id_}.wav",
        "corrected": False, "correction": None, **changes,
    }  # fmt: skip


REFUSED = utterance(
    "bad", state="refused", text="", normalized="", speaker=None, pinyin=None, phonemes=None,
    seconds=None, pitch=None, snr=None, level=None, score=None, reason="no text", fix="write one",
)  # fmt: skip


def texts(lines: list[Line]) -> list[str]:
    return ["".join(span.text for span in line) for line in lines]


def figures(refusals: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "kept": 12, "refused": len(refusals), "corrected": 1, "reused": 11, "seconds": 75.0,
        "speakers": {"alice": {}}, "refusals": refusals,
        "histograms": {
            "seconds": {"edges": [0.0, 1.0, 2.0, 3.0], "counts": [0, 8, 4]},
            "pitch": {"edges": [100.0, 120.0, 140.0], "counts": [12, 0]},
        },
    }  # fmt: skip


def refusal(what: str, count: int = 1) -> dict[str, Any]:
    return {"what": what, "fix": "mend it", "count": count, "examples": ["bad"]}


def test_only_the_pages_that_are_looked_at_are_wanted() -> None:
    pages = Pages("v1", total=88_000, page=100)
    assert pages.missing(250, 320) == [200, 300]
    assert pages.take(200, [utterance(str(n)) for n in range(100)])[:2] == ["200", "201"]
    assert pages.missing(250, 320) == [300]
    assert pages.missing(87_990, 88_050) == [87_900]
    assert pages["205"]["id"] == "5" and pages["300"] == {}
    assert pages.place_of("5") == "205" and pages.place_of("x") is None


def test_what_was_seen_long_ago_is_forgotten_and_asked_for_again() -> None:
    pages = Pages("v1", total=88_000, page=1)
    for place in range(PAGES_HELD + 1):
        pages.take(place, [utterance(str(place))])
    assert pages["0"] == {} and pages["1"]["id"] == "1"
    assert pages.missing(0, 3) == [0]


def test_an_empty_list_wants_nothing() -> None:
    pages = Pages("v1", total=0)
    assert pages.missing(0, 40) == [] and pages.places == []


def test_what_has_not_come_is_drawn_as_such() -> None:
    blank = Pages("v1", total=1)["0"]
    assert utterances.text_cell(blank) == Span("…", "faint")
    for cell in (utterances.pinyin_cell, utterances.reason_cell, utterances.mark_cell):
        assert cell(blank)
    assert utterances.seconds_cell(blank) == utterances.pitch_cell(blank) == ""
    assert list(utterances.details(blank)) == []


def test_marks_tell_kept_refused_corrected_and_what_is_still_to_be_redone() -> None:
    noted = utterance("a", correction="明天")
    done = utterance("a", text="明天", correction="明天", corrected=True)
    assert utterances.mark_cell(utterance("a")) == Span("✓", "good")
    assert utterances.mark_cell(REFUSED) == Span("✗", "bad")
    assert utterances.mark_cell(noted) == Span("✎", "warn")
    assert utterances.mark_cell(done) == Span("✎", "good")
    assert utterances.text_cell(noted) == Span("明天")
    assert any("not prepared anew yet" in line for line in texts(list(utterances.details(noted))))


def test_details_say_what_was_measured_or_why_it_was_refused() -> None:
    kept = "\n".join(texts(list(utterances.details(utterance("a")))))
    assert "188 Hz" in kept and "150–210 Hz" in kept and "datasets/a/a.wav" in kept
    refused = "\n".join(texts(list(utterances.details(REFUSED))))
    assert "no text" in refused and "write one" in refused and "length" not in refused


def test_the_highest_bar_fills_the_height_and_no_bin_is_lost() -> None:
    values = {"edges": [0, 1, 2, 3, 4], "counts": [800, 0, 1, 400]}
    drawn = texts(histogram("duration", "s", values, width=12, height=2))
    assert len(drawn) == 4 and drawn[0].endswith("most 0–1 s")
    assert drawn[1:3] == ["██          ", "██    ▁▁ ██ "]
    assert drawn[3].startswith("0") and drawn[3].endswith("4 s")


def test_empty_ends_are_left_out_and_many_bins_are_put_together() -> None:
    assert trimmed([0, 1, 2, 3, 4, 5], [0, 0, 7, 0, 0]) == ([1, 2, 3, 4], [0, 7, 0])
    assert trimmed([0, 1], [0]) == ((), ())
    assert merged([0, 1, 2, 3], [1, 2, 4], 2) == ([0, 2, 3], [3, 4])
    assert texts(histogram("F0", "Hz", None, 40, 3)) == ["F0  not measured"]


def test_the_overview_fits_every_width() -> None:
    told = figures([refusal("is damaged, or no audio", 3), refusal("no text")])
    for width in (38, 78, 118, 198):
        lines = utterances.overview(told, width, 3)
        assert max(map(width_of, lines)) <= width, width
    wide = texts(utterances.overview(told, 198, 3))
    assert "duration" in wide[0] and "F0" in wide[0] and "3 × … is damaged" in wide[0]
    narrow = texts(utterances.overview(told, 78, 3))
    assert "… is damaged" not in narrow[0] and any("mend it" in line for line in narrow)


def test_of_many_reasons_the_rest_is_counted() -> None:
    told = figures([refusal(f"reason {n}") for n in range(9)])
    lines = texts(utterances.refusals(told, 5, fixes=True))
    assert len(lines) == 5 and lines[0] == "1 × reason 0" and "and 7 more" in lines[-1]
    assert texts(utterances.refusals(figures([]), 5, fixes=True)) == ["nothing was refused"]
    assert utterances.refusals(figures([]), 5, fixes=False) == []


def test_lines_are_cut_by_cells_and_blocks_stand_beside_each_other() -> None:
    line = (Span("今天天气", "good"), Span(" is kept"))
    assert texts([cut(line, 6)]) == ["今天 …"]
    assert cut(line, 40) == line and cut(line, 0) == ()
    rows = texts(beside([([(Span("一"),), (Span("b"),)], 4), ([(Span("x"),)], 3)], gap=1))
    assert rows == ["一   x", "b    "] and cell_len(rows[0]) == 6


def test_totals() -> None:
    said = "".join(span.text for span in utterances.totals(figures([refusal("no text")])))
    assert said.startswith("12 kept   1 refused   1 corrected   1:15 of speech")
