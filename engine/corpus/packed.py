"""Prepared features: three flat files that memory-map, however many the utterances.

    manifest.jsonl   `engine.corpus.manifest.Utterance`, one a line
    audio.npy        int16, 1-D, 24 kHz, all utterances one after another
    f0.npy           float32, 1-D, Hz, 80 a second, in the same order

An utterance's audio is a whole number of alignment frames (600 samples), so that an offset into the
audio divided by 300 is the offset into F0.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from engine.corpus.manifest import ALIGNMENT_FRAME, F0_FRAMES, Manifest, Utterance
from workspace.prepared import MANIFEST

AUDIO, F0 = "audio.npy", "f0.npy"
FULL_SCALE = 32767
HOP = ALIGNMENT_FRAME // F0_FRAMES  # samples for each F0 frame
NPY_HEADER = 128  # bytes


class PackedCorpus:
    """A prepared folder, read.

    Attributes:
        folder: where it lies.
        utterances: the manifest, parsed as it is asked for.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.utterances = Manifest(folder / MANIFEST)
        self._audio = _open_flat(folder / AUDIO)
        self._f0 = _open_flat(folder / F0)

    def __len__(self) -> int:
        return len(self.utterances)

    def audio(self, utterance: int | Utterance) -> NDArray[np.float32]:
        """(samples,) float32, 24 kHz, full scale 1; of an utterance or of its index."""
        item = self._item(utterance)
        samples = self._audio[item.offset : item.offset + item.samples]
        return samples.astype(np.float32) / np.float32(FULL_SCALE)

    def f0(self, utterance: int | Utterance) -> NDArray[np.float32]:
        """(samples // 300,) float32, Hz, 0 where unvoiced; of an utterance or of its index."""
        item = self._item(utterance)
        start = item.offset // HOP
        return np.array(self._f0[start : start + item.frames80], dtype=np.float32)

    def _item(self, utterance: int | Utterance) -> Utterance:
        return utterance if isinstance(utterance, Utterance) else self.utterances[utterance]


class PackedWriter:
    """Appends utterances to a folder, in flat memory; `with` finishes the files."""

    def __init__(self, folder: Path) -> None:
        self._manifest = (folder / MANIFEST).open("wb")
        self._audio = _FlatWriter(folder / AUDIO, np.dtype("<i2"))
        self._f0 = _FlatWriter(folder / F0, np.dtype("<f4"))

    def append(
        self, utterance: Utterance, wave: NDArray[np.float32], f0: NDArray[np.float32]
    ) -> Utterance:
        """Write one utterance and return it with the offset that it has here.

        Args:
            wave: (samples,) float32, 24 kHz; samples is a multiple of 600.
            f0: (samples // 300,) float32, Hz.

        Raises:
            ValueError: lengths that do not fit each other.
            OSError: the disk is full.
        """
        if len(wave) % ALIGNMENT_FRAME or len(wave) != utterance.samples:
            raise ValueError(
                f"{utterance.id}: {len(wave)} samples do not fit {utterance.seconds} s"
            )
        if len(f0) * HOP != len(wave):
            raise ValueError(f"{utterance.id}: {len(f0)} frames of F0 for {len(wave)} samples")
        frames = sum(utterance.durations) * ALIGNMENT_FRAME
        if utterance.durations and frames != len(wave):
            raise ValueError(f"{utterance.id}: durations of {frames} samples for {len(wave)}")
        placed = utterance.at(self._audio.count)
        self._audio.append(np.round(np.clip(wave, -1, 1) * FULL_SCALE))
        self._f0.append(f0)
        self._manifest.write(placed.to_json().encode() + b"\n")
        return placed

    def close(self) -> None:
        self._manifest.close()
        self._audio.close()
        self._f0.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _FlatWriter:
    """A 1-D `.npy` file that grows; its header is written last, when the length is known."""

    def __init__(self, path: Path, dtype: np.dtype[np.generic]) -> None:
        self.count = 0
        self._dtype = dtype
        self._file: BinaryIO = path.open("wb")
        self._file.write(bytes(NPY_HEADER))

    def append(self, values: NDArray[np.floating]) -> None:
        self._file.write(values.astype(self._dtype).tobytes())
        self.count += len(values)

    def close(self) -> None:
        if self._file.closed:
            return
        description = (
            f"{{'descr': '{self._dtype.str}', 'fortran_order': False, 'shape': ({self.count},), }}"
        )
        prefix = np.lib.format.magic(1, 0) + (NPY_HEADER - 10).to_bytes(2, "little")
        self._file.seek(0)
        self._file.write(prefix + description.ljust(NPY_HEADER - 11).encode() + b"\n")
        self._file.close()


def _open_flat(path: Path) -> NDArray[np.generic]:
    # an empty file cannot be mapped: a dataset may have every utterance refused
    if path.stat().st_size <= NPY_HEADER:
        return np.asarray(np.load(path))
    return np.asarray(np.load(path, mmap_mode="r"))
