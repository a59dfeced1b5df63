"""A screen as text that can be compared and read: its characters, then its styles."""

from __future__ import annotations

from itertools import groupby

from rich.style import Style
from textual.app import App
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.strip import Strip

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def picture(app: App[None]) -> str:
    """What the app shows.

    Below the characters stand the styles, each with its name, and then of every line the names
    with the cells that they reach over: "a12b3".
    """
    names: dict[str, str] = {}
    texts, styles = [], []
    for strip in strips(app):
        texts.append(strip.text.rstrip())
        cells = [(said(segment.style), segment.cell_length) for segment in strip]
        runs = [
            (style, sum(length for _, length in run))
            for style, run in groupby(cells, key=lambda cell: cell[0])
        ]
        for style, _ in runs:
            names.setdefault(style, name(len(names)))
        styles.append("".join(f"{names[style]}{length}" for style, length in runs))
    legend = [f"{short} {style}" for style, short in names.items()]
    return "\n".join([*texts, "-- styles", *legend, "-- cells", *styles, ""])


def strips(app: App[None]) -> list[Strip]:
    """The lines of a page, or of a question what it is asked in: what lies behind is dimmed."""
    lines = app.screen._compositor.render_strips()
    if not isinstance(app.screen, ModalScreen):
        return lines
    box = next(one for one in app.screen.children if isinstance(one, Vertical | VerticalScroll))
    asked = box.region
    return [line.crop(asked.x, asked.right) for line in lines[asked.y : asked.bottom]]


def said(style: Style | None) -> str:
    """A style in words, without what is no matter of looks."""
    return str(style.clear_meta_and_links()) if style else "none"


def name(number: int) -> str:
    """A short name: a … Z, then aa …"""
    more, last = divmod(number, len(LETTERS))
    return (name(more - 1) if more else "") + LETTERS[last]
