"""Lines in tones, as a widget: what is too long for one row."""

from __future__ import annotations

import asyncio

from textual.app import App, ComposeResult

from tui.dashboard.lines import hanging, labelled
from tui.dashboard.widgets.columns import Span
from tui.dashboard.widgets.told import Told

WIDTH = 30


class Page(App[None]):
    def compose(self) -> ComposeResult:
        yield Told()


def rows(*lines: tuple[Span, ...]) -> list[str]:
    async def shown() -> list[str]:
        app = Page()
        async with app.run_test(size=(WIDTH, 12)) as pilot:
            app.query_one(Told).tell(lines)
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            return [strip.text.rstrip() for strip in strips]

    found = asyncio.run(shown())
    return found[: next(i for i, row in enumerate([*found, ""]) if not row)]


def test_what_is_said_after_a_name_goes_on_behind_it() -> None:
    long = labelled("train", 10, Span("total 1.32"), Span("   duration 0.345   bins 0.709", "dim"))
    assert hanging(long) == 10
    assert rows(long, (Span("a line without a name that is too long"),)) == [
        "train     total 1.32",
        "          duration 0.345",
        "          bins 0.709",
        "a line without a name that is",
        "too long",
    ]


def test_a_name_as_wide_as_the_page_hides_nothing() -> None:
    assert "".join(rows(labelled("n" * WIDTH, WIDTH, Span("said")))).endswith("said")


def test_a_name_with_nothing_behind_it_is_a_row() -> None:
    assert rows(labelled("why", 10, Span("")), labelled("made", 10, Span("now"))) == [
        "why", "made      now",
    ]  # fmt: skip
