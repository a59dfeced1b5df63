"""The line over a chart, in any width."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.dashboard.chart.heading import line, part

LEFT = [part("validation/loss", "title", 9)]
RIGHT = [part("◆ 0.12", "best", 5), part("log", "label", 4), part("0.345", "value", 8)]


def told(width: int) -> str:
    return "".join(piece.text for piece in line(LEFT, RIGHT, width))


@pytest.mark.parametrize("width", range(1, 60))
def test_it_is_as_wide_as_the_chart(width: int) -> None:
    assert cell_len(told(width)) == width


def test_the_lightest_parts_go_first() -> None:
    assert told(35) == "validation/loss  ◆ 0.12  log  0.345"
    assert "log" not in told(32) and "0.12" in told(32)
    assert told(22) == "validation/loss  0.345"
    assert told(20) == "validation/loss" + " " * 5
    assert told(10) == "validatio…"


def test_wide_characters_are_counted_as_two() -> None:
    [*pieces] = line([part("损失", "title", 9)], [part("1", "value", 8)], 10)
    assert "".join(piece.text for piece in pieces) == "损失" + " " * 5 + "1"
