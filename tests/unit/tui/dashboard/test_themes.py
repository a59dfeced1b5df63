"""Which theme a dashboard begins with, and lines under the cursor in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.segment import Segment
from textual.strip import Strip

from daemon.client.link import Link
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from tui.dashboard.themes import BLIND, DARK, PLAIN
from tui.dashboard.tones import Tones
from workspace.layout import Workspace


@pytest.mark.parametrize(
    ("terminal", "theme"),
    [
        ({"TERM": "xterm-16color"}, PLAIN),
        ({"TERM": "linux"}, PLAIN),
        ({"TERM": "screen-256color"}, DARK),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, DARK),
        ({}, DARK),
    ],
)
def test_a_terminal_of_sixteen_colours_begins_with_them(
    terminal: dict[str, str], theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "COLORTERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in terminal.items():
        monkeypatch.setenv(name, value)
    link = Link(Workspace(tmp_path), "test")
    began = [
        Dashboard(link, memory, Preferences(), environ=terminal).theme
        for memory in (Memory(), Memory(theme=BLIND))
    ]
    assert began == [theme, BLIND], "what somebody has chosen stays"


@pytest.mark.parametrize("plain", [False, True])
def test_a_line_under_the_cursor_has_one_ground(plain: bool) -> None:
    variables = dict.fromkeys(("success", "error", "warning", "accent", "secondary"), "#405060")
    variables |= {"background": "#000000", "foreground": "#ffffff", "primary": "#0080ff"}
    tones = Tones.of(variables, plain=plain)
    line = Strip([Segment("j00003 ", tones["dim"]), Segment("succeeded", tones["good"])])
    chosen = tones.chosen(line)
    grounds = {
        style.color if style.reverse else style.bgcolor
        for style in (segment.style for segment in chosen)
        if style is not None
    }
    assert chosen.text == line.text and len(grounds) == 1
