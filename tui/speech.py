"""Sound that the daemon sends while it is being made: to a file, to the loudspeaker, or both."""

from __future__ import annotations

import base64
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from workspace.files import replace_atomic

Pcm = Iterator[tuple[bytes, int]]  # int16 mono samples and their rate in Hz
SAMPLE_BYTES = 2


class NoSoundError(Exception):
    """The stream ended without a sample."""


def pcm_blocks(events: Iterable[Mapping[str, Any]], summary: dict[str, Any]) -> Pcm:
    """Sound as it arrives; what the worker says at its end is left in `summary`."""
    for event in events:
        if "pcm" in event:
            yield base64.b64decode(event["pcm"]), int(event["rate"])
        elif "done" in event:
            summary.update(event["done"])


def deliver(blocks: Pcm, output: Path | None, play: bool) -> float:
    """Write and play the blocks as they come; the file appears when it is whole.

    Args:
        blocks: the sound.
        output: WAV file to write, if any.
        play: whether to play it on this machine.

    Returns:
        Seconds of sound.

    Raises:
        NoSoundError: there was none.
        PlaybackError: it cannot be played here.
    """
    first = next(blocks, None)
    if first is None:
        raise NoSoundError("no sound was made")
    rate = first[1]
    count = 0
    with ExitStack() as stack:
        sinks: list[Callable[[bytes], object]] = []
        if play:
            from tui.playback import loudspeaker

            sinks.append(stack.enter_context(loudspeaker(rate)))

        def write(temporary: Path) -> None:
            nonlocal count
            with wave.open(str(temporary), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(SAMPLE_BYTES)
                file.setframerate(rate)
                count = _pour(first[0], blocks, [file.writeframesraw, *sinks])

        if output is None:
            count = _pour(first[0], blocks, sinks)
        else:
            replace_atomic(output, write)
    return count / SAMPLE_BYTES / rate


def _pour(first: bytes, blocks: Pcm, sinks: list[Callable[[bytes], object]]) -> int:
    """Hand every block to every sink; returns the bytes seen."""
    count = 0
    for block in _samples(first, blocks):
        count += len(block)
        for sink in sinks:
            sink(block)
    return count


def _samples(first: bytes, blocks: Pcm) -> Iterator[bytes]:
    yield first
    for block, _ in blocks:
        yield block


def note_text(note: Any) -> str:
    """A note of the synthesis worker, e.g. on a word that had to be spelled, as a line."""
    if isinstance(note, Mapping):
        return f"{note.get('kind', 'note')}: {note.get('text', '')} ({note.get('reason', '')})"
    return str(note)
