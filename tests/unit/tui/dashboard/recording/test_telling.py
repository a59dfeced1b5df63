"""What the page says."""

from __future__ import annotations

from typing import get_args

import pytest

from tui.dashboard.lines import Line, width_of
from tui.dashboard.recording import telling
from tui.dashboard.recording.script import More
from tui.dashboard.recording.telling import Stage

SESSION = {"speaker": "alice", "kept": 12, "seconds": 92.4, "needed": 300.0}


def text(line: Line) -> str:
    return "".join(span.text for span in line)


@pytest.mark.parametrize("width", [40, 78, 118, 198])
def test_the_head_fills_its_line_and_leaves_out_what_does_not_fit(width: int) -> None:
    device = telling.device_line("local", "Yeti", 48_000)
    line = telling.head(SESSION, 50, device, width)
    assert width_of(line) == width or width == 40
    assert text(line).startswith("alice  ● Yeti (of this machine), 48 kHz")
    assert ("1:32 of 5:00" in text(line)) == (width > 40)
    assert ("12 of 50 sentences" in text(line)) == (width > 78)


@pytest.mark.parametrize("stage", get_args(Stage))
def test_every_stage_says_what_the_keys_do(stage: Stage) -> None:
    line = telling.hints(stage)
    assert any(span.tone == "key" for span in line), stage


def test_the_key_that_is_meant_stands_first() -> None:
    assert text(telling.hints("review", sound=True)).startswith("enter  keep, next")
    assert text(telling.hints("review", sound=False)).startswith("space  read it again")
    assert text(telling.hints("review", sound=False, kept=True)).startswith("enter  next")


def test_a_training_says_what_it_has_and_what_little_means() -> None:
    question, little = telling.training(SESSION)
    assert "12 sentences, 1:32 of speech" in question and little.startswith("That is little")
    almost = telling.training({**SESSION, "seconds": 250.0})[1]
    assert almost.startswith("A little less than the 5:00")
    enough = telling.training({**SESSION, "seconds": 300.0, "kept": 1})
    assert "1 sentence," in enough[0] and "little" not in enough[1]


def test_what_is_on_its_way_is_told() -> None:
    assert text(telling.pending(0)) == ""
    assert "1 take is" in text(telling.pending(1))
    assert "3 takes are" in text(telling.pending(3))
    assert text(telling.sending(50, 200)) == "is stored … 25%"
    assert "its line is away" in text(telling.away(here=False)) and not telling.away(here=True)


def test_every_way_to_a_microphone_is_named() -> None:
    ways = [("a browser, first", "ssh -L 8765:localhost:8765 me@gpu"), ("then", "http://x")]
    said = "\n".join(map(text, telling.missing("there is no microphone", "plug one in", ways)))
    assert said.startswith("There is no microphone")
    for name, what in ways:
        assert f"{name}: {what}" in said
    assert "plug one in" in said


def test_who_has_read_all_is_told_what_there_is_to_go_on_with() -> None:
    more = More("mandarin-200", 150)
    session = {**SESSION, "kept": 50, "seconds": 231.0}
    said = "\n".join(map(text, telling.done(session, more)))
    assert "50 sentences, 3:51 of speech" in said and "1:09 more make a voice" in said
    assert "a: 150 more sentences, about 12 minutes of speech" in said
    assert text(telling.hints("done", more=more)).startswith("a  read 150 more sentences    t  tr")
    assert text(telling.hints("done")).startswith("t  train")
    enough = "\n".join(map(text, telling.done({**session, "seconds": 300.0}, None)))
    assert "enough for a voice" in enough and "a text of your own" in enough
    nothing = telling.done({**session, "kept": 0, "seconds": 0.0}, More("mandarin-50", 1))
    assert "a: 1 more sentence; none" in "\n".join(map(text, nothing))
