"""Which theme a dashboard begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.client.link import Link
from tui.dashboard.app import Dashboard
from tui.dashboard.memory import Memory, Preferences
from tui.dashboard.themes import BLIND, DARK, PLAIN
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
