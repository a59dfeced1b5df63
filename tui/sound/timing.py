"""Which frames a device lost, told from when its blocks came.

A device that is forwarded over a network, or one whose buffer ran over, leaves frames out without
a word: the sound goes on, but from then on the count of frames is behind the clock. A block that is
merely late makes it so for a moment only. So what counts is the smallest arrears of each window of
time: a jump from one window to the next is a loss, unless what was missed comes after all. Sound
cards whose clock is a little slow grow arrears too, but never by jumps. Of what is lost in the last
second of a take only the device itself can tell.
"""

from __future__ import annotations

import math

WINDOW = 1.0  # seconds whose smallest arrears are compared
JUMP = 0.010  # seconds more than in the window before are a loss; a slow clock has 0.0002
LATE = 0.100  # seconds after which a block that comes behind its time counts as late


class Timing:
    """Follows the blocks of one take.

    Attributes:
        dropped: frames that the device lost, so far as is known.
        late: blocks that came late.
    """

    def __init__(self, rate: int) -> None:
        """
        Args:
            rate: Hz.
        """
        self.dropped = 0
        self.late = 0
        self._rate = rate
        self._frames = 0
        self._began: float | None = None  # when the first frame was heard
        self._usual: float | None = None  # seconds of arrears in the window before
        self._least = math.inf  # seconds of arrears in this window
        self._window_ends = 0.0
        self._overflowed = False

    def take(self, frames: int, at: float, *, overflowed: bool = False) -> None:
        """A block has come.

        Args:
            frames: how many it has.
            at: when, in seconds of any steady clock.
            overflowed: whether the device itself says that it lost some before it.
        """
        if self._began is None:
            self._began = at - frames / self._rate
            self._window_ends = at + WINDOW
        elif at >= self._window_ends:
            self._judge()
            self._window_ends = at + WINDOW
        self._frames += frames
        arrears = at - self._began - self._frames / self._rate
        self._overflowed |= overflowed
        self._least = min(self._least, arrears)
        if arrears > min(self._least, math.inf if self._usual is None else self._usual) + LATE:
            self.late += 1

    def end(self) -> None:
        """No more blocks come."""
        if self._least < math.inf:
            usual = self._usual if self._usual is not None else self._least
            self._least = min(self._least, usual)  # what is missing may only be late
            self._judge()

    def _judge(self) -> None:
        """Compare the window that ends with the one before."""
        lost = self._least - self._usual if self._usual is not None else 0.0
        if abs(lost) > JUMP:
            self.dropped = max(0, self.dropped + round(lost * self._rate))
        elif self._overflowed:
            self.dropped += 1  # it says that there were some, but too few for the clock
        self._usual, self._least, self._overflowed = self._least, math.inf, False
