"""What was recorded here, kept here until the daemon has it: nothing but that may remove it.

    <folder>/<key>/order.json    what is recorded, and for which workspace
                   audio.pcm     s24le mono, grown while it is recorded
                   end.json      once it has ended: what was lost of it, or that nobody wants it

Every block is in the file before anything else is done with it, so a process that is killed loses
nothing, and once a second the disk is told to have it. A take without `end.json` whose process is
gone is as good as one that ended there. Whoever works on a take holds a lock on its sound, which
ends with the process: two programs on one machine never send the same take at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tui.sound.levels import SAMPLE_BYTES
from workspace.files import fsync, write_json

ORDER, AUDIO, END = "order.json", "audio.pcm", "end.json"


class SpoolError(Exception):
    """What is recorded cannot be kept here; the message says why.

    Attributes:
        fix: one line on what to do.
    """

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is recorded.

    Attributes:
        key: a uuid4 in hex; a take is stored once under it, however often it is sent.
        place: whose daemon gets it, as `place_of` tells.
        speaker: whose recordings it belongs to.
        prompt: id of what is read; "room" for the room's own tone.
        rate: Hz.
        device: the microphone's "kind" and "name".
        begun: when, in Unix time.
    """

    key: str
    place: str
    speaker: str
    prompt: str
    rate: int
    device: Mapping[str, str]
    begun: float


@dataclass(frozen=True)
class End:
    """How a take ended.

    Attributes:
        dropped: frames that the device lost.
        late: blocks that came late.
        wanted: False when it was cancelled.
    """

    dropped: int = 0
    late: int = 0
    wanted: bool = True


def spool_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where takes are kept on this machine."""
    home = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "yinfang" / "takes"


class SpooledTake:
    """A take on this machine, held by this process alone.

    Attributes:
        order: what it is.
        size: bytes of it that are kept, whole frames only.
        end: how it ended; None while it is recorded.
    """

    def __init__(self, folder: Path, order: Order, audio: int, end: End | None) -> None:
        self.order = order
        self.size = os.fstat(audio).st_size // SAMPLE_BYTES * SAMPLE_BYTES
        self.end = end
        self._folder = folder
        self._audio = audio

    def append(self, block: bytes) -> None:
        """Keep a further block.

        Raises:
            SpoolError: the disk is full, or gone.
        """
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._audio, left) :]
        except OSError as error:
            raise SpoolError(
                f"{self._folder}: {error.strerror}", "make room there; what came before is kept"
            ) from None
        self.size += len(block)

    def sync(self) -> None:
        """Have the disk keep what was appended."""
        os.fdatasync(self._audio)

    def finish(self, end: End) -> None:
        """Nothing more comes.

        Raises:
            OSError: this cannot be written; the sound itself is kept.
        """
        self.sync()
        write_json(self._folder / END, asdict(end))
        self.end = end

    def read(self, offset: int, limit: int) -> bytes:
        """A part of the sound, as s24le; empty at the end of what there is."""
        return os.pread(self._audio, min(limit, self.size - offset), offset)

    def sha256(self) -> str:
        """Of all the sound."""
        digest, offset = hashlib.sha256(), 0
        while block := self.read(offset, 1 << 20):
            digest.update(block)
            offset += len(block)
        return digest.hexdigest()

    def remove(self) -> None:
        """Forget it: the daemon has it, or nobody wants it."""
        shutil.rmtree(self._folder)
        self.close()

    def close(self) -> None:
        """Let go of it; it stays for whoever sends it."""
        audio, self._audio = self._audio, -1
        if audio >= 0:
            os.close(audio)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Spool:
    """The takes that are kept on this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        """
        Args:
            folder: where they lie; None: where this person's state lies.
        """
        self.folder = folder or spool_folder()

    def begin(self, order: Order) -> SpooledTake:
        """Make room for a take.

        Raises:
            SpoolError: the folder cannot be written.
        """
        folder = self.folder / order.key
        try:
            folder.mkdir(mode=0o700, parents=True)
            audio = _open(folder, os.O_CREAT | os.O_EXCL)
            write_json(folder / ORDER, asdict(order))
            fsync(self.folder)
        except OSError as error:
            raise SpoolError(
                f"takes cannot be kept in {self.folder}: {error.strerror}",
                "make room, or name another folder with XDG_STATE_HOME",
            ) from None
        return SpooledTake(folder, order, audio, None)

    def pending(self, place: str) -> Iterator[SpooledTake]:
        """The takes for one daemon that no process works on, oldest first; each is held then.

        Args:
            place: as in their orders.
        """
        for order in sorted(self.orders(), key=lambda order: order.begun):
            take = self._hold(order) if order.place == place else None
            if take is not None:
                yield take

    def orders(self) -> list[Order]:
        """What all the takes here are, also those for other daemons."""
        found = []
        for path in self.folder.glob(f"*/{ORDER}"):
            try:
                found.append(Order(**json.loads(path.read_text(encoding="utf-8"))))
            except FileNotFoundError:
                continue  # sent and removed just now
        return found

    def _hold(self, order: Order) -> SpooledTake | None:
        folder = self.folder / order.key
        try:
            audio = _open(folder, 0)
        except (BlockingIOError, FileNotFoundError):
            return None  # somebody else's just now, or sent just now
        try:
            end = End(**json.loads((folder / END).read_text(encoding="utf-8")))
        except FileNotFoundError:
            end = End()  # whoever recorded it was killed: it ends with what had come
        return SpooledTake(folder, order, audio, end)


def _open(folder: Path, flags: int) -> int:
    """The sound of a take, locked.

    Raises:
        BlockingIOError: somebody else has it.
    """
    audio = os.open(folder / AUDIO, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(audio, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(audio).st_nlink:
            raise FileNotFoundError(folder)
    except BaseException:
        os.close(audio)
        raise
    return audio
