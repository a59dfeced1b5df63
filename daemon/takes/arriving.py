"""Takes on their way into the workspace: a byte is acknowledged when it is on the disk.

    recordings/.partial/<key>/order.json    whose take of what it is, and with which device
    recordings/.partial/<key>/audio.pcm     what has come so far: s24le, mono

The side that captures keeps its own copy until the whole take has been acknowledged, and asks
after a cut link how much is here; so nothing depends on the link, or on either process.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from daemon.errors import BadRequestError, GapError, NotFoundError
from workspace.files import write_json
from workspace.layout import Workspace

PARTIAL = ".partial"
ORDER_FILE, SOUND_FILE = "order.json", "audio.pcm"
SAMPLE_BYTES = 3  # s24le
KEY = re.compile(r"[0-9a-f]{32}")
RATES = (8_000, 192_000)  # Hz, of any microphone
LONGEST_SECONDS = 3600.0  # of a take
BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is being recorded.

    Attributes:
        key: 32 hexadecimal digits that the capturing side made up: the take's identity.
        speaker: name of the folder in `recordings/`.
        prompt: id of the prompt, or "room".
        rate: Hz.
        device: {"kind", "name"} of the microphone.
    """

    key: str
    speaker: str
    prompt: str
    rate: int
    device: dict[str, Any]


class Arriving:
    """All takes that are on their way; every method blocks for as long as the disk takes."""

    def __init__(self, workspace: Workspace) -> None:
        self._folder = workspace.recordings / PARTIAL

    def begin(self, order: Order) -> int:
        """Make ready for a take, or find what has come of it.

        Returns:
            Bytes that are here.

        Raises:
            BadRequestError: the order cannot be carried out, or the key is another take's.
        """
        _check(order)
        folder = self._folder / order.key
        if (folder / ORDER_FILE).is_file():
            if self.order(order.key) != order:
                raise BadRequestError(f"the key {order.key} is another take's", "make a new one")
        else:
            write_json(folder / ORDER_FILE, asdict(order))
        return self.stored(order.key)

    def order(self, key: str) -> Order:
        """
        Raises:
            NotFoundError: no such take is on its way.
        """
        try:
            return Order(**json.loads((self._path(key) / ORDER_FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NotFoundError(f"no take {key} is on its way", "begin it first") from None

    def stored(self, key: str) -> int:
        """Bytes of a take that are here."""
        try:
            return (self._path(key) / SOUND_FILE).stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, key: str, offset: int, data: bytes, sha256: str) -> int:
        """Store a piece of a take; one that is here already is taken for what it is.

        Args:
            offset: bytes before it.
            sha256: of `data`.

        Returns:
            Bytes that are here now, on the disk.

        Raises:
            GapError: bytes before it are missing.
            BadRequestError: it was damaged on its way, or the take is too long.
            NotFoundError: no such take is on its way.
        """
        order = self.order(key)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BadRequestError(
                f"take {key}: bytes from {offset} were damaged", "send them again"
            )
        if offset + len(data) > LONGEST_SECONDS * order.rate * SAMPLE_BYTES:
            raise BadRequestError(f"a take may last {LONGEST_SECONDS / 60:.0f} minutes at most")
        path = self._path(key) / SOUND_FILE
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(file).st_size
            if not 0 <= offset <= size:
                raise GapError(f"take {key}: {size} bytes are here", f"go on from byte {size}")
            fresh = data[size - offset :]
            if fresh:
                _write(file, fresh, size)
                os.fsync(file)
            return size + len(fresh)
        finally:
            os.close(file)

    def whole(self, key: str, size: int, sha256: str) -> Path:
        """The file of a take of which everything has come.

        Raises:
            GapError: bytes are missing at its end.
            BadRequestError: it is not what was captured; what is here is thrown away, for the
                capturing side has it all and sends it again.
        """
        path = self._path(key) / SOUND_FILE
        stored = self.stored(key)
        if stored < size:
            raise GapError(f"take {key}: {stored} of {size} bytes are here", "send the rest")
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        if stored != size or digest.hexdigest() != sha256:
            path.unlink()
            raise BadRequestError(f"take {key} was damaged on its way", "send it again from byte 0")
        return path

    def forget(self, key: str) -> bool:
        """Remove what has come of a take; whether there was anything."""
        folder = self._path(key)
        there = folder.is_dir()
        if there:
            shutil.rmtree(folder)
        return there

    def all(self) -> list[tuple[Order, int]]:
        """Everything that is on its way, with the bytes that are here."""
        names = sorted(path.parent.name for path in self._folder.glob(f"*/{ORDER_FILE}"))
        return [(self.order(name), self.stored(name)) for name in names if KEY.fullmatch(name)]

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise BadRequestError("a take's key has 32 hexadecimal digits")
        return self._folder / key


def _check(order: Order) -> None:
    if not KEY.fullmatch(order.key):
        raise BadRequestError("a take's key has 32 hexadecimal digits")
    if not RATES[0] <= order.rate <= RATES[1]:
        raise BadRequestError(f"a rate of {order.rate} Hz is no microphone's")


def _write(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(file, view, offset)
        view, offset = view[count:], offset + count
