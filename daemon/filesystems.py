"""Which file systems tell the kernel of every change, and which do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/mounts")
# What another host writes there is seen by nobody here.
EVENTLESS = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|lustre|gpfs|beegfs|vboxsf|vmhgfs|virtiofs"
    r"|fuse(\..+)?|fuseblk"
)
ESCAPED = re.compile(r"\\([0-7]{3})")  # /proc/mounts writes a space as \040


@dataclass(frozen=True)
class Mount:
    """A mounted file system."""

    point: Path
    type: str


def read_mounts() -> list[Mount]:
    """The mounts of this process; none where the kernel has no /proc/mounts."""
    if not MOUNTS.exists():
        return []
    return parse_mounts(MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))


def parse_mounts(text: str) -> list[Mount]:
    """The lines of /proc/mounts: device, mount point, type, options."""
    mounts = []
    for line in text.splitlines():
        _, point, type_, *_ = line.split(" ")
        mounts.append(Mount(Path(ESCAPED.sub(lambda code: chr(int(code[1], 8)), point)), type_))
    return mounts


def eventless_type(path: Path, mounts: list[Mount]) -> str | None:
    """The type of the file system that `path` (absolute, resolved) is on, if it gives no events."""
    around = [mount for mount in mounts if path.is_relative_to(mount.point)]
    # of two mounts on one point the later one is what is seen
    nearest = max(enumerate(around), key=lambda at: (len(at[1].point.parts), at[0]), default=None)
    if nearest is None or not EVENTLESS.fullmatch(nearest[1].type):
        return None
    return nearest[1].type
