"""The sentence that is to be read, large and calm, and below it the one that comes next."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.dashboard.recording.sentence import Laid, Piece, laid_out, pieces
from tui.dashboard.tones import Tone, tones_of
from tui.dashboard.widgets.frugal import Frugal

MARGIN = 2  # cells at either side
LOWEST_WITH_NEXT = 8  # rows from which the next sentence is told


class PromptView(Frugal):
    """Shows one sentence in the middle of its room."""

    DEFAULT_CSS = "PromptView { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[Piece] = []
        self._unpaired = ""  # pinyin that belongs to no single character
        self._next = ""
        self._tone: Tone = "strong"
        self._laid = Laid((), 0)
        self._top = 0

    def show(self, text: str, pinyin: str, following: str, *, tone: Tone = "strong") -> None:
        """
        Args:
            text, pinyin: of the prompt.
            following: text of the prompt that comes next; "" where there is none.
            tone: of the hanzi.
        """
        self._pieces, self._next, self._tone = pieces(text, pinyin), following, tone
        paired = any(piece.pinyin for piece in self._pieces)
        self._unpaired = "" if paired else pinyin
        self._lay()

    def on_resize(self) -> None:
        self._lay()

    def retone(self) -> None:
        """The theme has changed."""
        self.refresh()

    def line(self, y: int) -> Strip:
        width, tones = self.size.width, tones_of(self.app)
        if self._has_next and y == self.size.height - 1:
            return _centred(self._next, width, tones["faint"])
        place, below = divmod(y - self._top, 2 + self._laid.between)
        if y >= self._top and place < len(self._laid.rows) and below < 2:
            row = self._laid.rows[place]
            text = row.pinyin if below else row.hanzi
            return _centred(text, width, tones["dim" if below else self._tone])
        if self._unpaired and y == self._top + self._laid.height:
            return _centred(self._unpaired, width, tones["dim"])
        return Strip.blank(width)

    @property
    def _has_next(self) -> bool:
        return bool(self._next) and self.size.height >= LOWEST_WITH_NEXT

    def _lay(self) -> None:
        width, height = self.size
        room = height - 2 * self._has_next - bool(self._unpaired)
        if width > 0 and self._pieces:
            self._laid = laid_out(self._pieces, width - 2 * MARGIN, room)
        else:
            self._laid = Laid((), 0)
        self._top = max(0, (room - self._laid.height) // 2)
        self.repaint()


def _centred(text: str, width: int, style: Style) -> Strip:
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1) + "…"
    left = (width - cell_len(text)) // 2
    return Strip([Segment(" " * left + text, style)]).adjust_cell_length(width)
