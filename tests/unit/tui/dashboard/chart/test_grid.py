"""How charts are laid out."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult

from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.chart.grid import LOWEST, arranged

PAUSES = 100  # rounds of messages until a chart must be drawn


@pytest.mark.parametrize(
    ("count", "size", "across"),
    [(6, (80, 24), 1), (6, (120, 40), 2), (6, (200, 60), 3), (4, (200, 60), 2), (1, (200, 60), 1)],
)
def test_as_many_side_by_side_as_the_width_allows(
    count: int, size: tuple[int, int], across: int
) -> None:
    assert arranged(count, *size).across == across


def test_where_lines_are_few_the_grid_scrolls_and_where_there_are_many_there_is_air() -> None:
    assert arranged(6, 80, 24).lines == LOWEST
    assert arranged(6, 200, 60).lines is None
    assert (arranged(6, 80, 24).gap, arranged(4, 200, 60).gap) == (0, 1)


class Charts(App[None]):
    def compose(self) -> ComposeResult:
        yield ChartGrid([Chart(f"chart {number}", id=f"chart-{number}") for number in range(4)])


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_one_chart_can_have_all_the_place(size: tuple[int, int]) -> None:
    async def story() -> None:
        app = Charts()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            grid = app.query_one(ChartGrid)
            before = [chart.region for chart in grid.charts]
            grid.full = "chart-2"
            await pilot.pause()
            [shown] = [chart for chart in grid.charts if chart.display]
            assert (shown.id, shown.size) == ("chart-2", grid.size)
            grid.full = None
            await pilot.pause()
            assert [chart.region for chart in grid.charts] == before

    asyncio.run(story())


def test_other_charts_take_the_place_of_those_there_were() -> None:
    async def story() -> None:
        app = Charts()
        async with app.run_test(size=(200, 60)) as pilot:
            grid = app.query_one(ChartGrid)
            grid.full = "chart-2"
            await grid.hold([Chart("one", id="one"), Chart("two", id="two")])
            for _ in range(PAUSES):
                await pilot.pause()
                if all(chart.drawing is not None for chart in grid.charts):
                    break
            assert [chart.id for chart in grid.charts] == ["one", "two"]
            assert all(chart.display and chart.size.width > 90 for chart in grid.charts)
            assert all(chart.drawing is not None for chart in grid.charts)

    asyncio.run(story())
