"""Charts in a running app: what is painted, and what keys and mouse do."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from tui.curves.drawing import Look
from tui.curves.markers import Marker
from tui.curves.raster import Picture
from tui.curves.trace import Trace
from tui.dashboard.chart import Chart, ChartGrid
from tui.dashboard.chart.plot import Plot
from tui.dashboard.screens.export import ExportCharts
from workspace.series import Series

SIZE = (100, 30)
END = 1000  # steps
DEADLINE = 20.0  # seconds
PAUSES = 100  # rounds of messages until a chart must be drawn


def trace(name: str = "train", count: int = 500) -> Trace:
    found = Trace(name, Series(), better="low", noisy=False)
    grow(found, count)
    return found


def grow(found: Trace, count: int) -> None:
    first = len(found.series)
    for step in range(first, first + count):
        found.series.append(step, 1.7e9 + step, 0.5 + 0.5 * math.cos(step / 100))


class Charts(App[None]):
    def __init__(self, *charts: Chart) -> None:
        super().__init__()
        self.grid = ChartGrid(charts)
        self.messages: list[object] = []

    def compose(self) -> ComposeResult:
        yield self.grid

    def on_chart_hovered(self, message: Chart.Hovered) -> None:
        self.messages.append(message)

    def on_chart_look_changed(self, message: Chart.LookChanged) -> None:
        self.messages.append(message)


def run(
    charts: Sequence[Chart],
    story: Callable[[Charts, Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = SIZE,
) -> None:
    async def told() -> None:
        app = Charts(*charts)
        async with app.run_test(size=size) as pilot:
            for _ in range(PAUSES):
                await pilot.pause()
                if all(drawn(chart) for chart in charts):
                    break
            await story(app, pilot)

    asyncio.run(told())


def drawn(one: Chart) -> bool:
    """Whether the chart has the picture of its size."""
    picture = one.drawing.picture if one.drawing is not None else None
    return picture is not None and one.query_one(Plot).size == (picture.width, picture.height)


def text(app: App[None]) -> str:
    """The screen, without colours."""
    lines = app.screen._compositor.render_strips()
    return "\n".join(line.text for line in lines)


def chart(*traces: Trace, name: str = "loss", markers: Sequence[Marker] = ()) -> Chart:
    return Chart(name, traces, look=Look(end=END), markers=markers, id=name)


def test_a_chart_shows_title_value_best_axes_and_curve() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        shown = text(app)
        first = shown.splitlines()[0]
        assert first.startswith("loss") and first.rstrip().endswith("0.637")
        assert "◆ 6.34e-7" in first
        assert shown.splitlines()[-1].split() == ["0", "200", "400", "600", "800", "1000"]
        assert [line[:8].strip() for line in shown.splitlines() if line[:8].strip()][1:] == [
            "1.0", "0.8", "0.6", "0.4", "0.2", "0",
        ]  # fmt: skip
        assert any("⠁" <= sign <= "⣿" for sign in shown)

    run([one], story)


def test_a_terminal_that_wants_no_colours_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        lines = app.screen._compositor.render_strips()
        colours = {
            colour
            for segment in (segment for line in lines for segment in line)
            if segment.style is not None and segment.text.strip()
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour is not None and len(set(colour.get_truecolor())) > 1
        }
        assert "loss" in text(app) and not colours

    run([one], story)


def test_what_is_painted_while_its_chart_goes_is_blank() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        stripe = one.query_one(Plot).stripes[0]
        width, height = stripe.size
        assert any(line.text.strip() for line in stripe.render_lines(Region(0, 0, width, height)))
        await one.remove()
        await stripe.remove()
        assert stripe.parent is None
        lines = stripe.render_lines(Region(0, 0, width, height))
        assert [line.text for line in lines] == [" " * width] * height

    run([one], story)


def test_a_plot_that_has_no_picture_asks_for_one_when_it_is_painted() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        plot, before = one.query_one(Plot), text(app)
        plot._picture, plot._inks = Picture(0, 0), None  # as if no Resize had come
        for stripe in plot.stripes:
            stripe.repaint()
        async with asyncio.timeout(DEADLINE):
            while not plot.fits:
                await pilot.pause()
        await pilot.pause()
        assert text(app) == before

    run([one], story)


def test_a_new_point_repaints_one_stripe() -> None:
    one = trace()
    seen = chart(one)

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        stripes = seen.query_one(Plot).stripes
        before = [dict(stripe._strips) for stripe in stripes]
        grow(one, 5)
        seen.advance()
        await pilot.pause()
        changed = [
            number
            for number, stripe in enumerate(stripes)
            if any(stripe._strips.get(y) is not strip for y, strip in before[number].items())
        ]
        assert len(changed) == 1
        assert text(app) == await _drawn_anew(seen, app, pilot)

    run([seen], story)


async def _drawn_anew(seen: Chart, app: Charts, pilot: Pilot[None]) -> str:
    seen.redraw()
    await pilot.pause()
    return text(app)


def test_many_small_advances_look_like_one_drawing() -> None:
    one = Trace("train", Series(), noisy=True)
    one.series.append(0, 1.7e9, 1.0)
    one.series.append(1, 1.7e9, 0.0)  # the axis is as high as it will be
    seen = chart(one)

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        for _ in range(40):
            grow(one, 20)
            seen.advance()
            await pilot.pause()
        assert text(app) == await _drawn_anew(seen, app, pilot)

    run([seen], story)


def test_several_curves_have_a_legend() -> None:
    async def story(app: Charts, pilot: Pilot[None]) -> None:
        assert "━ train 0.637  ━ validation 0.995" in text(app).splitlines()[1]

    run([chart(trace(), trace("validation", 15))], story)


def test_what_was_not_finite_is_flagged() -> None:
    one = trace()
    one.series.append(501, 1.7e9 + 501, math.nan)

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        assert "✗ 1 not finite" in text(app)
        assert text(app).count("✗") == 2  # and on the axis

    run([chart(one)], story)


def test_markers_are_on_the_axis_and_stages_go_through() -> None:
    markers = [
        Marker("checkpoint", 200, 0), Marker("best checkpoint", 400, 0),
        Marker("stage", 600, 0), Marker("resume", 700, 0),
    ]  # fmt: skip

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        [axis] = [line for line in text(app).splitlines() if "─" in line]
        signs = [axis.index(sign) for sign in "▴★┴↻"]
        assert signs == sorted(signs)
        assert text(app).count("┊") > 15

    run([chart(trace(), markers=markers)], story)


def test_without_points_it_says_so() -> None:
    async def story(app: Charts, pilot: Pilot[None]) -> None:
        assert "waiting for the first point" in text(app)

    run([chart(Trace("train", Series()))], story)


def test_an_alert_is_told_over_the_chart() -> None:
    one = trace(count=3000)
    seen = chart(one)

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        [found] = seen.check()
        await pilot.pause()
        assert found.kind == "stall"
        assert "stalls" in text(app).splitlines()[0]

    run([seen], story)


def test_the_crosshair_is_on_all_charts_with_the_values_there() -> None:
    first, second = chart(trace()), chart(trace("other"), name="second")

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        plot = first.query_one(Plot)
        await pilot.hover(plot, offset=(plot.size.width // 2 - 10, 3))
        await pilot.pause()
        assert first.crosshair is not None and second.crosshair == first.crosshair
        lines = text(app).splitlines()
        heads = [line for line in lines if f"step {first.crosshair:,.0f}" in line]
        assert len(heads) == 2
        expected = 0.5 + 0.5 * math.cos(first.crosshair / 100)
        assert float(heads[0].split()[-1]) == pytest.approx(expected, abs=0.03)
        assert sum("│" in line for line in lines) > 10
        await pilot.hover(first, offset=(1, 0))
        await pilot.pause()
        assert second.crosshair is None
        assert "│" not in text(app)

    run([first, second], story)


def test_keys_zoom_pan_and_reset_all_charts() -> None:
    first, second = chart(trace()), chart(trace("other"), name="second")

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        first.action_zoom_in()
        await pilot.pause()
        assert first.look.viewport is not None
        assert first.look.viewport.width < END
        assert second.look.viewport == first.look.viewport
        before = first.look.viewport
        first.action_pan_right()
        assert first.look.viewport.first > before.first
        first.action_pan_left()
        assert first.look.viewport.first == pytest.approx(before.first)
        first.action_reset()
        await pilot.pause()
        assert first.look.viewport is None and second.look.viewport is None

    run([first, second], story)


def test_a_hidden_chart_is_drawn_when_it_is_shown_again() -> None:
    first, second = chart(trace()), chart(trace(), name="mel")

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        app.grid.full = first.id
        await pilot.pause()
        before = second.drawing
        first.action_zoom_in()
        await pilot.pause()
        assert second.drawing is before and second.look == first.look
        app.grid.full = second.id
        await pilot.pause()
        assert first.drawing is not None and second.drawing is not None
        assert second.drawing.view.viewport == first.drawing.view.viewport

    run([first, second], story)


def test_zooming_out_ends_at_the_whole() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        one.action_zoom_in()
        for _ in range(3):
            one.action_zoom_out()
        assert one.look.viewport is None

    run([one], story)


def test_only_the_chart_itself_becomes_logarithmic() -> None:
    first, second = chart(trace()), chart(trace("other"), name="second")

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        first.action_toggle_log()
        first.action_cycle_smoothing()
        await pilot.pause()
        assert (first.look.kind, second.look.kind) == ("log", "linear")
        assert second.look.span == first.look.span
        assert "log" in text(app).splitlines()[0]

    run([first, second], story)


def test_axes_go_round() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        one.action_cycle_axis()
        await pilot.pause()
        assert one.look.axis == "relative" and "2m" in text(app)
        one.action_cycle_axis()
        assert one.look.axis == "time"
        one.action_cycle_axis()
        assert one.look.axis == "step"

    run([one], story)


def test_the_wheel_zooms_at_the_pointer_and_dragging_pans() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        plot = one.query_one(Plot)
        plot.post_message(Plot.Zoomed(2.0, 0.25))
        await pilot.pause()
        assert one.look.viewport is not None
        assert one.look.viewport.at(0.25) == pytest.approx(END / 4)
        first = one.look.viewport.first
        await pilot.mouse_down(plot, offset=(40, 5))
        await pilot.hover(plot, offset=(30, 5))
        await pilot.mouse_up(plot, offset=(30, 5))
        await pilot.pause()
        assert one.look.viewport.first == pytest.approx(first + 10 / plot.size.width * END / 2)

    run([one], story)


def test_other_curves_replace_those_there_were() -> None:
    one = chart(trace())

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        one.show([trace("bob"), trace("carol")])
        await pilot.pause()
        assert "bob" in text(app) and "carol" in text(app)

    run([one], story)


def test_every_theme_and_palette_paints_the_same_dots() -> None:
    one = chart(trace(), trace("validation", 300))

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        before = text(app)
        for theme in ("textual-light", "ansi-dark", "ansi-light", "textual-dark"):
            for palette in ("okabe-ito", "ansi", "calm", ""):
                app.theme, one.palette = theme, palette
                await pilot.pause()
                assert text(app) == before

    run([one], story)


def test_an_unknown_palette_is_refused_with_those_there_are() -> None:
    from tui.dashboard.chart.inks import chosen

    with pytest.raises(ValueError, match="okabe-ito"):
        chosen("rainbow", native_ansi=False)


def test_sixteen_colours_stay_sixteen() -> None:
    one = chart(trace(), trace("validation", 300))

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        app.theme = "ansi-dark"
        await pilot.pause()
        strips = [
            strip
            for stripe in one.query_one(Plot).stripes
            for strip in stripe.render_lines(stripe.size.region)
        ]
        colours = [
            segment.style.color
            for strip in strips
            for segment in strip
            if segment.style is not None and segment.style.color is not None
        ]
        assert colours
        assert all(colour.triplet is None for colour in colours)

    run([one], story)


@pytest.mark.parametrize(("name", "said"), [("小明 b", "“小明” will be boxes"), ("bob", "")])
def test_it_is_said_which_letters_a_picture_will_not_have(name: str, said: str) -> None:
    one = chart(trace(name))

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        await app.push_screen(ExportCharts([one], "j00004"))
        assert "boxes" not in text(app)
        await pilot.press("p")
        assert said in text(app) and ("boxes" in text(app)) == bool(said)

    run([one], story)


def test_a_chart_can_be_written_to_a_file() -> None:
    one = chart(trace(), trace("validation", 300))

    async def story(app: Charts, pilot: Pilot[None]) -> None:
        for theme in ("textual-dark", "textual-light", "ansi-dark"):
            app.theme = theme
            await pilot.pause()
            assert one.exported("svg").startswith(b"<svg")
            assert one.exported("png").startswith(b"\x89PNG")
            assert one.exported("csv").count(b"\n") == 1 + 500 + 300

    run([one], story)
