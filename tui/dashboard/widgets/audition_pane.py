"""One side of a comparison: what it is, its waveform, its spectrogram, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.dashboard.audition.abx import Side
from tui.dashboard.audition.sources import Source
from tui.dashboard.lines import Line
from tui.dashboard.widgets.columns import Span
from tui.dashboard.widgets.spectrogram import Spectrogram
from tui.dashboard.widgets.told import Told
from tui.dashboard.widgets.waveform import Waveform
from tui.quantities import duration


class AuditionPane(Vertical):
    """A or B."""

    DEFAULT_CSS = """
    AuditionPane { height: 1fr; }
    AuditionPane Told { height: 1; padding: 0 1; }
    AuditionPane #figures { height: 2; }
    AuditionPane Waveform { height: 3; }
    """

    def __init__(self, side: Side, *, grey: bool) -> None:
        """
        Args:
            grey: see `Spectrogram`.
        """
        super().__init__(id=f"side{side}")
        self._side, self._grey = side, grey
        self._outline: Any = ()
        self._seconds = 0.0

    def compose(self) -> ComposeResult:
        yield Told(wrap=False, id="heading")
        yield Waveform()
        yield Spectrogram(grey=self._grey)
        yield Told(wrap=False, id="figures")

    def on_mount(self) -> None:
        self.name_it(None, playing=False, blind=False)

    def name_it(self, source: Source | None, *, playing: bool, blind: bool) -> None:
        """Say what this side is.

        Args:
            source: what is heard; None where nothing is chosen.
            playing: whether it is being heard.
            blind: whether it must not be told which of them is heard.
        """
        mark = Span(f" {self._side} ", "key")
        line: Line = (mark, Span(f" {self._side.lower()} takes what is under the cursor", "dim"))
        if source is None:
            self.clear("")
        else:
            state = Span(" ▶ " if playing and not blind else "   ", "good")
            line = (mark, state, Span(source.name, "strong"), Span(f"  {source.told}", "dim"))
        self.query_one("#heading", Told).tell((line,))

    def clear(self, said: str) -> None:
        """Nothing is drawn; these words stand there."""
        self._outline, self._seconds = (), 0.0
        self.query_one(Waveform).begin()
        self.query_one(Spectrogram).say(said)
        self.query_one("#figures", Told).tell(())

    def show(self, picture: Mapping[str, Any], first: float | None, alike: str, words: str) -> None:
        """What it looks like and what was measured.

        Args:
            picture: as the daemon draws it.
            first: seconds until the first sound was here; None where it was here before.
            alike: how alike the voice is to its speaker's recordings.
            words: whether a recogniser hears the sentence.
        """
        self._outline, self._seconds = picture["outline"], float(picture["seconds"])
        self.query_one(Waveform).show(self._outline, (0.0, 1.0))
        self.query_one(Spectrogram).show(picture)
        figures = [duration(self._seconds), f"{picture['loudness']:.1f} LUFS"]
        voiced = sorted(hertz for hertz in picture["f0"] if hertz)
        if voiced:
            figures.append(f"F0 {voiced[len(voiced) // 2]:.0f} Hz")
        if first is not None:
            figures.append(f"after {first * 1000:.0f} ms")
        judged = [each for each in (alike, words) if each]
        lines = ("  ".join(each) for each in (figures, judged))
        self.query_one("#figures", Told).tell([(Span(line, "dim"),) for line in lines])

    def play_at(self, at: float | None) -> None:
        """Move the cursor; None: it is not being heard."""
        self.query_one(Spectrogram).play_at(at)

    def retone(self) -> None:
        """The theme has changed."""
        for widget in (self.query_one(Waveform), self.query_one(Spectrogram)):
            widget.retone()
