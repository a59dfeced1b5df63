"""A chart as SVG."""

from __future__ import annotations

from html import escape

from tui.curves.export.sheet import Sheet, Stroke, Words

FONT = "ui-monospace, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace"
WIDE, THIN = 2.0, 1.0  # pixels


def svg(sheet: Sheet) -> str:
    """The sheet as the text of an SVG file."""
    size = f'width="{sheet.width}" height="{sheet.height}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}'
            f' viewBox="0 0 {sheet.width} {sheet.height}">',
            f'<rect {size} fill="{sheet.ground}"/>',
            *map(_stroke, sheet.strokes),
            f'<g font-family="{escape(FONT)}" font-size="15">',
            *map(_words, sheet.words),
            "</g>",
            "</svg>",
            "",
        ]
    )


def _stroke(stroke: Stroke) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in stroke.points)
    # a single point would have no length and so not be seen
    cap = ' stroke-linecap="round"' if stroke.wide else ""
    if len(stroke.points) == 1:
        [(x, y)] = stroke.points
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{WIDE}" fill="{stroke.colour}"/>'
    width = WIDE if stroke.wide else THIN
    return (
        f'<polyline points="{points}" fill="none" stroke="{stroke.colour}"'
        f' stroke-width="{width}" stroke-linejoin="round"{cap}/>'
    )


def _words(words: Words) -> str:
    x, y = words.at
    weight = ' font-weight="bold"' if words.bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{words.anchor}"'
        f' fill="{words.colour}"{weight}>{escape(words.text)}</text>'
    )
