"""The inside of a chart, painted cell by cell."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.curves.raster import Ink, Picture
from tui.dashboard.chart.inks import Inks

STRIPES = 14
CROSSHAIR, CROSSHAIR_INK = "│", Ink("crosshair")
ZOOM = 1.25  # a notch of the wheel
PAN = 0.1  # of the width: a notch sideways


def strip(cells: Iterable[tuple[str, Ink]], inks: Inks) -> Strip:
    """A line of cells; neighbours in the same ink become one segment."""
    return Strip(
        Segment("".join([sign for sign, _ in group]), inks[ink])
        for ink, group in groupby(cells, key=itemgetter(1))
    )


class Stripe(Widget):
    """Some neighbouring columns of cells of a plot.

    Textual repaints a line from the left edge of its widget on. So a plot is made of narrow
    widgets: what a new point costs is then a few cells, not the line before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._strips: dict[int, Strip] = {}

    def repaint(self, *regions: Region) -> None:
        """Paint some cells anew; without regions all of them."""
        if not regions:
            self._strips.clear()
        for region in regions:
            for y in region.line_range:
                self._strips.pop(y, None)
        self.refresh(*regions)

    def on_resize(self) -> None:
        self._strips.clear()

    def render_lines(self, crop: Region) -> list[Strip]:
        plot = self.parent
        # one that is being taken away with its chart may still be asked for
        if isinstance(plot, Plot) and not plot.fits:
            plot.miss()
        if not isinstance(plot, Plot) or not plot.drawn:
            return [Strip.blank(crop.width, self.rich_style)] * crop.height
        # not `render_line`: there is neither border nor padding here, and what Textual does for
        # them on every line would be most of what a picture costs
        missing = [y for y in crop.line_range if y not in self._strips]
        if missing:
            _, background = self.background_colors
            self._strips |= {y: self._line(plot, y, background) for y in missing}
        lines = [self._strips[y] for y in crop.line_range]
        first, last = crop.column_span
        whole = (first, last) == (0, self.size.width)
        return lines if whole else [line.crop(first, last) for line in lines]

    def _line(self, plot: Plot, y: int, background: Color) -> Strip:
        first = self.virtual_region.x
        line = plot.strip(y, first, first + self.size.width)
        for filter_ in self.get_line_filters():
            line = line.apply_filter(filter_, background)
        return line


class Plot(Widget):
    """Curves, grid and crosshair; tells where the mouse is and what it wants."""

    DEFAULT_CSS = """
    Plot { layout: horizontal; width: 1fr; height: 1fr; }
    Stripe { width: 1fr; height: 1fr; }
    """

    @dataclass
    class Pointed(Message):
        """The mouse is over a place, as a share of the width; None: it has left."""

        share: float | None

    @dataclass
    class Zoomed(Message):
        """The wheel was turned: closer with a factor above 1."""

        factor: float
        share: float

    @dataclass
    class Panned(Message):
        """The plot is to move to the right by a share of its width."""

        share: float

    @dataclass
    class Resized(Message):
        """Its picture is to be drawn in another size."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture = Picture(0, 0)
        self._inks: Inks | None = None
        self._missed = False  # whether a picture was asked for and has not come
        self._crosshair: int | None = None
        self._grabbed: int | None = None  # cell at which the button went down, or the last move

    def compose(self) -> ComposeResult:
        for _ in range(STRIPES):
            yield Stripe()

    @property
    def stripes(self) -> list[Stripe]:
        """From the left to the right."""
        return [child for child in self.children if isinstance(child, Stripe)]

    @property
    def drawn(self) -> bool:
        """Whether there is a picture yet."""
        return self._inks is not None

    @property
    def fits(self) -> bool:
        """Whether the picture is as large as the plot."""
        return self.drawn and (self._picture.width, self._picture.height) == self.size

    def miss(self) -> None:
        """Ask for a picture; Textual does not always tell a new widget of the size that it gets."""
        if not self._missed:
            self._missed = True
            self.post_message(self.Resized())

    def show(self, picture: Picture, inks: Inks, crosshair: int | None) -> None:
        """Paint a picture: only the cells that differ from the one before."""
        changed = picture.changed(self._picture) if inks is self._inks else None
        before, self._crosshair = self._crosshair, crosshair
        self._missed = False
        self._picture, self._inks = picture, inks
        if changed is None:
            self._repaint_all()
            return
        if before != crosshair:
            moved = [x for x in (before, crosshair) if x is not None and x < picture.width]
            changed += [(x, 0, picture.height - 1) for x in moved]
        self._repaint(changed)

    def strip(self, y: int, first: int, last: int) -> Strip:
        """Cells of a line from `first` to before `last`."""
        picture = self._picture
        if self._inks is None or y >= picture.height or last > picture.width:
            # before the first picture of this size
            return Strip.blank(last - first, self.rich_style)
        cells = picture.cells(y, first, last)
        if self._crosshair is not None and first <= self._crosshair < last:
            _, ink = cells[self._crosshair - first]
            if ink.role in ("", "grid", "boundary"):
                cells[self._crosshair - first] = CROSSHAIR, CROSSHAIR_INK
        return strip(cells, self._inks)

    def _repaint_all(self) -> None:
        for stripe in self.stripes:
            stripe.repaint()

    def _repaint(self, places: Iterable[tuple[int, int, int]]) -> None:
        edges = [stripe.virtual_region.x for stripe in self.stripes]
        regions: dict[int, list[Region]] = {}
        for x, top, bottom in places:
            number = bisect_right(edges, x) - 1
            region = Region(x - edges[number], top, 1, bottom - top + 1)
            regions.setdefault(number, []).append(region)
        for number, found in regions.items():
            self.stripes[number].repaint(*found)

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    def _share(self, event: events.MouseEvent) -> float:
        return (event.screen_x - self.region.x + 0.5) / max(1, self.region.width)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._grabbed is None:
            self.post_message(self.Pointed(self._share(event)))
        elif event.screen_x != self._grabbed:
            moved = event.screen_x - self._grabbed
            self._grabbed = event.screen_x
            self.post_message(self.Panned(-moved / max(1, self.region.width)))

    def on_leave(self, _: events.Leave) -> None:
        if not self.is_mouse_over:
            self.post_message(self.Pointed(None))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._grabbed = event.screen_x

    def on_mouse_up(self, _: events.MouseUp) -> None:
        self.release_mouse()
        self._grabbed = None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turned(event, ZOOM, -PAN)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turned(event, 1 / ZOOM, PAN)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        event.stop()
        self.post_message(self.Panned(-PAN))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        event.stop()
        self.post_message(self.Panned(PAN))

    def _turned(self, event: events.MouseEvent, factor: float, pan: float) -> None:
        event.stop()  # the grid around must not scroll as well
        if event.shift:
            self.post_message(self.Panned(pan))
        else:
            self.post_message(self.Zoomed(factor, self._share(event)))
