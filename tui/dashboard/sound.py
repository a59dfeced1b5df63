"""Sound while it arrives: played by a thread of its own, kept whole for whoever wants a file."""

from __future__ import annotations

import base64
import queue
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tui.playback import PlaybackError, loudspeaker
from tui.wavefile import SAMPLE_BYTES, write_wave


class Player:
    """Plays int16 mono blocks in the order in which they are given; the giver never waits.

    Attributes:
        heard: all blocks so far, joined.
        rate: Hz; 0 before the first block.
        problem: why nothing is heard, once that is known; "" otherwise.
    """

    def __init__(self) -> None:
        self.heard = bytearray()
        self.rate = 0
        self.problem = ""
        self._blocks: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def seconds(self) -> float:
        """How long the sound is so far."""
        return len(self.heard) / SAMPLE_BYTES / self.rate if self.rate else 0.0

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in an event of the stream `speak`; what is no sound is passed over."""
        if "pcm" in event:
            self.add(base64.b64decode(event["pcm"]), int(event["rate"]))

    def add(self, block: bytes, rate: int) -> None:
        """Play a block behind those before it."""
        self.heard += block
        if self._thread is None:
            self.rate = rate
            self._thread = threading.Thread(target=self._play, name="player", daemon=True)
            self._thread.start()
        self._blocks.put(block)

    def end(self) -> None:
        """Nothing more comes; what was given is played to its end."""
        self._blocks.put(None)

    def stop(self) -> None:
        """Be silent."""
        self._stopped.set()
        self._blocks.put(None)

    def wait(self) -> None:
        """Return when everything has been played; call it from a thread."""
        if self._thread is not None:
            self._thread.join()

    def save(self, path: Path) -> None:
        """Write all that was heard to a WAV file.

        Raises:
            OSError: it cannot be written.
        """
        write_wave(path, bytes(self.heard), self.rate)

    def _play(self) -> None:
        try:
            with loudspeaker(self.rate) as play:
                while (block := self._blocks.get()) is not None and not self._stopped.is_set():
                    play(block)
        except PlaybackError as error:
            self.problem = str(error)
