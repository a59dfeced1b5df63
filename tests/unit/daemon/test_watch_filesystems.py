"""Which file systems give no events."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.filesystems import eventless_type, parse_mounts, read_mounts

MOUNTS = parse_mounts(
    "/dev/sda1 / ext4 rw 0 0\n"
    "nas:/v /mnt/nas nfs4 rw 0 0\n"
    "/dev/sdb1 /mnt/nas/local ext4 rw 0 0\n"
    "//win/x /mnt/my\\040share cifs rw 0 0\n"
    "me@host: /home/me/host fuse.sshfs rw 0 0\n"
    "nas:/old /mnt/twice nfs rw 0 0\n"
    "/dev/sdc1 /mnt/twice xfs rw 0 0\n"
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/me", None),
        ("/mnt/nas", "nfs4"),
        ("/mnt/nas/a/b", "nfs4"),
        ("/mnt/nas/local/a", None),
        ("/mnt/nasty", None),
        ("/mnt/my share/a", "cifs"),
        ("/home/me/host/a", "fuse.sshfs"),
        ("/mnt/twice/a", None),
    ],
)
def test_the_nearest_mount_decides(path: str, expected: str | None) -> None:
    assert eventless_type(Path(path), MOUNTS) == expected


def test_the_mounts_of_this_machine_can_be_read() -> None:
    assert any(mount.point == Path("/") for mount in read_mounts())
