"""Live line charts: `Chart` is one, `ChartGrid` lays out several that move together."""

from tui.dashboard.chart.chart import Chart
from tui.dashboard.chart.grid import ChartGrid

__all__ = ["Chart", "ChartGrid"]
